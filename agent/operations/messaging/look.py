"""What the operator sees of DIDComm: contacts, threads with what was said in them, and conversations."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from agent.operations.messaging.begin_protocol import NoConnection
from agent.scope import Scope
from agent.scope.connections import Connection
from agent.scope.talking import MessageShown, ThreadShown
from protocols.didcomm.catalog.user_profile import PROFILE, merged
from protocols.errors import ProtocolError

PAGE = 100
_SAID = 1_000
TEXTS = ("https://didcomm.org/basicmessage/1.0/message", "https://didcomm.org/basicmessage/2.0/message")


class NoThread(ProtocolError):
    """There is no such thread."""

    code = "not_found"
    status = 404


@dataclass(frozen=True, slots=True)
class Threads:
    """Request: threads before one of them, of a contact or of everybody."""

    after: UUID | None = None
    contact: UUID | None = None


async def list_contacts(scope: Scope, after: UUID | None) -> list[Connection]:
    """A page of connections and of invitations that wait, newest first."""
    async with scope.unit() as unit:
        found: list[Connection] = await unit.connections.listing(after, PAGE)
    return found


async def show_contact(scope: Scope, contact: UUID) -> Connection:
    """One of them. Raises NoConnection."""
    async with scope.unit() as unit:
        found: Connection | None = await unit.connections.get(contact)
    if found is None:
        raise NoConnection("no such connection")
    return found


async def show_profile_of(scope: Scope, contact: UUID) -> tuple[Connection, Mapping[str, str]]:
    """A contact, and what it has told of itself so far: nothing of it is verified. Raises NoConnection."""
    found = await show_contact(scope, contact)
    async with scope.unit() as unit:
        said: list[MessageShown] = await unit.talks.said(contact, (PROFILE,), _SAID)
    return found, merged(one.body for one in said if one.direction == "in")


async def list_threads(scope: Scope, request: Threads) -> list[ThreadShown]:
    """A page of threads, newest first."""
    async with scope.unit() as unit:
        found: list[ThreadShown] = await unit.talks.threads(request.contact, request.after, PAGE)
    return found


async def show_thread(scope: Scope, thread: UUID) -> tuple[ThreadShown, list[MessageShown]]:
    """A thread and its messages. Raises NoThread."""
    async with scope.unit() as unit:
        found: ThreadShown | None = await unit.talks.thread(thread)
        messages: list[MessageShown] = await unit.talks.messages(thread, _SAID)
    if found is None:
        raise NoThread("no such thread")
    return found, messages


async def show_conversation(scope: Scope, contact: UUID) -> list[MessageShown]:
    """The texts that went to and fro, oldest first. Raises NoConnection."""
    await show_contact(scope, contact)
    async with scope.unit() as unit:
        found: list[MessageShown] = await unit.talks.said(contact, TEXTS, _SAID)
    return found
