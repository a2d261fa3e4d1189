"""Proof type `jwt` (OpenID4VCI 1.0, appendix F.1)."""

from collections.abc import Sequence
from typing import Any, ClassVar

from protocols.errors import ProtocolError
from protocols.jose import jwk as jwks
from protocols.jose import jws, jwt
from protocols.openid4vci import key_attestation
from protocols.openid4vci.errors import ExposedKey, InvalidProof
from protocols.openid4vci.key_proof import OpenedProof, ProofExpectations
from protocols.ports import KeyReference, PluginTools
from protocols.ports.keys import Jwk
from protocols.x509 import parse_chain

TYPE = "openid4vci-proof+jwt"
_LONGEST = 98_304


class JwtKeyProof:
    """`key_proof.KeyProof` for JWTs."""

    proof_type: ClassVar[str] = "jwt"

    def __init__(self, _tools: PluginTools) -> None:
        pass

    def open(self, proof: Any) -> OpenedProof:
        """Header, claims and the one way in which the header names the key. Raises InvalidProof."""
        if not isinstance(proof, str) or len(proof) > _LONGEST:
            raise InvalidProof("not a JWT")
        try:
            opened = jwt.open_jwt(proof, TYPE)
        except ProtocolError as error:
            raise InvalidProof(error.detail) from None
        nonce = opened.claims.get("nonce")
        if nonce is not None and not isinstance(nonce, str):
            raise InvalidProof("nonce")
        carried = opened.header.get("key_attestation")
        attestation = None if carried is None else key_attestation.open_attestation(carried)
        return OpenedProof(_reference(opened.header), nonce, opened, attestation=attestation)

    def verify(self, opened: OpenedProof, key: Jwk, expected: ProofExpectations) -> Sequence[Jwk]:
        """Audience, time, then the signature (F.4). Raises InvalidProof."""
        content: jwt.OpenedJwt = opened.content
        if content.claims.get("aud") != expected.audience:
            raise InvalidProof("aud")
        try:
            jwt.require_times(
                content.claims, expected.now, skew=expected.skew, max_age=expected.max_age, required=("iat",)
            )
            jws.verify(content.jws, key, expected.algorithms)
        except ProtocolError as error:
            raise InvalidProof(error.detail or type(error).__name__) from None
        return (key,)


def _reference(header: Any) -> KeyReference:
    named = [name for name in ("jwk", "kid", "x5c") if name in header]
    if len(named) != 1:
        raise InvalidProof("exactly one of jwk, kid and x5c")
    if named[0] in ("jwk", "x5c"):
        try:
            return KeyReference("jwk", _x5c_key(header["x5c"]) if named[0] == "x5c" else _jwk(header["jwk"]))
        except InvalidProof:
            raise
        except ProtocolError as error:
            raise InvalidProof(error.detail) from None
    if named[0] == "kid" and isinstance(header["kid"], str) and header["kid"].startswith("did:"):
        return KeyReference("did_url", header["kid"])
    raise InvalidProof(f"{named[0]} does not lead to a key here")


def _jwk(value: Any) -> Jwk:
    if not isinstance(value, dict):
        raise InvalidProof("jwk")
    if jwks.is_private(value):
        raise ExposedKey("jwk with private members")
    return jwks.public(value)


def _x5c_key(value: Any) -> Jwk:
    """The key of the first certificate. Nothing else of the chain counts: a holder's key needs nobody's word."""
    return jwks.from_certificate(parse_chain(value)[0])
