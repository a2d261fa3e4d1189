"""The holder's part of Issue Credential: propose, ask for what is offered, keep what is issued."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from agent.operations.messaging.begin_protocol import BeginProtocol, begin_protocol
from agent.operations.messaging.continue_thread import NotNow, continue_thread
from agent.operations.messaging.credentials.attaching import Answer
from agent.operations.messaging.credentials.formats import offered_in, remembered
from agent.operations.messaging.credentials.issue import PROTOCOLS
from agent.operations.messaging.envelope import Arrival
from agent.operations.messaging.look import PAGE, show_contact
from agent.operations.messaging.questions import Effect
from agent.scope import Scope
from agent.scope.holding import HeldCredential
from agent.scope.messaging import Thread
from protocols.didcomm.attached import Attached, Said
from protocols.didcomm.exchanging import Declined
from protocols.didcomm.issuing import CredentialReceived, IssueCredential
from protocols.didcomm.protocol import ThreadState, Transition
from protocols.errors import ProtocolError


class NothingOffered(ProtocolError):
    """Nothing is offered here that can be taken."""

    code = "conflict"
    status = 409


@dataclass(frozen=True, slots=True)
class ProposeCredential:
    """Request: what we should like to have, in a format's own JSON, of a contact or against its offer in `thread`."""

    attached: tuple[Attached, ...]
    contact: UUID | None = None
    thread: UUID | None = None
    comment: str = ""
    preview: Mapping[str, str] | None = None


async def propose_credential(scope: Scope, request: ProposeCredential) -> UUID:
    """The thread. Raises NoConnection, NoThread, OutOfOrder."""
    said = Said("propose-credential", request.attached, request.comment, preview=request.preview or {})

    async def move(protocol: Any, state: ThreadState, _thread: Thread) -> tuple[Transition, tuple[Effect, ...]]:
        if not isinstance(protocol, IssueCredential):
            raise NotNow("a thread of another protocol")
        return protocol.move(state, said, {}), ()

    if request.thread is not None:
        return await continue_thread(scope, request.thread, move)
    if request.contact is None:
        raise NotNow("a contact or a thread")
    protocol = PROTOCOLS[(await show_contact(scope, request.contact)).version]
    return await begin_protocol(scope, BeginProtocol(request.contact, protocol, {"said": said}))


async def request_credential(scope: Scope, row: UUID) -> UUID:
    """Take the offer that a thread stands at. Raises NoThread, NotNow, NothingOffered, and what is wrong with it."""

    async def move(protocol: Any, state: ThreadState, _thread: Thread) -> tuple[Transition, tuple[Effect, ...]]:
        if not isinstance(protocol, IssueCredential) or state.state != "offer-received":
            raise NotNow("no offer stands here")
        offer = state.data["offer"]
        found = offered_in(offer["attached"])
        if found is None:
            raise NothingOffered("in no format that we know")
        if offer.get("expires_time", scope.now().timestamp() + 1) <= scope.now().timestamp():
            raise NothingOffered("the offer has expired")
        format_, content = found
        asked = await format_.request(scope, content)
        said = Said("request-credential", (asked.attached,), appended=asked.appended)
        known = {**asked.known, "attachment_format": format_.offers}
        return protocol.move(state, said, known), asked.effects

    return await continue_thread(scope, row, move)


async def keep_credential(scope: Scope, _arrival: Arrival, _thread: Thread, question: CredentialReceived) -> Answer:
    """What a credential that we asked for comes to; it is kept once the thread is settled."""
    format_ = remembered(question.data)
    if format_ is None:
        return Declined("it was asked for in another format"), ()
    return await format_.receive(scope, question.data, question.said)


async def list_held(scope: Scope, after: UUID | None) -> Sequence[HeldCredential]:
    """A page of what the tenant holds, newest first."""
    async with scope.unit() as unit:
        found: Sequence[HeldCredential] = await unit.holdings.listed(after, PAGE)
    return found
