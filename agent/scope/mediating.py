"""Mediation: whom we route for and who routes for us, keylists, and the queues that are picked up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from protocols.didcomm.mediating import KeyPage, QueueState
from protocols.errors import ProtocolError


class QueueFull(ProtocolError):
    """No more messages are held for this recipient at the moment."""

    code = "e.m.me.res.storage"
    status = 503


@dataclass(frozen=True, slots=True)
class Mediation:
    """An agreement with one connection: `role` is ours, "mediator" or "recipient"; `routing` what to route by."""

    id: UUID
    connection: UUID
    role: str
    routing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """An envelope that waits for its recipient."""

    id: UUID
    envelope: bytes


@dataclass(frozen=True, slots=True)
class NewEnvelope:
    """An envelope to hold: for whom by name, from whom where that is known, until when."""

    id: UUID
    recipient: str
    envelope: bytes
    expires: datetime
    sender: str = ""


class Mediations(Protocol):
    """`unit.mediations`. Names of recipients are DIDs (compared in their short forms) or keys."""

    async def grant(self, mediation: Mediation) -> None:
        """Store an agreement, or what it is now."""

    async def end(self, mediation: UUID) -> None:
        """The agreement is over; keylist and queue go with it."""

    async def of(self, connection: UUID, role: str) -> Mediation | None:
        """The agreement with a connection, if it stands."""

    async def granted_to_us(self) -> list[Mediation]:
        """Every agreement in which somebody routes for us."""

    async def change_keys(self, mediation: UUID, updates: Sequence[tuple[str, str]]) -> list[str]:
        """Add or remove names: "success", "no_change", or "client_error" for what is another's."""

    async def keys(self, mediation: UUID, limit: int, offset: int) -> KeyPage:
        """A page of the keylist, oldest first."""

    async def serving(self, name: str) -> Mediation | None:
        """The agreement under which a recipient of this name is routed for."""

    async def hold(self, mediation: UUID, new: NewEnvelope) -> None:
        """Store an envelope and wake who delivers it. Raises QueueFull at the limit of recipient or sender."""

    async def waiting(
        self, mediation: UUID, limit: int, recipient: str = "", since: datetime | None = None, but: Sequence[UUID] = ()
    ) -> list[Held]:
        """The oldest envelopes that wait: of one recipient, arrived after `since`, but for those named."""

    async def received(self, mediation: UUID, ids: Sequence[UUID]) -> int:
        """Forget envelopes of this agreement; how many there were."""

    async def state(self, mediation: UUID, recipient: str = "") -> QueueState:
        """What waits."""
