"""The verifier's own system is told how a presentation ended: one signed POST (Standard Webhooks 1.0), from the outbox.

The body is `{"type", "id", "timestamp", "data": {"presentation_id", "state", "errors", "report"}}`: ids and code words;
what was disclosed is asked for with a key.
"""

import hmac
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

from agent.operations.administering.configure_verifier import InvalidSettings
from agent.scope import Scope
from protocols.encoding import render_json

TOPIC = "presentation.ended"
_LONGEST = 65_536


class NotDelivered(Exception):
    """The receiver did not take it."""


def tell(scope: Scope, unit: Any, request: UUID, state: str, errors: tuple[str, ...], report: str) -> None:
    """Leave the message in the outbox, with the transaction that ends the presentation, where the verifier wants it."""
    if scope.catalogue.verifier.webhook is None:
        return
    payload = {"presentation_id": str(request), "state": state, "errors": list(errors), "report": report}
    unit.send(TOPIC, str(request), payload)


def webhook_secret(scope: Scope, version: int) -> bytes:
    """What signs, by version: raised by one, the last two sign."""
    return scope.vault.derive("presentation_webhook", scope.catalogue.verifier_id.bytes, version.to_bytes(4, "big"))


async def read_secret(scope: Scope, _request: None) -> bytes:
    """The newest secret. Raises InvalidSettings where there is no webhook."""
    webhook = scope.catalogue.verifier.webhook
    if webhook is None:
        raise InvalidSettings("no webhook")
    return webhook_secret(scope, webhook.get("secret_version", 1))


async def notify_verifier(scope: Scope, message: str, payload: Mapping[str, Any]) -> None:
    """Send once; `message` is the same for every attempt. Raises NotDelivered, FetchRefused, FetchFailed."""
    webhook = scope.catalogue.verifier.webhook
    if webhook is None:  # taken away since
        return
    now = scope.now()
    told = {"type": f"presentation.{payload['state']}", "id": message, "timestamp": int(now.timestamp())}
    body = render_json({**told, "data": dict(payload)})
    version = webhook.get("secret_version", 1)
    secrets = [webhook_secret(scope, one) for one in (version, version - 1) if one > 0]
    headers = signed(message, told["timestamp"], body, secrets)
    answer = await scope.fetch.post(webhook["url"], body, "application/json", _LONGEST, headers=headers)
    if not 200 <= answer.status < 300:
        raise NotDelivered(str(answer.status))


def signed(message: str, moment: Any, body: bytes, secrets: list[bytes]) -> dict[str, str]:
    """The headers of Standard Webhooks 1.0: the message's id, its moment, and one signature for each secret."""
    content = b".".join((message.encode(), str(moment).encode(), body))
    signatures = [b64encode(hmac.digest(secret, content, sha256)).decode() for secret in secrets]
    return {
        "webhook-id": message,
        "webhook-timestamp": str(moment),
        "webhook-signature": " ".join(f"v1,{one}" for one in signatures),
    }
