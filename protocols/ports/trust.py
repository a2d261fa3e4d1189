"""Trust: the one place where a key becomes believed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from protocols.errors import ProtocolError


class Purpose(StrEnum):
    """What a key is believed for; an anchor's roles name the same words."""

    ISSUE = "issue"
    STATUS = "status"
    REQUEST = "request"
    ATTEST_WALLET = "attest_wallet"
    AUTHENTICATE_CLIENT = "authenticate_client"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class KeyReference:
    """How a signed thing names its key, believed by nobody yet.

    `kind`: "x5c" (value: tuple of DER, leaf first), "did_url", "jwk", "jwt_vc_issuer", "iaca" (a DocumentSigner), ...
    `issuer` is the identifier that the key must be shown to belong to, when the document states one; `type` the
    credential type signed. `proven_at` is when it was signed, in seconds since 1970, for who has proof of that: a time
    stamp, our own records.
    """

    kind: str
    value: Any
    issuer: str | None = None
    type: str | None = None
    proven_at: float | None = None


@dataclass(frozen=True, slots=True)
class DocumentSigner:
    """The value of an "iaca" reference: the x5chain of a mobile document (DER, leaf first), and when it signed."""

    chain: tuple[bytes, ...]
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class TrustAnchor:
    """Something a tenant believes: a CA certificate (DER), or an identifier with its keys."""

    id: str
    identifier: str
    roles: frozenset[str]
    certificate: bytes | None = None
    public_keys: tuple[Mapping[str, Any], ...] = ()
    types: frozenset[str] = frozenset()

    def fits(self, purpose: Purpose, type_: str | None) -> bool:
        """Whether it is believed for the purpose, and for the type when it is limited to some types."""
        return str(purpose) in self.roles and (type_ is None or not self.types or type_ in self.types)


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A public JWK with the reason why it is believed: chain (DER, leaf first, anchor last) and anchor."""

    jwk: Mapping[str, Any]
    algorithm: str | None
    chain: tuple[bytes, ...] = ()
    anchor: TrustAnchor | None = None
    identifier: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)


class UntrustedKey(ProtocolError):
    """The key is not trusted for this."""

    code = "untrusted_key"


class TrustResolver(Protocol):
    """Follows one kind of reference to a believed key. Waits."""

    kind: ClassVar[str]

    async def resolve(
        self, reference: KeyReference, purpose: Purpose, anchors: tuple[TrustAnchor, ...], now: float
    ) -> TrustedKey:
        """Raises a ProtocolError, UntrustedKey when it is the trust that lacks, naming for our log what broke.

        `anchors` are the tenant's; `now` seconds since 1970.
        """
