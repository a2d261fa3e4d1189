"""What a credential format costs beside its signatures: `chancery bench --formats`, in this process, no server."""

import gc
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import cycle
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from agent import discovery
from agent.cli.measuring_peers import mdoc_verifiers, sd_jwt_verifiers
from protocols import mdoc, x509
from protocols.jose.jwk import Jwk, from_public_key
from protocols.ports import Binding, CredentialDraft, PluginTools, Purpose, TrustAnchor
from protocols.x509 import Authority

_WINDOW = 0.02
_HOLDERS = 4200
"""More than our caches keep: each presentation brings a key that nobody has read before, as in life."""
_ECDSA = ec.ECDSA(hashes.SHA256())
_NAMESPACE = "org.iso.18013.5.1"
_ISSUER = "https://issuer.example"
_CLAIMS = {_NAMESPACE: {f"element_{number}": f"value {number}" for number in range(10)}}
_BINDING = Binding("x509_hash:verifier", "nonce", response_uri="https://verifier.example/response")
Act = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class FormatCost:
    """One act in a format: how often a second of CPU does it, and how often the signatures in it alone; and those with
    the holder's key, which no verifier can have read before."""

    act: str
    per_second: float
    signatures_per_second: float
    with_key_per_second: float

    @property
    def factor(self) -> float:
        """How many times the cost of its signatures the act costs."""
        return round(self.signatures_per_second / self.per_second, 2)

    @property
    def factor_with_key(self) -> float:
        """The same beside the signatures and the reading of the holder's key."""
        return round(self.with_key_per_second / self.per_second, 2)


def measure_formats(seconds: float, holders: int = _HOLDERS) -> list[FormatCost]:
    """Every act that is measured, `seconds` of CPU each; presentations are of so many `holders`."""
    gc.collect()
    gc.freeze()
    try:
        return [*_mdoc(seconds, holders), *_sd_jwt(seconds, holders)]
    finally:
        gc.unfreeze()


def lines(found: list[FormatCost]) -> str:
    """The figures for people."""
    return "\n".join(
        f"{one.act:30} {one.per_second:8.0f} /CPU s, its signatures alone {one.signatures_per_second:8.0f} /CPU s,"
        f" {one.factor:.2f} times ({one.factor_with_key:.2f} with the holder's key)"
        for one in found
    )


def _rates(acts: Mapping[str, Act], seconds: float) -> dict[str, float]:
    """Runs in a second of CPU, of each act: the best of many short windows in turns, as the machine is not ours alone
    and no act is to have its better minutes."""
    best = dict.fromkeys(acts, 0.0)
    for _ in range(max(1, round(seconds / _WINDOW))):
        for name, act in acts.items():
            count, started = 0, time.process_time()
            while (now := time.process_time()) < started + _WINDOW or not count:
                for _ in range(5):
                    act()
                count += 5
            best[name] = max(best[name], count / (now - started))
    return best


