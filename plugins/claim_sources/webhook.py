"""Claims from the tenant's own system: one signed POST (Standard Webhooks 1.0), one answer.

The body is `{"id", "timestamp", "issuance_id", "credential_configuration_id", "type", "subject", "given"}`. The answer
repeats `id`, and `subject` where one was named: 200 with `claims`, 202 with `interval` (seconds) when they come later,
404 when the person has none.
"""

import hmac
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, ClassVar
from urllib.parse import urlsplit

from protocols.encoding import parse_json_object, render_json
from protocols.errors import Malformed
from protocols.ports import ClaimsFound, ClaimsLater, ClaimsRequest, Fetched, PluginTools
from protocols.ports.sources import InvalidSettings, NoClaims, SourceUnavailable, SourceUntrustworthy
from protocols.ports.tools import FetchFailed, FetchRefused

_LONGEST = 262_144
_MONTH = 31 * 86_400
_MEMBERS = {200: {"id", "subject", "claims"}, 202: {"id", "subject", "interval"}}


class Webhook:
    """`ports.ClaimSource`. Settings: `url`; `secret_version`, raised by one to rotate the secret."""

    kind: ClassVar[str] = "webhook"

    def __init__(self, tools: PluginTools) -> None:
        self._fetch = tools.fetch

    def require_settings(self, settings: Mapping[str, Any]) -> None:
        """An address without user information or fragment; the guarded fetch has the last word about it."""
        url = settings.get("url")
        if settings.keys() - {"url", "secret_version"}:
            raise InvalidSettings("url and secret_version only")
        version = settings.get("secret_version", 1)
        if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= 1_000_000:
            raise InvalidSettings("secret_version")
        if not isinstance(url, str) or len(url) > 2048:
            raise InvalidSettings("url")
        try:
            parts = urlsplit(url)
        except ValueError:
            raise InvalidSettings("url") from None
        if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.fragment:
            raise InvalidSettings("url")

    async def claims(self, settings: Mapping[str, Any], request: ClaimsRequest) -> ClaimsFound | ClaimsLater:
        """Ask once. Raises NoClaims, SourceUnavailable, SourceUntrustworthy."""
        body = _body(request)
        try:
            answer = await self._fetch.post(
                settings["url"], body, "application/json", _LONGEST, headers=_headers(request, body)
            )
        except (FetchRefused, FetchFailed) as error:
            raise SourceUnavailable(type(error).__name__) from None
        if answer.status == 404:
            raise NoClaims("404")
        if answer.status not in _MEMBERS:
            raise SourceUnavailable(f"answered {answer.status}")
        return _read(answer, request)


def _body(request: ClaimsRequest) -> bytes:
    return render_json(
        {
            "id": request.id,
            "timestamp": int(request.at.timestamp()),
            "issuance_id": request.issuance_id,
            "credential_configuration_id": request.credential_configuration_id,
            "type": request.type,
            "subject": request.subject,
            "given": dict(request.given),
        }
    )


def _headers(request: ClaimsRequest, body: bytes) -> dict[str, str]:
    """One signature for each secret, so that a receiver may change over at leisure."""
    moment = str(int(request.at.timestamp()))
    signed = b".".join((request.id.encode(), moment.encode(), body))
    signatures = [b64encode(hmac.digest(secret, signed, sha256)).decode() for secret in request.secrets]
    return {
        "webhook-id": request.id,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(f"v1,{one}" for one in signatures),
    }


def _read(answer: Fetched, request: ClaimsRequest) -> ClaimsFound | ClaimsLater:
    """What was agreed on, and an answer to this question about this person."""
    if answer.media_type != "application/json":
        raise SourceUntrustworthy("content type")
    try:
        body = parse_json_object(answer.body)
    except Malformed as error:
        raise SourceUntrustworthy(error.detail) from None
    if body.keys() - _MEMBERS[answer.status]:
        raise SourceUntrustworthy("members")
    if body.get("id") != request.id:
        raise SourceUntrustworthy("id")
    if body.get("subject") != request.subject:
        raise SourceUntrustworthy("subject")
    if answer.status == 202:
        return _later(body.get("interval"))
    claims = body.get("claims")
    if not isinstance(claims, dict):
        raise SourceUntrustworthy("claims")
    return ClaimsFound(claims)


def _later(interval: Any) -> ClaimsLater:
    if not isinstance(interval, int) or isinstance(interval, bool) or not 1 <= interval <= _MONTH:
        raise SourceUntrustworthy("interval")
    return ClaimsLater(interval)
