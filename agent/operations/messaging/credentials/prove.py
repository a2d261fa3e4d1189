"""Present Proof: ask for a presentation, show one, and what comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.messaging.begin_protocol import BeginProtocol, begin_protocol
from agent.operations.messaging.continue_thread import NotNow, continue_thread
from agent.operations.messaging.credentials.attaching import NotOverDidcomm
from agent.operations.messaging.credentials.formats import asked_by_us, asked_in, proof_for
from agent.operations.messaging.credentials.proving import ProofTerms
from agent.operations.messaging.envelope import Arrival
from agent.operations.messaging.look import show_contact
from agent.operations.messaging.questions import Effect
from agent.scope import Scope
from agent.scope.messaging import Thread
from protocols.didcomm.attached import Attached, Said
from protocols.didcomm.exchanging import Declined
from protocols.didcomm.presenting import PresentationReceived, PresentProof, Verified
from protocols.didcomm.protocol import ThreadState, Transition

PROTOCOLS = {1: "present-proof-2", 2: "present-proof"}
"""The plugin for each DIDComm version."""
Moved = tuple[Transition, tuple[Effect, ...]]


@dataclass(frozen=True, slots=True)
class AskForProof:
    """Request: what is asked of a contact, in a new thread or for its proposal in `thread`."""

    terms: ProofTerms
    contact: UUID | None = None
    thread: UUID | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ProposeProof:
    """Request: what we could show, in a format's own JSON, to a contact or against its request in `thread`."""

    attached: tuple[Attached, ...]
    contact: UUID | None = None
    thread: UUID | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Present:
    """Request: answer the request that a thread stands at, with these credentials or whichever fit."""

    thread: UUID
    credentials: Sequence[UUID] = ()


async def ask_for_proof(scope: Scope, request: AskForProof) -> UUID:
    """The thread. Raises NoConnection, NoThread, OutOfOrder, and what is wrong with the terms."""
    format_ = proof_for(request.terms)
    asked = await format_.ask(scope, request.terms)
    known = {**asked.known, "attachment_format": format_.requests}
    said = Said("request-presentation", (asked.attached,), request.comment)
    if request.thread is None:
        parameters = {"said": said, "data": known, "expires_time": asked.expires_time}
        return await _begin(scope, request.contact, parameters, asked.effects)

    async def move(protocol: Any, state: ThreadState, _thread: Thread) -> Moved:
        return _proving(protocol).move(state, said, known, asked.expires_time), asked.effects

    return await continue_thread(scope, request.thread, move)


async def propose_proof(scope: Scope, request: ProposeProof) -> UUID:
    """The thread. Raises NoConnection, NoThread, OutOfOrder."""
    said = Said("propose-presentation", request.attached, request.comment)
    if request.thread is None:
        return await _begin(scope, request.contact, {"said": said}, ())

    async def move(protocol: Any, state: ThreadState, _thread: Thread) -> Moved:
        return _proving(protocol).move(state, said, {}), ()

    return await continue_thread(scope, request.thread, move)


async def _begin(scope: Scope, contact: UUID | None, parameters: Any, effects: tuple[Effect, ...]) -> UUID:
    if contact is None:
        raise NotOverDidcomm("a contact or a thread")
    protocol = PROTOCOLS[(await show_contact(scope, contact)).version]
    return await begin_protocol(scope, BeginProtocol(contact, protocol, parameters), effects)


async def check_presentation(
    scope: Scope, _arrival: Arrival, _thread: Thread, question: PresentationReceived
) -> tuple[Verified | Declined, tuple[Effect, ...]]:
    """What a presentation for our request comes to; it counts once the thread is settled."""
    format_ = asked_by_us(question.data)
    if format_ is None:
        return Declined("it was asked for in another format"), ()
    return await format_.verify(scope, question.data, question.said)


async def present(scope: Scope, request: Present) -> UUID:
    """Show what the thread's request asks for. Raises NoThread, NotNow, NothingFits, InvalidDefinition, Malformed."""

    async def move(protocol: Any, state: ThreadState, thread: Thread) -> Moved:
        if state.state != "request-received":
            raise NotNow("nothing is asked for here")
        asked = state.data["request"]
        if asked.get("expires_time", scope.now().timestamp() + 1) <= scope.now().timestamp():
            raise NotNow("the request has ended")
        found = asked_in(asked["attached"])
        if found is None:
            raise NotNow("in no format that we know")
        format_, content = found
        shown, credentials = await format_.present(scope, content, request.credentials)

        async def record(unit: Any) -> None:
            for one in credentials:
                unit.record(AuditEvent("credential.presented", "credential", one, "present", thread.id))

        said, known = Said("presentation", (shown,)), {"credentials": [str(one) for one in credentials]}
        return _proving(protocol).move(state, said, known), (record,)

    return await continue_thread(scope, request.thread, move)


def _proving(protocol: Any) -> PresentProof:
    """Raises NotNow for a thread of another protocol."""
    if not isinstance(protocol, PresentProof):
        raise NotNow("a thread of another protocol")
    return protocol
