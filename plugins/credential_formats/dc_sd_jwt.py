"""SD-JWT VC, format `dc+sd-jwt` (draft-ietf-oauth-sd-jwt-vc; OpenID4VCI 1.0, appendix A.3; OpenID4VP 1.0, B.3)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from protocols import sd_jwt
from protocols.claims_path import ClaimsPath
from protocols.encoding import parse_b64url, parse_json_object
from protocols.errors import Malformed, ProtocolError
from protocols.jose import jwk as jwks
from protocols.jose import jws, jwt
from protocols.ports import (
    Binding,
    CredentialDraft,
    KeyReference,
    OpenedPresentation,
    PluginTools,
    StatusReference,
    ToBeSigned,
    VerifiedCredential,
)
from protocols.ports.keys import Jwk
from protocols.sd_jwt import InvalidKeyBinding, InvalidSdJwt, SdJwt, type_metadata
from protocols.x509 import parse_chain, render_chain

TYPE = "dc+sd-jwt"
LEGACY_TYPE = "vc+sd-jwt"
ALGORITHMS = ("ES256", "ES384", "ES512", "EdDSA", "Ed25519")
_EDDSA = frozenset({"EdDSA", "Ed25519"})
_MOST_DECOYS = 50
# Section 2.2.2.2 of the SD-JWT VC draft.
_IN_CLEAR = frozenset({"iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "status"})


class DcSdJwt:
    """Issues, holds and verifies SD-JWT VCs. Setting `accept_legacy_typ`: "yes" reads vc+sd-jwt too.

    A configuration's options: `decoys` in each credential, and `_sd_alg` (sha-256 by default).
    """

    identifier: ClassVar[str] = TYPE
    transaction_data: ClassVar[bool] = True
    checks: ClassVar[tuple[str, ...]] = ("signature", "disclosures", "validity")
    binding_checks: ClassVar[tuple[str, ...]] = (*sd_jwt.BINDING_CHECKS, "transaction_data")
    supported: ClassVar[Mapping[str, Any]] = {
        "sd-jwt_alg_values": list(ALGORITHMS[:4]),
        "kb-jwt_alg_values": list(ALGORITHMS[:4]),
    }

    def __init__(self, tools: PluginTools) -> None:
        self._types = frozenset({TYPE, LEGACY_TYPE} if tools.settings.get("accept_legacy_typ") == "yes" else {TYPE})
        self._statuses = tools.families.get("status_mechanisms", {})

    def metadata(self, type_name: str, options: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """What the issuer's metadata says of a type in this format. Raises InvalidSdJwt for unknown options."""
        _concealing(options or {})
        return {"vct": type_name}

    def prepare(self, draft: CredentialDraft) -> ToBeSigned:
        """The issuer-signed JWT's signing input, with its disclosures as context."""
        registered = self._registered(draft)
        if not (_IN_CLEAR | registered.keys()).isdisjoint(draft.claims):
            raise InvalidSdJwt("claims use names of the format")
        disclosable = draft.disclosable
        if disclosable is None:
            disclosable = frozenset((name,) for name in draft.claims)
        decoys, algorithm = _concealing(draft.extra)
        payload, disclosures = sd_jwt.conceal(
            draft.claims, disclosable, draft.entropy, decoys or draft.decoys, algorithm
        )
        payload = {**registered, **payload}
        header: dict[str, Any] = {"alg": draft.algorithm, "typ": TYPE}
        if draft.x5c:
            header["x5c"] = render_chain(draft.x5c)
        if draft.kid:
            header["kid"] = draft.kid
        return ToBeSigned(jwt.render(header, payload), draft.algorithm, tuple(disclosures))

    def _registered(self, draft: CredentialDraft) -> dict[str, Any]:
        claims: dict[str, Any] = {"vct": draft.type, "iat": int(draft.issued_at.timestamp())}
        if draft.type_digest:
            claims["vct#integrity"] = type_metadata.integrity(draft.type_digest)
        if draft.issuer:
            claims["iss"] = draft.issuer
        for name, moment in (("exp", draft.expires_at), ("nbf", draft.not_before)):
            if moment:
                claims[name] = int(moment.timestamp())
        if draft.holder:
            # RFC 7800, 3.2 and 3.4: as the holder named it, so that it knows its key again.
            claims["cnf"] = {"kid": draft.holder_kid} if draft.holder_kid else {"jwk": dict(draft.holder)}
        if draft.status:
            claims["status"] = self._statuses[draft.status.mechanism].claim(draft.status)
        return claims

    def seal(self, prepared: ToBeSigned, signature: bytes) -> str:
        """The compact SD-JWT."""
        return sd_jwt.assemble(jws.seal(prepared.payload, signature), prepared.context)

    def open(self, presentation: Any) -> OpenedPresentation:
        """Take apart; says whose key must have signed. Raises InvalidSdJwt and what parsing raises."""
        opened = sd_jwt.parse_json_form(presentation) if isinstance(presentation, dict) else sd_jwt.parse(presentation)
        jwt.require_typ(opened.header, self._types)
        vct = opened.payload.get("vct")
        if not isinstance(vct, str) or not vct:
            raise InvalidSdJwt("no vct")
        bound = opened.key_binding is not None
        return OpenedPresentation(_issuer(opened, vct), vct, opened, self._status(opened.payload), bound)

    def verify(
        self, opened: OpenedPresentation, issuer_key: Jwk, algorithm: str | None, now: datetime, skew: int
    ) -> VerifiedCredential:
        """Signature, disclosures, times: in this order. Raises a ProtocolError named for what failed."""
        content: SdJwt = opened.content
        allowed, checks = _allowed(algorithm), opened.checks
        checks.begin("signature", allowed, content.header.get("alg"))
        jws.verify(content.jws, issuer_key, allowed)
        checks.begin("disclosures", sorted(sd_jwt.HASHES), content.payload.get("_sd_alg", "sha-256"))
        claims = sd_jwt.restore(content)
        if not _IN_CLEAR.isdisjoint(claims.keys() - content.payload.keys()):
            raise InvalidSdJwt("a claim that must not be selectively disclosable")
        checks.begin("validity", now, {name: claims[name] for name in ("nbf", "iat", "exp") if name in claims})
        jwt.require_times(claims, now, skew=skew)
        return VerifiedCredential(
            format=TYPE,
            type=opened.type,
            claims=claims,
            issuer=claims.get("iss"),
            issued_at=jwt.time_of(claims, "iat"),
            expires_at=jwt.time_of(claims, "exp"),
            holder=_holder(claims),
            status=opened.status,
            checks=("signature", "disclosures", "validity"),
        )

    def verify_binding(self, opened: OpenedPresentation, holder: Jwk, binding: Binding, now: datetime) -> None:
        """The KB-JWT and the transactions it speaks of. Raises InvalidKeyBinding."""
        kb = sd_jwt.verify_key_binding(
            opened.content,
            holder,
            binding.audience,
            binding.nonce,
            now,
            binding.max_age,
            binding.skew,
            ALGORITHMS,
            opened.checks,
        )
        if binding.transaction_data or "transaction_data_hashes" in kb.claims:
            seen = kb.claims.get("transaction_data_hashes")
            opened.checks.begin("transaction_data", len(binding.transaction_data), seen)
        _require_transaction_data(kb.claims, binding.transaction_data)

    def _status(self, payload: Mapping[str, Any]) -> StatusReference | None:
        """The status reference; a kind that nobody here reads is kept as unreadable, and so refused."""
        if "status" not in payload:
            return None
        claim = payload["status"]
        if not isinstance(claim, dict) or not claim:
            raise InvalidSdJwt("status")
        for mechanism in self._statuses.values():
            if mechanism.member in claim:
                reference: StatusReference = mechanism.reference(claim)
                return reference
        return StatusReference("unknown", "", 0)

    def disclose(
        self, credential: Any, paths: frozenset[ClaimsPath], binding: Binding, algorithm: str, now: datetime
    ) -> ToBeSigned:
        """The KB-JWT's signing input over the chosen disclosures."""
        opened = sd_jwt.parse(credential)
        issuer_jwt = credential.split("~", 1)[0]
        presented = sd_jwt.assemble(issuer_jwt, sd_jwt.choose(opened, paths))
        extra = _transaction_claims(binding.transaction_data)
        payload = sd_jwt.prepare_key_binding(
            presented, algorithm, binding.audience, binding.nonce, now, opened.hash_algorithm, extra
        )
        return ToBeSigned(payload, algorithm, presented)

    def bind(self, prepared: ToBeSigned, signature: bytes) -> str:
        """The SD-JWT+KB."""
        return str(prepared.context) + jws.seal(prepared.payload, signature)


