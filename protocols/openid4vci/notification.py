"""The Notification Endpoint (OpenID4VCI 1.0, 11)."""

from dataclasses import dataclass

from protocols.errors import Malformed
from protocols.http import Call, Reply
from protocols.oauth import access_token
from protocols.oauth.access_token import PresentedToken
from protocols.openid4vci.errors import InvalidNotificationId, InvalidNotificationRequest

EVENTS = frozenset({"credential_accepted", "credential_failure", "credential_deleted"})


@dataclass(frozen=True, slots=True)
class NotificationRequest:
    """What became of a credential; the description is the wallet's text and is not kept."""

    access_token: PresentedToken
    notification_id: str
    event: str


def parse(call: Call) -> NotificationRequest:
    """The request. Raises InvalidToken, InvalidNotificationRequest, InvalidNotificationId."""
    token = access_token.presented(call)
    try:
        body = call.json()
    except Malformed as error:
        raise InvalidNotificationRequest(error.detail) from None
    if not isinstance(body, dict) or not isinstance(body.get("event_description", ""), str):
        raise InvalidNotificationRequest("not as section 11.1 says")
    if body.get("event") not in EVENTS:
        raise InvalidNotificationRequest("event")
    notification_id = body.get("notification_id")
    if not isinstance(notification_id, str):
        raise InvalidNotificationRequest("notification_id")
    if not 1 <= len(notification_id) <= 256:
        raise InvalidNotificationId("length")
    return NotificationRequest(token, notification_id, body["event"])


def render(_: None) -> Reply:
    """Success has no body (11.2)."""
    return Reply(204)
