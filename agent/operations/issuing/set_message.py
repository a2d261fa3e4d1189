"""POST /credentials/{credential}/message: what the list of messages says of it (Bitstring Status List 1.0, 2.1)."""

from dataclasses import dataclass
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.issuing.change_status import CHANGED, ListCannotSay, NoSuchCredential
from agent.scope import Scope
from agent.scope.status import CannotSay


@dataclass(frozen=True, slots=True)
class SetMessage:
    """Request: a credential, and the number of a message of its list; the reason is a code word."""

    credential: UUID
    value: int
    reason: str


async def set_message(scope: Scope, request: SetMessage) -> None:
    """Takes nothing away from the credential. Raises NoSuchCredential, ListCannotSay."""
    async with scope.unit() as unit:
        try:
            uri: str | None = await unit.status_lists.say(
                request.credential, "message", request.value, scope.plugins["status_mechanisms"], request.reason
            )
        except CannotSay:
            raise ListCannotSay("no such message") from None
        if uri is None:
            known = await unit.status_lists.exists((request.credential,))
            raise ListCannotSay("no list of messages") if known else NoSuchCredential()
        metadata = {"reason": request.reason, "value": request.value}
        unit.record(AuditEvent("credential.message_set", "credential", request.credential, "update", None, metadata))
        unit.send(CHANGED, uri, {"uri": uri})
        await unit.commit()
