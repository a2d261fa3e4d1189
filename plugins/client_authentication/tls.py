"""Mutual-TLS client authentication behind a proxy that passes the certificate (RFC 8705, 2.1 and 2.2)."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from protocols.errors import ProtocolError
from protocols.jose import jwk as jwks
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


class SelfSignedTls:
    """`ClientAuthentication` for self_signed_tls_client_auth: the certificate's key is a registered one."""

    method: ClassVar[str] = "self_signed_tls_client_auth"
    metadata: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, _tools: PluginTools) -> None:
        pass

    def open(self, credentials: ClientCredentials) -> OpenedClient | None:
        """The certificate, when nothing else speaks for the client. Raises InvalidClient."""
        others = (credentials.attestation, credentials.assertion)
        if credentials.certificate is None or credentials.client_id is None or any(others):
            return None
        return OpenedClient(credentials.client_id, None, credentials.certificate)

    def verify(
        self,
        opened: OpenedClient,
        _keys: Sequence[Jwk],
        registered: RegisteredClient | None,
        _expected: ClientExpectations,
    ) -> AuthenticatedClient:
        """The proxy saw the key prove itself; it has to be one of the client's. Raises InvalidClient."""
        if registered is None:
            raise InvalidClient("not registered")
        try:
            thumbprint = jwks.thumbprint(jwks.from_certificate(opened.content))
            known = {jwks.thumbprint(key) for key in registered.jwks}
        except ProtocolError as error:
            raise InvalidClient(error.detail) from None
        if thumbprint not in known:
            raise InvalidClient("certificate")
        return AuthenticatedClient(opened.client_id, thumbprint)
