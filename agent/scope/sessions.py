"""A connection that messages come on: what was agreed on it, for as long as it lasts."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from agent.scope.messaging import Identity
from protocols.didcomm.picking_up import PicksUp


@dataclass(frozen=True, slots=True)
class Live:
    """Live delivery of one queue: to whom, in which protocol, and from when on."""

    mediation: UUID
    identity: Identity
    peer: str
    version: int
    protocol: PicksUp
    since: datetime


@dataclass(slots=True)
class Session:
    """Starts with nothing agreed. `stays` says that it is a WebSocket, and no POST that takes one answer.

    `returning` is return_route, which holds once it was said; `sent` what was delivered live and is not acknowledged.
    """

    stays: bool = True
    returning: bool = False
    live: Live | None = None
    sent: set[UUID] = field(default_factory=set)
