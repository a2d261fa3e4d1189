"""Mutual-TLS client authentication behind a proxy that passes the certificate (RFC 8705, 2.1 and 2.2)."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from protocols.errors import ProtocolError
from protocols.jose import jwk as jwks
from protocols.oauth import certificate_subject
from protocols.oauth.client_authentication import (
    AuthenticatedClient,
    ClientCredentials,
    ClientExpectations,
    OpenedClient,
    RegisteredClient,
)
from protocols.oauth.errors import InvalidClient
from protocols.ports import KeyReference, PluginTools
from protocols.ports.keys import Jwk


class SelfSignedTls:
    """`ClientAuthentication` for self_signed_tls_client_auth: the certificate's key is a registered one."""

    method: ClassVar[str] = "self_signed_tls_client_auth"
    metadata: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, _tools: PluginTools) -> None:
        pass

    def open(self, credentials: ClientCredentials) -> OpenedClient | None:
        """The certificate, when nothing else speaks for the client. Raises InvalidClient."""
        alone = _alone(credentials)
        return None if alone is None else OpenedClient(alone[0], None, alone[1])

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


class PkiTls:
    """`ClientAuthentication` for tls_client_auth: a certificate the tenant's anchors lead to names the client."""

    method: ClassVar[str] = "tls_client_auth"
    metadata: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, _tools: PluginTools) -> None:
        pass

    def open(self, credentials: ClientCredentials) -> OpenedClient | None:
        """The certificate as a chain to follow, when nothing else speaks for the client."""
        alone = _alone(credentials)
        return None if alone is None else OpenedClient(alone[0], KeyReference("x5c", (alone[1],)), alone[1])

    def verify(
        self,
        opened: OpenedClient,
        keys: Sequence[Jwk],
        registered: RegisteredClient | None,
        _expected: ClientExpectations,
    ) -> AuthenticatedClient:
        """The chain was followed to `keys`; the certificate has to name the subject registered. Raises InvalidClient.

        The client is bound by its name and not by its key: certificates are renewed.
        """
        if registered is None or registered.certificate_subject is None:
            raise InvalidClient("not registered")
        try:
            certified = jwks.thumbprint(jwks.from_certificate(opened.content))
            believed = {jwks.thumbprint(key) for key in keys}
            named = certificate_subject.read(registered.certificate_subject).names(opened.content)
        except ProtocolError as error:
            raise InvalidClient(error.detail) from None
        if certified not in believed or not named:
            raise InvalidClient("certificate")
        return AuthenticatedClient(opened.client_id)


def _alone(credentials: ClientCredentials) -> tuple[str, bytes] | None:
    """Client and certificate, when the request shows nothing else."""
    others = (credentials.attestation, credentials.assertion)
    if credentials.certificate is None or credentials.client_id is None or any(others):
        return None
    return credentials.client_id, credentials.certificate
