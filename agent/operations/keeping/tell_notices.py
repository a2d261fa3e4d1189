"""A tenant's own system is told what concerns the tenant: one signed POST (Standard Webhooks 1.0), from the outbox."""

from collections.abc import Mapping
from typing import Any

from agent.operations.administering.configure_verifier import InvalidSettings
from agent.operations.verifying.notify_verifier import NotDelivered, signed
from agent.scope import Scope
from protocols.encoding import render_json

TOPIC = "tenant.notice"
NOTICES = ("limit.near", "limit.reached")
_LONGEST = 65_536


def tell(scope: Scope, unit: Any, event: str, data: Mapping[str, Any]) -> None:
    """Leave a notice in the outbox, with the transaction that it is about, where the tenant wants it."""
    settings = scope.catalogue.tenant
    if settings.webhook is not None and event in settings.events:
        unit.send(TOPIC, event, {"type": event, "data": dict(data)})


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
