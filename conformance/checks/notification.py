"""Notification endpoint (OpenID4VCI 1.0, 11)."""

import secrets
from typing import Any

from conformance.registry import check
from conformance.session import Session, standing
from conformance.verdict import expect, expect_error, expect_unauthorized, skip
from conformance.wallet import Issuance


async def _notifiable(session: Session) -> tuple[Issuance, dict[str, Any]]:
    """An issuance that ended with a notification_id, and the notification an honest wallet would send."""
    issuance = await Issuance.authorized(session)
    answer = await issuance.post_credential(issuance.credential_request(await issuance.proof()))
    identifier = standing(answer).get("notification_id")
    if identifier is None:
        skip("the credential response has no notification_id")
    return issuance, {"notification_id": identifier, "event": "credential_accepted"}


@check("notification-accepted")
async def notification_is_accepted(session: Session) -> None:
    """credential_accepted for the id of the credential response: 2xx."""
    issuance, body = await _notifiable(session)
    if "notification_endpoint" not in issuance.issuer:
        expect(False, "a notification_endpoint, for a notification_id was returned", "none")
    answer = await issuance.notify(body)
    expect(200 <= answer.status < 300, "HTTP 2xx", answer)


@check("notification-repeated")
async def notification_may_be_repeated(session: Session) -> None:
    """The same notification twice: both 2xx."""
    issuance, body = await _notifiable(session)
    await issuance.notify(body)
    answer = await issuance.notify(body)
    expect(200 <= answer.status < 300, "HTTP 2xx for the same notification again", answer)


@check("notification-unknown-member")
async def unknown_members_are_ignored(session: Session) -> None:
    """A member that nobody defined."""
    issuance, body = await _notifiable(session)
    answer = await issuance.notify({**body, "undefined_member": "x"})
    expect(200 <= answer.status < 300, "HTTP 2xx, the member ignored", answer)


@check("notification-id-unknown")
async def unknown_id_is_refused(session: Session) -> None:
    """An id that nobody issued."""
    issuance, body = await _notifiable(session)
    unknown = {**body, "notification_id": secrets.token_urlsafe(24)}
    expect_error(await issuance.notify(unknown), "invalid_notification_id")


@check("notification-event-unknown")
async def unknown_event_is_refused(session: Session) -> None:
    """An event that nobody defined."""
    issuance, body = await _notifiable(session)
    expect_error(await issuance.notify({**body, "event": "credential_eaten"}), "invalid_notification_request")


@check("notification-no-token")
async def token_is_required(session: Session) -> None:
    """No Authorization header."""
    issuance, body = await _notifiable(session)
    expect_unauthorized(await issuance.notify(body, headers={}))