def _issuer(opened: SdJwt, vct: str) -> KeyReference:
    """How the credential names its issuer's key: x5c, a DID URL, or metadata at the issuer's address."""
    header, issuer = opened.header, opened.payload.get("iss")
    if issuer is not None and not isinstance(issuer, str):
        raise InvalidSdJwt("iss")
    if "x5c" in header:
        return KeyReference("x5c", parse_chain(header["x5c"]), issuer, vct)
    kid = header.get("kid")
    if issuer and issuer.startswith("did:"):
        if not isinstance(kid, str):
            raise InvalidSdJwt("a DID without a kid")
        url = kid if kid.startswith("did:") else issuer + (kid if kid.startswith("#") else f"#{kid}")
        return KeyReference("did_url", url, issuer, vct)
    if issuer and issuer.startswith("https://"):
        return KeyReference("jwt_vc_issuer", kid, issuer, vct)
    raise InvalidSdJwt("nothing leads to the issuer's key")


def _allowed(algorithm: str | None) -> frozenset[str]:
    """Our list, narrowed to the believed key's algorithm; EdDSA and Ed25519 name one signature (RFC 9864, 2.2)."""
    if algorithm is None:
        return frozenset(ALGORITHMS)
    return (_EDDSA if algorithm in _EDDSA else frozenset({algorithm})) & frozenset(ALGORITHMS)


