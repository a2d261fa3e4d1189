"""What an attachment format does for each message of Issue Credential; the choreography knows none of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from agent.operations.messaging.questions import Effect
from agent.scope import Scope
from protocols.didcomm.attached import Attached, Said
from protocols.didcomm.exchanging import Declined
from protocols.didcomm.issuing import Issued, Kept, Later
from protocols.errors import ProtocolError


class NotOverDidcomm(ProtocolError):
    """This cannot be issued over DIDComm."""

    code = "invalid_input"
    status = 422


@dataclass(frozen=True, slots=True)
class OfferTerms:
    """What an operator offers: a credential configuration with claims, for `subject` (the tenant's own name for the
    person) and, where it is known, for the DID `holder`, in the attachment format `format` (the preferred one of the
    credential's when empty); or an AnonCreds `definition` with values."""

    configuration: str = ""
    definition: UUID | None = None
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)
    subject: str | None = None
    holder: str | None = None
    lifetime: timedelta | None = None
    format: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer about to be sent: its attachment and preview, what the thread remembers, what is stored with it, and
    the issuance whose thread it is."""

    attached: Attached
    known: Mapping[str, Any] = field(repr=False)
    effects: tuple[Effect, ...]
    expires_time: int
    issuance: UUID | None = None
    preview: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """A credential request of ours: its attachment, what the thread remembers, and signed attachments by id."""

    attached: Attached
    known: Mapping[str, Any] = field(repr=False)
    effects: tuple[Effect, ...] = ()
    appended: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)


Answer = tuple[Issued | Later | Kept | Declined, tuple[Effect, ...]]


class CredentialAttachments(Protocol):
    """One format. `offers`, `requests` and `credentials` are the identifiers of its attachments.

    `known` is what the thread remembers: of the issuer what `offer` gave it, with the thread's own id as `thread`; of
    the holder what `request` gave it.
    """

    offers: str
    requests: str
    credentials: str

    async def offer(self, scope: Scope, terms: OfferTerms) -> Offer:
        """Raises what creating an offer is refused with."""

    async def issue(self, scope: Scope, known: Mapping[str, Any], said: Said) -> Answer:
        """The credential for a request, if it is for what was offered."""

    async def request(self, scope: Scope, offered: Mapping[str, Any]) -> Asked:
        """Ask for what an attachment offers. Raises Malformed and what else is wrong with it."""

    async def receive(self, scope: Scope, known: Mapping[str, Any], said: Said) -> Answer:
        """Check a credential that we asked for, and keep it."""
