"""Live delivery: what arrives in a queue goes out on the connection that its recipient holds open."""

from agent.operations.messaging.threads import new_id
from agent.operations.messaging.versions import VERSIONS
from agent.scope import Scope
from agent.scope.sessions import Session
from protocols.didcomm.message import Message

_AT_ONCE = 10


async def deliver_live(scope: Scope, session: Session) -> bytes | None:
    """The next envelopes that arrived since live delivery began, in a delivery message; None when there are none.

    They stay in the queue: only messages-received deletes.
    """
    live = session.live
    if live is None:
        return None
    async with scope.unit() as unit:
        held = await unit.mediations.waiting(live.mediation, _AT_ONCE, since=live.since, but=tuple(session.sent))
    if not held or session.live is not live:
        return None
    session.sent.update(one.id for one in held)
    outgoing = live.protocol.delivery(tuple((str(one.id), one.envelope) for one in held))
    message = Message(
        id=str(new_id(scope)),
        type=outgoing.type,
        body=outgoing.body,
        from_=live.identity.did,
        to=(live.peer,),
        created_time=int(scope.now().timestamp()),
        attachments=outgoing.attachments,
    )
    return await VERSIONS[live.version].pack(scope, live.identity, message)
