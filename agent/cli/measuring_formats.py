"""What a credential format costs beside its signatures: `chancery bench --formats`, in this process, no server."""

import gc
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from agent import discovery
from protocols import x509
from protocols.jose.jwk import from_public_key
from protocols.ports import Binding, CredentialDraft, PluginTools, Purpose, TrustAnchor
from protocols.x509 import Authority

_WINDOWS = 8
_ECDSA = ec.ECDSA(hashes.SHA256())
_NAMESPACE = "org.iso.18013.5.1"
_ISSUER = "https://issuer.example"
_CLAIMS = {_NAMESPACE: {f"element_{number}": f"value {number}" for number in range(10)}}
_BINDING = Binding("x509_hash:verifier", "nonce", response_uri="https://verifier.example/response")


@dataclass(frozen=True, slots=True)
class FormatCost:
    """One act in a format: how often a second of CPU does it, and how often the signatures in it alone."""

    act: str
    per_second: float
    signatures_per_second: float

    @property
    def factor(self) -> float:
        """How many times the cost of its signatures the act costs."""
        return round(self.signatures_per_second / self.per_second, 2)


def measure_formats(seconds: float) -> list[FormatCost]:
    """Every act that is measured, `seconds` of CPU each."""
    gc.collect()
    gc.freeze()
    try:
        return [*_mdoc(seconds), *_sd_jwt(seconds)]
    finally:
        gc.unfreeze()


def lines(found: list[FormatCost]) -> str:
    """The figures for people."""
    return "\n".join(
        f"{one.act:18} {one.per_second:8.0f} /CPU s, its signatures alone {one.signatures_per_second:8.0f} /CPU s,"
        f" {one.factor:.2f} times"
        for one in found
    )


def _rate(act: Callable[[], Any], seconds: float) -> float:
    """Runs in a second of CPU: the best of several windows, as the machine is not ours alone."""
    best = 0.0
    for _ in range(_WINDOWS):
        count, started = 0, time.process_time()
        end = started + seconds / _WINDOWS
        while (now := time.process_time()) < end or not count:
            for _ in range(20):
                act()
            count += 20
        best = max(best, count / (now - started))
    return best


def _sign(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    r, s = decode_dss_signature(key.sign(message, _ECDSA))
    return r.to_bytes(32) + s.to_bytes(32)


def _mdoc(seconds: float) -> list[FormatCost]:
    """A driving licence of ten elements issued; three of them presented, verified from text to verdict."""
    known = discovery.installed()
    families: dict[str, dict[str, Any]] = {}
    tools = PluginTools({}, None, None, families)  # type: ignore[arg-type]  # these plugins neither fetch nor fork
    format_ = known["credential_formats"]["mso_mdoc"].load()(tools)
    trust = known["trust_resolvers"]["iaca"].load()(tools)
    root, signer, holder = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
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
        holder=from_public_key(holder.public_key()),
    )

    def issue() -> Any:
        prepared = format_.prepare(draft)
        return format_.seal(prepared, _sign(signer, prepared.payload))

    chosen = frozenset((_NAMESPACE, f"element_{number}") for number in range(3))
    prepared = format_.disclose(issue(), chosen, _BINDING, "ES256", now)
    presentation = format_.bind(prepared, _sign(holder, prepared.payload))
    anchors = (TrustAnchor("iaca", "iaca", frozenset({"issue"}), iaca),)

    def verify() -> None:
        opened = format_.open(presentation)
        trusted = _at_once(trust.resolve(opened.issuer, Purpose.ISSUE, anchors, now.timestamp()))
        verified = format_.verify(opened, trusted.jwk, trusted.algorithm, now, 60)
        format_.verify_binding(opened, verified.holder.value, _BINDING, now)

    return _costs("mso_mdoc", issue, verify, seconds)


def _costs(name: str, issue: Callable[[], Any], verify: Callable[[], Any], seconds: float) -> list[FormatCost]:
    """Both acts of a format whose presentations have two signatures, beside signatures over a kilobyte."""
    key, message = ec.generate_private_key(ec.SECP256R1()), os.urandom(1000)
    signature, public = key.sign(message, _ECDSA), key.public_key()

    def check_signatures() -> None:
        public.verify(signature, message, _ECDSA)
        public.verify(signature, message, _ECDSA)

    signing = _rate(lambda: key.sign(message, _ECDSA), seconds)
    return [
        FormatCost(f"{name}, issue", round(_rate(issue, seconds)), round(signing)),
        FormatCost(f"{name}, verify", round(_rate(verify, seconds)), round(_rate(check_signatures, seconds))),
    ]


def _sd_jwt(seconds: float) -> list[FormatCost]:
    """An SD-JWT VC of ten claims issued; three of them presented with a KB-JWT, verified from text to verdict."""
    known = discovery.installed()
    families: dict[str, dict[str, Any]] = {}
    tools = PluginTools({}, None, None, families)  # type: ignore[arg-type]  # these plugins neither fetch nor fork
    format_ = known["credential_formats"]["dc+sd-jwt"].load()(tools)
    trust = known["trust_resolvers"]["x5c"].load()(tools)
    root, signer, holder = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
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
        holder=from_public_key(holder.public_key()),
    )

    def issue() -> Any:
        prepared = format_.prepare(draft)
        return format_.seal(prepared, _sign(signer, prepared.payload))

    chosen = frozenset((f"element_{number}",) for number in range(3))
    prepared = format_.disclose(issue(), chosen, _BINDING, "ES256", now)
    presentation = format_.bind(prepared, _sign(holder, prepared.payload))
    anchors = (TrustAnchor("ca", "ca", frozenset({"issue"}), ca),)

    def verify() -> None:
        opened = format_.open(presentation)
        trusted = _at_once(trust.resolve(opened.issuer, Purpose.ISSUE, anchors, now.timestamp()))
        verified = format_.verify(opened, trusted.jwk, trusted.algorithm, now, 60)
        format_.verify_binding(opened, verified.holder.value, _BINDING, now)

    return _costs("dc+sd-jwt", issue, verify, seconds)


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
