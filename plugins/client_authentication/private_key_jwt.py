"""Client authentication by a JWT under the client's registered key (RFC 7523, 2.2; FAPI 2.0, 5.3.2.1)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, ClassVar

from protocols.errors import ProtocolError
from protocols.jose import jws, jwt
from protocols.oauth.client_authentication import (
    AuthenticatedClient,
    ClientCredentials,
    ClientExpectations,
    OpenedClient,
    RegisteredClient,
)
from protocols.oauth.errors import InvalidClient
from protocols.ports import PluginTools
from protocols.ports.keys import Jwk

ALGORITHMS = ("ES256", "ES384", "EdDSA", "Ed25519", "PS256")
_LONGEST = 8_192
_LIFETIME = 600


class PrivateKeyJwt:
    """`ClientAuthentication` for private_key_jwt."""

    method: ClassVar[str] = "private_key_jwt"
    metadata: ClassVar[Mapping[str, Any]] = {"token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS)}

    def __init__(self, _tools: PluginTools) -> None:
        pass

    def open(self, credentials: ClientCredentials) -> OpenedClient | None:
        """The assertion; iss and sub are the client. Raises InvalidClient."""
        if credentials.assertion is None:
            return None
        if len(credentials.assertion) > _LONGEST:
            raise InvalidClient("too long")
        try:
            assertion = jwt.open_jwt(credentials.assertion, frozenset({None, "JWT", "client-authentication+jwt"}))
        except ProtocolError as error:
            raise InvalidClient(error.detail) from None
        subject = assertion.claims.get("sub")
        if not isinstance(subject, str) or assertion.claims.get("iss") != subject:
            raise InvalidClient("iss and sub")
        if credentials.client_id not in (None, subject):
            raise InvalidClient("sub is not the client_id")
        return OpenedClient(subject, None, assertion)

    def verify(
        self,
        opened: OpenedClient,
        _keys: Sequence[Jwk],
        registered: RegisteredClient | None,
        expected: ClientExpectations,
    ) -> AuthenticatedClient:
        """For us alone, now, under a registered key. Raises InvalidClient."""
        assertion: jwt.OpenedJwt = opened.content
        claims = assertion.claims
        if registered is None:
            raise InvalidClient("not registered")
        if claims.get("aud") != expected.issuer:
            raise InvalidClient("aud")
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 1 <= len(jti) <= 512:
            raise InvalidClient("jti")
        try:
            jwt.require_times(claims, expected.now, skew=expected.skew, required=("exp",))
        except ProtocolError as error:
            raise InvalidClient(error.detail) from None
        expires = float(claims["exp"])
        if expires > expected.now.timestamp() + _LIFETIME + expected.skew:
            raise InvalidClient("exp is too far away")
        if not _signed(assertion, registered.jwks):
            raise InvalidClient("signature")
        mark = sha256(f"{opened.client_id}\0{jti}".encode()).digest()
        return AuthenticatedClient(opened.client_id, None, mark, datetime.fromtimestamp(expires, UTC))


def _signed(assertion: jwt.OpenedJwt, keys: Sequence[Jwk]) -> bool:
    kid = assertion.header.get("kid")
    for key in keys:
        if kid is not None and key.get("kid", kid) != kid:
            continue
        try:
            jws.verify(assertion.jws, key, ALGORITHMS)
        except ProtocolError:
            continue
        return True
    return False
