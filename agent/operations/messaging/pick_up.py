"""We fetch what a mediator holds for us: handled first, acknowledged then, so that a crash loses nothing."""

from dataclasses import dataclass
from typing import Any

from agent import telemetry
from agent.operations.messaging.deliver_message import transport_of
from agent.operations.messaging.mediator_line import Mediator, exchange, mediator_of, message_to, opened
from agent.operations.messaging.receive_message import receive_message
from agent.operations.messaging.versions import VERSIONS
from agent.scope import Conflict, Scope
from agent.scope.mediating import Mediation, QueueFull
from agent.scope.messaging import Replayed
from protocols.didcomm.message import Message
from protocols.encoding import parse_b64url
from protocols.errors import ProtocolError
from protocols.ports import KeepsConnections
from protocols.ports.keys import KeyStoreUnavailable
from protocols.ports.tools import Socket

PICKUP = "https://didcomm.org/messagepickup/3.0"
_AT_ONCE = 25
_ROUNDS = 40
# What another attempt may change; everything else would come back for ever.
_LATER = (Conflict, KeyStoreUnavailable, QueueFull)


async def pick_up(scope: Scope, mediation: Mediation) -> int:
    """Fetch until nothing waits; how many were fetched. Raises Undeliverable, DidNotFound, FetchFailed."""
    mediator, fetched = await mediator_of(scope, mediation), 0
    for _ in range(_ROUNDS):
        answer = await exchange(scope, mediator, delivery_request(scope, mediator))
        taken = await take_delivery(scope, answer) if answer else ()
        if not taken:
            break
        fetched += len(taken)
        await exchange(scope, mediator, messages_received(scope, mediator, taken))
    return fetched


@dataclass(slots=True)
class Line:
    """A connection to a mediator that stays; `said` is the id of what we said on it last."""

    mediator: Mediator
    socket: Socket
    said: str = ""

    async def say(self, scope: Scope, message: Message) -> None:
        """Raises FetchFailed, DidNotFound."""
        self.said = message.id
        packed = await VERSIONS[self.mediator.connection.version].pack(scope, self.mediator.identity, message)
        await self.socket.send(packed)


async def open_line(scope: Scope, mediator: Mediator) -> Line | None:
    """A connection with live delivery switched on, and a first request for what waits; None where none can stay.

    Raises FetchRefused, FetchFailed, DidNotFound.
    """
    envelopes = VERSIONS[mediator.connection.version]
    probe = live_change(scope, mediator)
    for endpoint in await envelopes.endpoints(scope, probe):
        transport: Any = None if endpoint.routing_keys else transport_of(scope, endpoint.uri)
        if not isinstance(transport, KeepsConnections):
            continue
        line = Line(mediator, await transport.open(endpoint.uri))
        for message in (probe, delivery_request(scope, mediator)):
            await line.say(scope, message)
        return line
    return None


async def take_frame(scope: Scope, line: Line, octets: bytes) -> int:
    """What came on a line: a delivery is handled and acknowledged, and more is asked for while more waits.

    How many envelopes came.
    """
    message = await opened(scope, line.mediator, octets)
    taken = await take_delivery(scope, message)
    if taken:
        await line.say(scope, messages_received(scope, line.mediator, taken))
    elif message.type == f"{PICKUP}/status" and message.body.get("message_count") and message.thid in ("", line.said):
        # What waited before this line was open is not delivered live: it is asked for until nothing is left. A status
        # older than what we said last counts what we have meanwhile, and would bring it once more.
        await line.say(scope, delivery_request(scope, line.mediator))
    return len(taken)


async def take_delivery(scope: Scope, message: Message) -> tuple[str, ...]:
    """Handle each envelope; the ids that need not come again. One that cannot be opened now will not open later."""
    if message.type != f"{PICKUP}/delivery":
        return ()
    taken = []
    for attachment in message.attachments:
        try:
            await receive_message(scope, parse_b64url(str(attachment["data"].get("base64", ""))))
        except Replayed:
            telemetry.log("picked_up_again")
        except _LATER as error:
            telemetry.log("pickup_postponed", reason=error.code)
            continue
        except ProtocolError as error:
            telemetry.log("pickup_refused", reason=error.code)
        taken.append(str(attachment.get("id", "")))
    return tuple(taken)


def delivery_request(scope: Scope, mediator: Mediator) -> Message:
    """Ask for what waits."""
    return message_to(scope, mediator, f"{PICKUP}/delivery-request", {"limit": _AT_ONCE})


def messages_received(scope: Scope, mediator: Mediator, ids: tuple[str, ...]) -> Message:
    """Have the mediator forget."""
    return message_to(scope, mediator, f"{PICKUP}/messages-received", {"message_id_list": list(ids)})


def live_change(scope: Scope, mediator: Mediator) -> Message:
    """Switch live delivery on."""
    return message_to(scope, mediator, f"{PICKUP}/live-delivery-change", {"live_delivery": True})
