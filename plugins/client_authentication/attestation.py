"""Attestation-based client authentication: a wallet provider vouches for a wallet instance and its key.

Both forms in use are read: the one whose attestation states `iss` (draft 07), and the later one without it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, ClassVar

from protocols import x509
from protocols.errors import ProtocolError
from protocols.jose import jwk as jwks
from protocols.jose import jws, jwt
from protocols.oauth.client_authentication import (
    AuthenticatedClient,
    ClientCredentials,
    ClientExpectations,
    OpenedClient,
    RegisteredClient,
)
from protocols.oauth.errors import InvalidClientAttestation, UseFreshAttestation
from protocols.ports import KeyReference, PluginTools
from protocols.ports.keys import Jwk

ATTESTATION_TYPE = "oauth-client-attestation+jwt"
POP_TYPE = "oauth-client-attestation-pop+jwt"
ALGORITHMS = ("ES256", "ES384", "EdDSA")
_LONGEST = 32_768


class AttestationClientAuthentication:
    """`ClientAuthentication` for attest_jwt_client_auth."""

    method: ClassVar[str] = "attest_jwt_client_auth"
    metadata: ClassVar[Mapping[str, Any]] = {
        "client_attestation_signing_alg_values_supported": list(ALGORITHMS),
        "client_attestation_pop_signing_alg_values_supported": list(ALGORITHMS),
    }

    def __init__(self, _tools: PluginTools) -> None:
        pass

    def open(self, credentials: ClientCredentials) -> OpenedClient | None:
        """Both JWTs taken apart; the attester is named by x5c, or by iss and kid. Raises InvalidClientAttestation."""
        if credentials.attestation is None and credentials.attestation_pop is None:
            return None
        if credentials.attestation is None or credentials.attestation_pop is None:
            raise InvalidClientAttestation("an attestation and its proof of possession go together")
        if max(len(credentials.attestation), len(credentials.attestation_pop)) > _LONGEST:
            raise InvalidClientAttestation("too long")
        try:
            attestation = jwt.open_jwt(credentials.attestation, ATTESTATION_TYPE)
            pop = jwt.open_jwt(credentials.attestation_pop, POP_TYPE)
            reference = _attester(attestation)
        except ProtocolError as error:
            raise InvalidClientAttestation(error.detail) from None
        subject = attestation.claims.get("sub")
        if not isinstance(subject, str) or not 1 <= len(subject) <= 2048:
            raise InvalidClientAttestation("no sub")
        if credentials.client_id not in (None, subject):
            raise InvalidClientAttestation("sub is not the client_id")
        return OpenedClient(subject, reference, (attestation, pop))

    def verify(
        self,
        opened: OpenedClient,
        keys: Sequence[Jwk],
        _registered: RegisteredClient | None,
        expected: ClientExpectations,
    ) -> AuthenticatedClient:
        """The attester signed the instance's key, and the key this request's proof. Raises InvalidClientAttestation."""
        attestation, pop = opened.content
        try:
            jwt.require_times(attestation.claims, expected.now, skew=expected.skew, required=("exp",))
        except jwt.Expired:
            raise UseFreshAttestation("exp") from None
        except ProtocolError as error:
            raise InvalidClientAttestation(error.detail) from None
        try:
            instance = _instance_key(attestation.claims)
            _require_pop(opened.client_id, pop.claims, expected)
            jws.verify(attestation.jws, keys[0], ALGORITHMS)
            jws.verify(pop.jws, instance, ALGORITHMS)
        except ProtocolError as error:
            raise InvalidClientAttestation(error.detail or type(error).__name__) from None
        thumbprint = jwks.thumbprint(instance)
        made_at = datetime.fromtimestamp(float(pop.claims["iat"]), UTC)
        mark = sha256(thumbprint + pop.claims["jti"].encode()).digest()
        return AuthenticatedClient(opened.client_id, thumbprint, mark, made_at, pop.claims.get("challenge"))


def _attester(attestation: jwt.OpenedJwt) -> KeyReference:
    issuer = attestation.claims.get("iss")
    chain = attestation.header.get("x5c")
    if isinstance(chain, list):
        return KeyReference("x5c", x509.parse_chain(chain))
    if isinstance(issuer, str) and issuer:
        return KeyReference("registered", attestation.header.get("kid"), issuer=issuer)
    raise InvalidClientAttestation("nothing names the attester's key")


def _instance_key(claims: Mapping[str, Any]) -> Jwk:
    confirmation = claims.get("cnf")
    key = confirmation.get("jwk") if isinstance(confirmation, dict) else None
    if not isinstance(key, dict):
        raise InvalidClientAttestation("no cnf.jwk")
    return jwks.public(key)


def _require_pop(client_id: str, claims: Mapping[str, Any], expected: ClientExpectations) -> None:
    if claims.get("aud") != expected.issuer:
        raise InvalidClientAttestation("aud of the proof of possession")
    if claims.get("iss", client_id) != client_id:
        raise InvalidClientAttestation("iss of the proof of possession")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 1 <= len(jti) <= 512:
        raise InvalidClientAttestation("jti")
    if not isinstance(claims.get("challenge", ""), str):
        raise InvalidClientAttestation("challenge")
    jwt.require_times(claims, expected.now, skew=expected.skew, max_age=expected.max_age, required=("iat",))
