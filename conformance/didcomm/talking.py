"""What both versions of DIDComm have in common for a check: an honest ping, one that must be refused, what was heard."""

from dataclasses import dataclass
from typing import Any, Protocol

from conformance.didcomm.envelope import Opened
from conformance.http import Answer
from conformance.jose import Unreadable
from conformance.verdict import Blocked, expect

Message = dict[str, Any]
PONGS = ("https://didcomm.org/trust-ping/2.0/ping-response", "https://didcomm.org/trust_ping/1.0/ping_response")


def type_of(message: Message | None) -> str:
    """A message's type, whichever version."""
    found = message or {}
    return str(found.get("type", found.get("@type", "")))


def thread_of(message: Message | None) -> str:
    """The thread that a message is of: its name, or the id of the message that begins it."""
    found = message or {}
    return str(found.get("thid") or found.get("~thread", {}).get("thid") or found.get("id", found.get("@id", "")))


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of sending: the answer of the transport and, if there was one, the message in it."""

    answer: Answer
    opened: Opened | None = None
    message: Message | None = None

    def __str__(self) -> str:
        said = f"a message of type {type_of(self.message)}" if self.message else "no message"
        return f"HTTP {self.answer.status} with {said}"

    def answers(self, ping: Message) -> bool:
        """Whether this is the ping-response to a ping."""
        return type_of(self.message) in PONGS and thread_of(self.message) == thread_of(ping)


class Talks(Protocol):
    """One of the suite's agents, of either version."""

    media_type: str

    def ping(self) -> Message:
        """An honest ping, not sent yet."""

    def authcrypt(self, message: Message) -> Any:
        """Its envelope."""

    async def send(self, sending: Any, media_type: str = "") -> Heard:
        """Send it, or whatever else it is."""


async def require_honest(contact: Talks) -> Heard:
    """An honest ping is answered: without that, nothing can be said of dishonest ones. Raises Blocked."""
    ping = contact.ping()
    try:
        heard = await contact.send(contact.authcrypt(ping))
    except Unreadable as error:
        raise Blocked(f"an honest ping: {error}") from error
    if not heard.answers(ping):
        raise Blocked(f"an honest ping with return_route is answered by {heard}")
    return heard


async def require_refused(contact: Talks, sending: Any, ping: Message, media_type: str = "") -> None:
    """What must not be believed is not answered as a ping, and honest ones still are."""
    await require_honest(contact)
    heard = await contact.send(sending, media_type)
    expect(not heard.answers(ping), "no ping-response", heard)
    await require_honest(contact)


async def require_taken(contact: Talks, sending: Any, ping: Message, media_type: str = "") -> Heard:
    """The ping is answered."""
    heard = await contact.send(sending, media_type)
    expect(heard.answers(ping), "a ping-response in the ping's thread", heard)
    return heard


async def require_answer(contact: Talks) -> Heard:
    """What an honest ping is answered by, whatever is wrong with it. Raises Blocked when nothing comes."""
    heard = await contact.send(contact.authcrypt(contact.ping()))
    if heard.message is None:
        raise Blocked(f"an honest ping with return_route is answered by {heard}")
    return heard