def _sign(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    r, s = decode_dss_signature(key.sign(message, _ECDSA))
    return r.to_bytes(32) + s.to_bytes(32)


def _mdoc(seconds: float, holders: int) -> list[FormatCost]:
    """A driving licence of ten elements issued; three of them presented, verified from text to verdict."""
    known = discovery.installed()
    families: dict[str, dict[str, Any]] = {}
    tools = PluginTools({}, None, None, families)  # type: ignore[arg-type]  # these plugins neither fetch nor fork
    format_ = known["credential_formats"]["mso_mdoc"].load()(tools)
    trust = known["trust_resolvers"]["iaca"].load()(tools)
    root, signer = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    now = datetime.now(UTC).replace(microsecond=0)
    iaca, chain = _certificates(root, signer, now)
    draft = CredentialDraft(
        "org.iso.18013.5.1.mDL",
        _CLAIMS,
        "ES256",
        os.urandom,
        now,
        expires_at=now + timedelta(days=30),
        x5c=chain,
    )

    def issue(holder: Jwk) -> Any:
        prepared = format_.prepare(replace(draft, holder=holder))
        return format_.seal(prepared, _sign(signer, prepared.payload))

    chosen = frozenset((_NAMESPACE, f"element_{number}") for number in range(3))
    presentations = _presented(format_, issue, chosen, now, holders)
    anchors = (TrustAnchor("iaca", "iaca", frozenset({"issue"}), iaca),)

    def verify(presentation: Any) -> None:
        opened = format_.open(presentation)
        trusted = _at_once(trust.resolve(opened.issuer, Purpose.ISSUE, anchors, now.timestamp()))
        verified = format_.verify(opened, trusted.jwk, trusted.algorithm, now, 60)
        format_.verify_binding(opened, verified.holder.value, _BINDING, now)

    transcript = mdoc.session_transcript(
        mdoc.openid4vp_handover(_BINDING.audience, _BINDING.nonce, None, str(_BINDING.response_uri))
    )
    verifiers = {"verify": verify, **mdoc_verifiers(iaca, transcript)}
    return _costs("mso_mdoc", issue, verifiers, presentations, seconds)


def _presented(
    format_: Any, issue: Callable[[Jwk], Any], chosen: frozenset[Any], now: datetime, holders: int
) -> list[Any]:
    """A presentation of each of so many holders."""
    found = []
    for key in (ec.generate_private_key(ec.SECP256R1()) for _ in range(holders)):
        credential = issue(from_public_key(key.public_key()))
        prepared = format_.disclose(credential, chosen, _BINDING, "ES256", now)
        found.append(format_.bind(prepared, _sign(key, prepared.payload)))
    return found


def _costs(
    name: str,
    issue: Callable[[Jwk], Any],
    verifiers: Mapping[str, Callable[[Any], Any]],
    presentations: list[Any],
    seconds: float,
) -> list[FormatCost]:
    """Issued once, verified by us and by others, beside signatures over a kilobyte: a presentation has two."""
    key, message = ec.generate_private_key(ec.SECP256R1()), os.urandom(1000)
    signature, public = key.sign(message, _ECDSA), key.public_key()
    point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    jwk = from_public_key(public)

    def check_signatures() -> None:
        public.verify(signature, message, _ECDSA)
        public.verify(signature, message, _ECDSA)

    def check_with_key() -> None:
        public.verify(signature, message, _ECDSA)
        ec.EllipticCurvePublicKey.from_encoded_point(public.curve, point).verify(signature, message, _ECDSA)

    acts: dict[str, Act] = {
        "sign": lambda: key.sign(message, _ECDSA),
        "two": check_signatures,
        "with key": check_with_key,
        "issue": lambda: issue(jwk),
    }
    for library, verify in verifiers.items():
        acts[library] = partial(_next, verify, cycle(presentations))
    rates = {act: round(rate) for act, rate in _rates(acts, seconds).items()}
    issued = FormatCost(f"{name}, issue", rates["issue"], rates["sign"], rates["sign"])
    return [issued, *(FormatCost(f"{name}, {one}", rates[one], rates["two"], rates["with key"]) for one in verifiers)]


def _next(verify: Callable[[Any], Any], presentations: Iterator[Any]) -> None:
    verify(next(presentations))


def _sd_jwt(seconds: float, holders: int) -> list[FormatCost]:
    """An SD-JWT VC of ten claims issued; three of them presented with a KB-JWT, verified from text to verdict."""
    known = discovery.installed()
    families: dict[str, dict[str, Any]] = {}
    tools = PluginTools({}, None, None, families)  # type: ignore[arg-type]  # these plugins neither fetch nor fork
    format_ = known["credential_formats"]["dc+sd-jwt"].load()(tools)
    trust = known["trust_resolvers"]["x5c"].load()(tools)
    root, signer = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    now = datetime.now(UTC).replace(microsecond=0)
    ca, chain = _issuer_certificates(root, signer, now)
    draft = CredentialDraft(
        "urn:example:type",
        _CLAIMS[_NAMESPACE],
        "ES256",
        os.urandom,
        now,
        expires_at=now + timedelta(days=30),
        issuer=_ISSUER,
        x5c=chain,
    )

    def issue(holder: Jwk) -> Any:
        prepared = format_.prepare(replace(draft, holder=holder))
        return format_.seal(prepared, _sign(signer, prepared.payload))

    chosen = frozenset((f"element_{number}",) for number in range(3))
    presentations = _presented(format_, issue, chosen, now, holders)
    anchors = (TrustAnchor("ca", "ca", frozenset({"issue"}), ca),)

    def verify(presentation: Any) -> None:
        opened = format_.open(presentation)
        trusted = _at_once(trust.resolve(opened.issuer, Purpose.ISSUE, anchors, now.timestamp()))
        verified = format_.verify(opened, trusted.jwk, trusted.algorithm, now, 60)
        format_.verify_binding(opened, verified.holder.value, _BINDING, now)

    verifiers = {"verify": verify, **sd_jwt_verifiers(from_public_key(signer.public_key()), _BINDING)}
    return _costs("dc+sd-jwt", issue, verifiers, presentations, seconds)


def _at_once(resolving: Any) -> Any:
    """The result of a resolver that has nothing to wait for."""
    try:
        resolving.send(None)
    except StopIteration as done:
        return done.value
    raise RuntimeError("it waits")


def _issuer_certificates(
    root: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey, now: datetime
) -> tuple[bytes, tuple[bytes, ...]]:
    times: Mapping[str, Any] = {"not_before": now - timedelta(minutes=5), "not_after": now + timedelta(days=400)}
    above = x509.prepare_ca(
        {"common_name": "Bench CA"},
        from_public_key(root.public_key()),
        algorithm="ES256",
        serial=os.urandom(16),
        **times,
    )
    ca = x509.seal(above, _sign(root, above.payload))
    below = x509.prepare_leaf(
        {"common_name": "Issuer"},
        from_public_key(signer.public_key()),
        algorithm="ES256",
        serial=os.urandom(16),
        issuer=ca,
        uris=[_ISSUER],
        **times,
    )
    return ca, (x509.seal(below, _sign(root, below.payload)),)


def _certificates(
    root: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey, now: datetime
) -> tuple[bytes, tuple[bytes, ...]]:
    authority = Authority("https://issuer.example", "https://issuer.example/iaca.crl")
    times: Mapping[str, Any] = {"not_before": now - timedelta(minutes=5), "not_after": now + timedelta(days=400)}
    subject = {"country_name": "ZZ", "common_name": "Bench IACA"}
    above = x509.prepare_iaca(
        subject, from_public_key(root.public_key()), authority, algorithm="ES256", serial=os.urandom(16), **times
    )
    iaca = x509.seal(above, _sign(root, above.payload))
    below = x509.prepare_document_signer(
        "Signer",
        from_public_key(signer.public_key()),
        authority,
        algorithm="ES256",
        serial=os.urandom(16),
        issuer=iaca,
        **times,
    )
    return iaca, (x509.seal(below, _sign(root, below.payload)),)
