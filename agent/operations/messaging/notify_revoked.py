"""Whom we issued a credential over DIDComm is told when it is revoked, and we are told by others."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.messaging.begin_protocol import BeginProtocol, prepare_protocol
from agent.operations.messaging.envelope import Arrival
from agent.operations.messaging.questions import Effect
from agent.scope import Scope
from agent.scope.messaging import Step, Thread
from protocols.didcomm.catalog.revocation_notification import RevocationTold
from protocols.errors import ProtocolError

_ISSUING = ("https://didcomm.org/issue-credential/3.0", "https://didcomm.org/issue-credential/2.0")


async def notices_of(scope: Scope, named: Sequence[UUID]) -> Mapping[UUID, Sequence[Effect]]:
    """By credential, what writes the notice of its revocation; none for what came another way. `named` are credentials
    or issuances."""
    async with scope.unit() as unit:
        found: Sequence[tuple[UUID, Thread]] = await unit.conversations.about(named)
    notices: defaultdict[UUID, list[Effect]] = defaultdict(list)
    for credential, thread in found:
        notices[credential] += await _notice(scope, thread, "revocation-notification-1", {"thread": thread.thid})
    return notices


async def notice_of_place(scope: Scope, thread: UUID, registry: str, place: int) -> Sequence[Effect]:
    """The same for a credential of AnonCreds that was issued in a thread."""
    async with scope.unit() as unit:
        found: Thread | None = await unit.conversations.get(thread)
    if found is None:
        return ()
    return await _notice(scope, found, "revocation-notification-2", {"registry": registry, "place": place})


async def _notice(scope: Scope, thread: Thread, protocol: str, parameters: Mapping[str, Any]) -> Sequence[Effect]:
    """Nothing when nobody is there to be told: a revocation never waits for that."""
    if thread.connection is None:
        return ()
    try:
        step = await prepare_protocol(scope, BeginProtocol(thread.connection, protocol, parameters))
    except ProtocolError:
        return ()
    return (_writing(step),)


def _writing(step: Step) -> Effect:
    async def write(unit: Any) -> None:
        await unit.conversations.settle(step)
        metadata = {"protocol": step.thread.protocol, "state": step.state.state, "messages": len(step.written)}
        unit.record(AuditEvent("didcomm.begun", "thread", step.thread.id, "update", step.thread.id, metadata))

    return write


async def note_revoked(
    scope: Scope, arrival: Arrival, thread: Thread, question: RevocationTold
) -> tuple[str | None, tuple[Effect, ...]]:
    """What this peer issued to us in that thread is held as revoked from now on; of others' words nothing comes."""
    for protocol in _ISSUING:
        named = Thread(thread.id, thread.peer, question.thid, protocol, connection=thread.connection)
        async with scope.unit() as unit:
            found: Thread = await unit.conversations.thread(named)
        if found.state is None or found.state.role != "holder" or "credential" not in found.state.data:
            continue
        credential = UUID(found.state.data["credential"])

        async def revoke(unit: Any, credential: UUID = credential) -> None:
            await unit.holdings.revoked(credential)
            unit.record(AuditEvent("credential.told_revoked", "credential", credential, "update", credential))

        return str(credential), (revoke,)
    return None, ()
