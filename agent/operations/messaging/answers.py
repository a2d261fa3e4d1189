"""Each kind of question that a protocol asks, with the operation that answers it."""

from collections.abc import Mapping
from typing import Any

from agent.operations.messaging import handshakes, mediate
from agent.operations.messaging.abandon_thread import end_reported
from agent.operations.messaging.credentials.hold import keep_credential
from agent.operations.messaging.credentials.issue import answer_request
from agent.operations.messaging.envelope import Arrival
from agent.operations.messaging.questions import Answer, Effect
from agent.operations.messaging.show_profile import show_profile
from agent.scope import Scope
from agent.scope.messaging import Thread
from protocols.didcomm import mediating
from protocols.didcomm.catalog.connections_1 import ConnectionAsked
from protocols.didcomm.catalog.coordinate_mediation_1 import MediationByKeyAsked
from protocols.didcomm.catalog.did_exchange import ResponseAsked
from protocols.didcomm.catalog.report_problem import Reported
from protocols.didcomm.catalog.user_profile import ProfileAsked
from protocols.didcomm.issuing import CredentialReceived, CredentialRequested
from protocols.didcomm.protocol import Transition

ANSWERS: Mapping[type, Answer] = {
    mediating.MediationAsked: mediate.ask_mediation,
    MediationByKeyAsked: mediate.ask_mediation_by_key,
    mediating.KeysChanged: mediate.change_keys,
    mediating.KeysQueried: mediate.query_keys,
    mediating.RoutingGranted: mediate.note_routing,
    mediating.QueueAsked: mediate.ask_queue,
    mediating.DeliveryAsked: mediate.ask_delivery,
    mediating.MessagesReceived: mediate.forget_received,
    mediating.LiveChanged: mediate.change_live,
    ProfileAsked: show_profile,
    Reported: end_reported,
    CredentialRequested: answer_request,
    CredentialReceived: keep_credential,
    ResponseAsked: handshakes.tell_did,
    ConnectionAsked: handshakes.tell_document,
}


async def answered(
    scope: Scope, arrival: Arrival, thread: Thread, protocol: Any, transition: Transition
) -> tuple[Transition, tuple[Effect, ...]]:
    """The transition that counts: the one given, or what the protocol makes of the answers to its questions."""
    effects: tuple[Effect, ...] = ()
    while transition.ask is not None:
        question = transition.ask
        answer, more = await ANSWERS[type(question)](scope, arrival, thread, question)
        transition, effects = protocol.answered(transition.state, question, answer), (*effects, *more)
    return transition, effects