def _hashing(transaction_data: tuple[str, ...]) -> tuple[str, ...] | None:
    """The hash algorithms that every transaction allows, None when none states any (OpenID4VP 1.0, 8.4)."""
    read = [parse_json_object(parse_b64url(one)) for one in transaction_data]
    stated = [one["transaction_data_hashes_alg"] for one in read if "transaction_data_hashes_alg" in one]
    if not all(isinstance(names, list) for names in stated):
        raise Malformed("transaction_data_hashes_alg is no array")
    return tuple(name for name in sd_jwt.HASHES if all(name in names for names in stated)) if stated else None


def _transaction_claims(transaction_data: tuple[str, ...]) -> dict[str, Any]:
    """What a KB-JWT says of the transactions that the holder consented to (OpenID4VP 1.0, B.3.3.1)."""
    if not transaction_data:
        return {}
    allowed = _hashing(transaction_data)
    if allowed == ():
        raise Malformed("no hash algorithm that every transaction allows")
    algorithm = allowed[0] if allowed else "sha-256"
    hashes = [sd_jwt.digest(algorithm, one) for one in transaction_data]
    stated = {"transaction_data_hashes_alg": algorithm} if allowed else {}
    return {"transaction_data_hashes": hashes, **stated}


def _require_transaction_data(claims: Mapping[str, Any], transaction_data: tuple[str, ...]) -> None:
    """The KB-JWT covers each transaction that was asked for, and no other. Raises InvalidKeyBinding."""
    hashes = claims.get("transaction_data_hashes")
    if not transaction_data and "transaction_data_hashes" not in claims:
        return
    if not transaction_data or not isinstance(hashes, list) or len(hashes) != len(transaction_data):
        raise InvalidKeyBinding("transaction data")
    allowed, algorithm = _hashing(transaction_data), claims.get("transaction_data_hashes_alg")
    # An algorithm that the request named must be named again; without one it is sha-256 alone.
    if algorithm not in (allowed if allowed is not None else (None, "sha-256")):
        raise InvalidKeyBinding("transaction data hash algorithm")
    if not all(sd_jwt.digest(algorithm or "sha-256", one) in hashes for one in transaction_data):
        raise InvalidKeyBinding("transaction data hash")


def _holder(claims: Mapping[str, Any]) -> KeyReference | None:
    """How cnf names the holder's key: a JWK, or a DID URL (RFC 7800, 3.2 and 3.4)."""
    confirmation = claims.get("cnf")
    if confirmation is None:
        return None
    jwk, kid = (confirmation.get("jwk"), confirmation.get("kid")) if isinstance(confirmation, dict) else (None, None)
    if isinstance(kid, str) and kid.startswith("did:") and jwk is None:
        return KeyReference("did_url", kid)
    if not isinstance(jwk, dict):
        raise InvalidSdJwt("cnf with neither jwk nor DID URL")
    try:
        return KeyReference("jwk", jwks.public(jwk))
    except ProtocolError as error:
        raise InvalidSdJwt(error.detail) from None


def _concealing(options: Mapping[str, Any]) -> tuple[int, str]:
    """How many decoys, and which hash. Raises InvalidSdJwt."""
    decoys, algorithm = options.get("decoys", 0), options.get("_sd_alg", "sha-256")
    fitting = type(decoys) is int and 0 <= decoys <= _MOST_DECOYS and algorithm in sd_jwt.HASHES
    if not fitting or not options.keys() <= {"decoys", "_sd_alg"}:
        raise InvalidSdJwt("options")
    return decoys, str(algorithm)
