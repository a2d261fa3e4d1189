"""A tenant is told what concerns it, from the outbox: one signed POST (Standard Webhooks 1.0), a mail, or both."""

from collections.abc import Mapping
from typing import Any

from agent.operations.administering.configure_verifier import InvalidSettings
from agent.operations.verifying.notify_verifier import NotDelivered, signed
from agent.scope import Scope
from agent.scope.settings import Letter
from protocols.encoding import render_json

TOPIC = "tenant.notice"
MAIL_TOPIC = "tenant.notice.mail"
KEY_EXPIRING, COMPLIANCE_DUE, QUALITY_BELOW = "key.expiring", "compliance.due", "quality.below"
NOTICES = ("limit.near", "limit.reached", KEY_EXPIRING, COMPLIANCE_DUE, QUALITY_BELOW)
_LONGEST = 65_536


def tell(scope: Scope, unit: Any, event: str, data: Mapping[str, Any]) -> None:
    """Leave a notice in the outbox, with the transaction that it is about, where the tenant wants it."""
    settings = scope.catalogue.tenant
    if event not in settings.events:
        return
    for topic, wanted in ((TOPIC, settings.webhook), (MAIL_TOPIC, settings.mail)):
        if wanted:  # each with tries of its own
            unit.send(topic, event, {"type": event, "data": dict(data)})


def letter(scope: Scope, message: str, payload: Mapping[str, Any]) -> Letter | None:
    """A notice as a mail, None where nobody wants mail any more. It names ids and code words, as the POST does."""
    to = scope.catalogue.tenant.mail
    if not to:
        return None
    lines = [f"{name}: {value}" for name, value in payload["data"].items()]
    text = "\n".join([f"Tenant {scope.tenant.name}: {payload['type']}", "", *lines, ""])
    return Letter(f"{scope.tenant.id}.{message}", to, f"Chancery: {payload['type']} ({scope.tenant.name})", text)


def notice_secret(scope: Scope, version: int) -> bytes:
    """What signs, by version: raised by one, the last two sign."""
    return scope.vault.derive("notice_webhook", scope.tenant.id.bytes, version.to_bytes(4, "big"))


async def read_notice_secret(scope: Scope, _request: None) -> bytes:
    """The newest secret. Raises InvalidSettings where there is no webhook."""
    webhook = scope.catalogue.tenant.webhook
    if webhook is None:
        raise InvalidSettings("no webhook")
    return notice_secret(scope, webhook["secret_version"])


async def send_notice(scope: Scope, message: str, payload: Mapping[str, Any]) -> None:
    """Send once; `message` is the same for every attempt. Raises NotDelivered, FetchRefused, FetchFailed."""
    webhook = scope.catalogue.tenant.webhook
    if webhook is None:  # taken away since
        return
    moment = int(scope.now().timestamp())
    body = render_json({"type": payload["type"], "id": message, "timestamp": moment, "data": payload["data"]})
    versions = (webhook["secret_version"], webhook["secret_version"] - 1)
    headers = signed(message, moment, body, [notice_secret(scope, one) for one in versions if one > 0])
    answer = await scope.fetch.post(webhook["url"], body, "application/json", _LONGEST, headers=headers)
    if not 200 <= answer.status < 300:
        raise NotDelivered(str(answer.status))
