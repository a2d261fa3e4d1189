"""`verifier_attestation` (OpenID4VP 1.0, 5.9.3 and 12): somebody whom wallets trust says who the verifier is."""

from collections.abc import Mapping
from typing import Any, ClassVar

from protocols.errors import Malformed
from protocols.jose import jwt
from protocols.jose.jwk import public
from protocols.ports import ClientIdentity, KeyReference, PluginTools, RequestSigner

TYPE = "verifier-attestation+jwt"


class VerifierAttestation:
    """`ports.ClientIdPrefix`."""

    prefix: ClassVar[str] = "verifier_attestation"

    def __init__(self, _tools: PluginTools) -> None:
        pass

    def client_id(self, identity: ClientIdentity) -> str:
        """The attestation's sub, when it was made for the verifier's key."""
        claims = _read(identity.attestation)
        if _key(claims) != public(identity.jwk):
            raise Malformed("the attestation is of another key")
        return f"{self.prefix}:{claims['sub']}"

    def signing(self, identity: ClientIdentity) -> RequestSigner:
        """Signed, with the attestation in the header."""
        return RequestSigner(True, {"jwt": identity.attestation})

    def signer(self, client_id: str, header: Mapping[str, Any]) -> KeyReference | None:
        """The attested key, when the attestation is of this client; who made it is the wallet's to believe."""
        claims = _read(header.get("jwt"))
        if client_id != f"{self.prefix}:{claims['sub']}":
            raise Malformed("client_id is of another attestation")
        return KeyReference("jwk", _key(claims), claims["iss"])


def _read(attestation: Any) -> Mapping[str, Any]:
    """Its claims, believed by nobody yet. Raises Malformed, WrongType."""
    if not isinstance(attestation, str):
        raise Malformed("no attestation")
    claims = jwt.open_jwt(attestation, TYPE).claims
    if not all(isinstance(claims.get(name), str) for name in ("iss", "sub")) or "exp" not in claims:
        raise Malformed("attestation lacks a claim")
    return claims


def _key(claims: Mapping[str, Any]) -> Mapping[str, Any]:
    confirmation = claims.get("cnf")
    jwk = confirmation.get("jwk") if isinstance(confirmation, dict) else None
    if not isinstance(jwk, dict):
        raise Malformed("attestation without a key")
    return public(jwk)
