"""Client identifier prefixes (OpenID4VP 1.0, 5.9.3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from protocols.ports.trust import KeyReference


@dataclass(frozen=True, slots=True)
class ClientIdentity:
    """The verifier's side: what a prefix may build a client identifier from.

    `response_uri` is where the answer goes, in every mode; `did_url` the DID URL of the verifier's key; `jwk` its
    public JWK and `kid` its own name; `attestation` a Verifier Attestation JWT; `registered` the client identifier
    that wallets were told beforehand.
    """

    response_uri: str
    dns_names: tuple[str, ...] = ()
    x5c: tuple[bytes, ...] = ()
    did_url: str | None = None
    jwk: Mapping[str, Any] = field(default_factory=dict)
    kid: str = ""
    attestation: str | None = None
    registered: str | None = None


@dataclass(frozen=True, slots=True)
class RequestSigner:
    """How the Request Object is signed under a prefix: extra JOSE header members, or unsigned.

    `metadata_known`: wallets that know the client have its metadata, and refuse to be told it again (8.5).
    """

    signed: bool
    header: Mapping[str, Any] = field(default_factory=dict)
    metadata_known: bool = False


class ClientIdPrefix(Protocol):
    """One client identifier prefix. Never waits."""

    prefix: ClassVar[str]

    def client_id(self, identity: ClientIdentity) -> str:
        """The full client identifier with its prefix. Raises Malformed when the identity cannot carry it."""

    def signing(self, identity: ClientIdentity) -> RequestSigner:
        """Header members for the Request Object, or that it must not be signed."""

    def signer(self, client_id: str, header: Mapping[str, Any]) -> KeyReference | None:
        """The wallet's side: whose key must have signed; None when the prefix forbids a signature."""
