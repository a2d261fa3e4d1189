"""Client authentication (RFC 6749, 2.3; RFC 7523; RFC 8705; attestation-based client authentication): the port.

A method takes the credentials of a request apart (`open`), the agent finds the keys that they name, and the method
says whether they hold (`verify`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

from protocols.errors import Malformed
from protocols.http import Call
from protocols.oauth.errors import InvalidClient, InvalidRequest
from protocols.ports.keys import Jwk
from protocols.ports.trust import KeyReference

ATTESTATION = "oauth-client-attestation"
ATTESTATION_POP = "oauth-client-attestation-pop"
PKI_TLS = "tls_client_auth"
SELF_SIGNED_TLS = "self_signed_tls_client_auth"
BY_CERTIFICATE = frozenset({PKI_TLS, SELF_SIGNED_TLS})
"""The methods of RFC 8705; a registration says which of them a certificate is shown for."""
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """Whatever a request says of its client, unread."""

    client_id: str | None = None
    attestation: str | None = None
    attestation_pop: str | None = None
    assertion: str | None = None
    certificate: bytes | None = None


@dataclass(frozen=True, slots=True)
class RegisteredClient:
    """A client that the tenant registered."""

    id: Any
    client_id: str
    name: str
    method: str
    jwks: Sequence[Jwk] = ()
    certificate_subject: str | None = None  # as certificate_subject.read takes it
    redirect_uris: tuple[str, ...] = ()
    grant_types: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class OpenedClient:
    """Credentials taken apart, nothing of them believed: who they say it is, and whose key vouches for them.

    `attester` is None when the client's own registration does.
    """

    client_id: str
    attester: KeyReference | None
    content: Any


@dataclass(frozen=True, slots=True)
class ClientExpectations:
    """What credentials must say: our issuer identifier, and a recent time."""

    issuer: str
    now: datetime
    max_age: int = 300
    skew: int = 60


@dataclass(frozen=True, slots=True)
class AuthenticatedClient:
    """Credentials that hold, but for their replay. `instance` is the thumbprint of the key that proved itself.

    `mark` and `made_at` are the trace that a replay would meet; `challenge` what the client took from us.
    """

    client_id: str
    instance: bytes | None = None
    mark: bytes | None = None
    made_at: datetime | None = None
    challenge: str | None = None


class ClientAuthentication(Protocol):
    """One method of token_endpoint_auth_methods_supported. Never waits."""

    method: ClassVar[str]
    metadata: ClassVar[Mapping[str, Any]]

    def open(self, credentials: ClientCredentials) -> OpenedClient | None:
        """Take apart; None when the request holds no credentials of this method. Raises InvalidClient."""

    def verify(
        self,
        opened: OpenedClient,
        keys: Sequence[Jwk],
        registered: RegisteredClient | None,
        expected: ClientExpectations,
    ) -> AuthenticatedClient:
        """Believe it with the attester's key, or one of the registered ones. Raises InvalidClient."""


def credentials(call: Call, form: Mapping[str, str]) -> ClientCredentials:
    """What the request says of its client. Raises InvalidRequest, InvalidClient."""
    try:
        attestation, pop = call.header(ATTESTATION), call.header(ATTESTATION_POP)
    except Malformed:
        raise InvalidClient("a header twice") from None
    if call.header_values.get("authorization"):
        raise InvalidClient("no client here has a password")
    assertion = form.get("client_assertion")
    if (assertion is None) != (form.get("client_assertion_type") is None):
        raise InvalidRequest("client_assertion without its type")
    if assertion is not None and form["client_assertion_type"] != JWT_BEARER:
        raise InvalidClient("client_assertion_type")
    client_id = form.get("client_id")
    if client_id is not None and not 1 <= len(client_id) <= 2048:
        raise InvalidRequest("client_id")
    return ClientCredentials(client_id, attestation, pop, assertion, call.certificate)
