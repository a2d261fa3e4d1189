"""The issuer's part of Issue Credential: offer, and issue what is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from agent.operations.messaging.begin_protocol import BeginProtocol, begin_protocol
from agent.operations.messaging.continue_thread import NotNow, continue_thread
from agent.operations.messaging.credentials.attaching import Answer, NotOverDidcomm, Offer, OfferTerms
from agent.operations.messaging.credentials.formats import format_for, remembered
from agent.operations.messaging.envelope import Arrival
from agent.operations.messaging.look import show_contact
from agent.operations.messaging.questions import Effect
from agent.scope import Scope
from agent.scope.messaging import Thread
from protocols.didcomm.attached import Attached, Said
from protocols.didcomm.exchanging import Declined
from protocols.didcomm.issuing import CredentialRequested, IssueCredential, Later
from protocols.didcomm.protocol import ThreadState, Transition

PROTOCOLS = {1: "issue-credential-2", 2: "issue-credential"}
"""The plugin for each DIDComm version."""


@dataclass(frozen=True, slots=True)
class OfferCredential:
    """Request: what is offered to a contact, in a new thread or as the answer to its proposal in `thread`."""

    terms: OfferTerms
    contact: UUID | None = None
    thread: UUID | None = None
    comment: str = ""
    goal_code: str = ""


async def offer_credential(scope: Scope, request: OfferCredential) -> UUID:
    """The thread. Raises NoConnection, NoThread, OutOfOrder, and what the format refuses to offer."""
    format_ = format_for(request.terms)
    offer = await format_.offer(scope, request.terms)
    said = Said("offer-credential", (offer.attached,), request.comment, request.goal_code, offer.preview)
    known = {**offer.known, "attachment_format": format_.offers}
    if request.thread is not None:
        return await _answer_proposal(scope, request.thread, offer, said, known)
    if request.contact is None:
        raise NotOverDidcomm("a contact or a thread")
    protocol = PROTOCOLS[(await show_contact(scope, request.contact)).version]
    parameters = {"said": said, "data": known, "expires_time": offer.expires_time}
    return await begin_protocol(
        scope, BeginProtocol(request.contact, protocol, parameters), offer.effects, offer.issuance
    )


async def _answer_proposal(scope: Scope, row: UUID, offer: Offer, said: Said, known: Mapping[str, Any]) -> UUID:
    async def move(protocol: Any, state: ThreadState, _thread: Thread) -> tuple[Transition, tuple[Effect, ...]]:
        return _issuing(protocol).move(state, said, known, offer.expires_time), offer.effects

    return await continue_thread(scope, row, move, offer.issuance)


async def answer_request(scope: Scope, _arrival: Arrival, thread: Thread, question: CredentialRequested) -> Answer:
    """What a request for what we offered comes to; the credential counts once the thread is settled."""
    format_ = remembered(question.data)
    if format_ is None:
        return Declined("the offer was in another format"), ()
    return await format_.issue(scope, {**question.data, "thread": str(thread.id)}, question.said)


async def issue_requested(scope: Scope, row: UUID) -> UUID:
    """Issue what was asked for and had to wait (for an approval, say). Raises NoThread, NotNow."""

    async def move(protocol: Any, state: ThreadState, thread: Thread) -> tuple[Transition, tuple[Effect, ...]]:
        format_ = remembered(state.data)
        if format_ is None or state.state != "request-received":
            raise NotNow("nothing was asked for")
        attached = tuple(Attached(one["format"], one["content"]) for one in state.data["request"]["attached"])
        appended = state.data["request"].get("appended", {})
        question = CredentialRequested(Said("request-credential", attached, appended=appended), state.data)
        answer, effects = await format_.issue(scope, {**state.data, "thread": str(thread.id)}, question.said)
        if isinstance(answer, Later):
            raise NotNow(", ".join(answer.waiting_for))
        return _issuing(protocol).answered(state, question, answer), effects

    return await continue_thread(scope, row, move)


def _issuing(protocol: Any) -> IssueCredential:
    """Raises NotNow for a thread of another protocol."""
    if not isinstance(protocol, IssueCredential):
        raise NotNow("a thread of another protocol")
    return protocol
