"""DIDComm as its owner sees it: threads and what was said in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from protocols.didcomm.message import WebRedirect


@dataclass(frozen=True, slots=True)
class ThreadShown:
    """One run of one protocol: where it stands in the protocol's own words, and what it has learned."""

    id: UUID
    connection: UUID | None
    protocol: str
    role: str
    state: str
    data: Mapping[str, Any]
    created: datetime
    closed: datetime | None


@dataclass(frozen=True, slots=True)
class MessageShown:
    """One message: "in" or "out", its type, whether it was handled, queued, sent or failed, its body, and where its
    sender would like the person's browser to go."""

    id: UUID
    thread: UUID
    direction: str
    type: str
    state: str
    body: Mapping[str, Any]
    created: datetime
    web_redirect: WebRedirect | None = None


class Talks(Protocol):
    """`unit.talks`: read only."""

    async def threads(self, connection: UUID | None, after: UUID | None, limit: int) -> list[ThreadShown]:
        """Newest first; of one connection, or of all and of none."""

    async def thread(self, thread: UUID) -> ThreadShown | None:
        """By its id."""

    async def messages(self, thread: UUID, limit: int) -> list[MessageShown]:
        """Of a thread, oldest first."""

    async def said(self, connection: UUID, types: tuple[str, ...], limit: int) -> list[MessageShown]:
        """Of these types on a connection, the newest of them, oldest first."""
