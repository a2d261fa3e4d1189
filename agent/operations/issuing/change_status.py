"""POST /credentials/status, /credentials/{credential}/revoke, /suspend, /reinstate: rows, lists and record at once."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.messaging.notify_revoked import notices_of
from agent.scope import Scope
from agent.scope.status import REINSTATE, REVOKE, SUSPEND, CannotSay, StatusChange
from protocols.errors import ProtocolError

CHANGED = "status_list.changed"
"""Topic of the outbox: a list has something new to say."""
_VERBS = {"revoked": "revoke", "suspended": "suspend", "active": "reinstate"}
_EVENTS = {"revoked": "credential.revoked", "suspended": "credential.suspended", "active": "credential.reinstated"}


class NoSuchCredential(ProtocolError):
    """There is no such credential."""

    code = "not_found"
    status = 404


class NotFromThisState(ProtocolError):
    """The credential's status does not allow this: what was revoked stays revoked."""

    code = "invalid_status_change"
    status = 409


class ListCannotSay(ProtocolError):
    """The credential's status list knows no such status."""

    code = "unsupported_status"
    status = 409


@dataclass(frozen=True, slots=True)
class ChangeStatus:
    """Request: credentials, or the issuances they came from; the reason is a code word."""

    named: Sequence[UUID]
    reason: str


def change_status(change: StatusChange) -> Callable[[Scope, ChangeStatus], Awaitable[Sequence[UUID]]]:
    """The operation for one kind of change; answers the ids of the credentials that changed."""

    async def operate(scope: Scope, request: ChangeStatus) -> Sequence[UUID]:
        """Raises NoSuchCredential, NotFromThisState, ListCannotSay: then nothing has changed."""
        notices = await notices_of(scope, request.named) if change is REVOKE else {}
        async with scope.unit() as unit:
            try:
                changed, lists = await unit.status_lists.change(
                    request.named, change, scope.plugins["status_mechanisms"], request.reason
                )
            except CannotSay:
                raise ListCannotSay(change.after) from None
            if not changed:
                raise NotFromThisState() if await unit.status_lists.exists(request.named) else NoSuchCredential()
            event = _EVENTS[change.after]
            for credential, kind in changed.items():
                metadata = {"reason": request.reason, "type": kind}
                unit.record(AuditEvent(event, "credential", credential, _VERBS[change.after], metadata=metadata))
                for notice in notices.get(credential, ()):
                    await notice(unit)
            for uri in lists:
                unit.send(CHANGED, uri, {"uri": uri})
            await unit.commit()
        return sorted(changed)

    return operate


revoke_credentials = change_status(REVOKE)
suspend_credentials = change_status(SUSPEND)
reinstate_credentials = change_status(REINSTATE)
