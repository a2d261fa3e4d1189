"""POST /notification: what became of a credential (OpenID4VCI 1.0, 11)."""

from agent.audit import AuditEvent
from agent.operations.issuing import sender_constraint
from agent.operations.issuing.codes import digest
from agent.scope import Scope
from protocols.oauth.errors import InvalidToken
from protocols.openid4vci.errors import InvalidNotificationId
from protocols.openid4vci.notification import NotificationRequest


async def receive_notification(scope: Scope, request: NotificationRequest) -> None:
    """Record the event. Raises InvalidToken, InvalidNotificationId."""
    token = digest(request.access_token.value)
    async with scope.unit() as unit:
        issuance = await unit.issuances.notified(token, digest(request.notification_id), request.event)
        if issuance is None:
            raise InvalidNotificationId() if await unit.issuances.knows_token(token) else InvalidToken()
        marks = sender_constraint.at_resource(
            scope, request.access_token, issuance.dpop_thumbprint, issuance.certificate_thumbprint
        )
        if not await unit.replay_marks.spend(marks):
            raise sender_constraint.replayed()
        unit.record(AuditEvent("notification.received", "issuance", issuance.id, request.event, issuance.id))
        await unit.commit()
