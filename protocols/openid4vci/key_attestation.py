"""Key attestations (OpenID4VCI 1.0, appendix D): somebody trusted says where keys are kept and who can use them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from protocols.errors import ProtocolError
from protocols.jose import jwk as jwks
from protocols.jose import jws, jwt
from protocols.openid4vci.errors import InvalidProof
from protocols.ports.keys import Jwk
from protocols.ports.trust import KeyReference
from protocols.x509 import parse_chain

TYPE = "key-attestation+jwt"
_LONGEST = 65_536
_MOST_KEYS = 100
_ALGORITHMS = frozenset({"ES256", "ES384", "EdDSA"})


@dataclass(frozen=True, slots=True)
class OpenedKeyAttestation:
    """A key attestation taken apart, nothing of it believed: who signed it, for which keys, with which nonce."""

    signer: KeyReference
    keys: tuple[Mapping[str, Any], ...]
    nonce: str | None
    content: jwt.OpenedJwt


def open_attestation(token: Any) -> OpenedKeyAttestation:
    """Take apart; many keys are refused before any is looked at. Raises InvalidProof."""
    if not isinstance(token, str) or len(token) > _LONGEST:
        raise InvalidProof("no key attestation")
    try:
        opened = jwt.open_jwt(token, TYPE)
        keys, nonce = opened.claims.get("attested_keys"), opened.claims.get("nonce")
        if not isinstance(keys, list) or not 1 <= len(keys) <= _MOST_KEYS:
            raise InvalidProof("attested_keys")
        if nonce is not None and not isinstance(nonce, str):
            raise InvalidProof("nonce of the key attestation")
        public = tuple(jwks.public(one if isinstance(one, dict) else {}) for one in keys)
        signer = _signer(opened)
    except ProtocolError as error:
        raise InvalidProof(error.detail or "key attestation") from None
    return OpenedKeyAttestation(signer, public, nonce, opened)


def _signer(opened: jwt.OpenedJwt) -> KeyReference:
    chain, issuer, kid = opened.header.get("x5c"), opened.claims.get("iss"), opened.header.get("kid")
    if isinstance(chain, list):
        return KeyReference("x5c", parse_chain(chain))
    if isinstance(issuer, str) and issuer:
        return KeyReference("registered", kid, issuer=issuer)
    raise InvalidProof("nothing names the key of the key attestation")


def verify(
    opened: OpenedKeyAttestation, attester: Jwk, now: datetime, needs_exp: bool, required: Mapping[str, Any] | None
) -> None:
    """Signature, time, and the levels that the configuration demands (12.2.4). Raises InvalidProof."""
    claims = opened.content.claims
    try:
        jwt.require_times(claims, now, required=("iat", *(("exp",) if needs_exp else ())))
        jws.verify(opened.content.jws, attester, _ALGORITHMS)
    except ProtocolError as error:
        raise InvalidProof(error.detail or type(error).__name__) from None
    for level in ("key_storage", "user_authentication"):
        demanded, stated = (required or {}).get(level), claims.get(level)
        if demanded and not (isinstance(stated, list) and any(one in demanded for one in stated)):
            raise InvalidProof(f"{level} is not what is required")
