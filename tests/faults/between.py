"""A front that shows one planted bug to everybody: every check of an issuer, one tenant of each kind."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.web_request import BaseRequest
from multidict import CIMultiDict

from tests.faults.front import Answered, Asked, Bug, Forward

ENDPOINTS = {
    "make-offer": r"POST /api/v1/credential-offers",
    "issuer-metadata": r"GET /\.well-known/openid-credential-issuer/.*",
    "server-metadata": r"GET /\.well-known/oauth-authorization-server/.*",
    "documents": r"GET /\.well-known/(openid-credential-issuer|oauth-authorization-server)/.*",
    "base": r"GET /t/[^/]+",
    "jwks": r"GET /t/[^/]+/jwks",
    "offer": r"GET /t/[^/]+/credential-offers/.*",
    "par": r"(GET|POST) /t/[^/]+/par",
    "authorize": r"GET /t/[^/]+/authorize",
    "page": r"GET /t/[^/]+/authorize/[^/]+",
    "sign-in": r"POST /t/[^/]+/authorize/[^/]+/sign-in",
    "decision": r"POST /t/[^/]+/authorize/[^/]+/decision",
    "browser": r"(GET|POST) /t/[^/]+/authorize.*",
    "challenge": r"POST /t/[^/]+/challenge",
    "token": r"(GET|POST) /t/[^/]+/token",
    "nonce": r"POST /t/[^/]+/nonce",
    "credential": r"(GET|POST) /t/[^/]+/credential",
    "deferred": r"POST /t/[^/]+/deferred_credential",
    "notification": r"POST /t/[^/]+/notification",
    "type-metadata": r"GET /t/[^/]+/types/.*",
    "status-list": r"GET /t/[^/]+/status-lists/.*",
    "invite": r"POST /api/v1/didcomm/invitations",
    "inbox": r"POST /t/[^/]+/didcomm",
    "invitation": r"GET /t/[^/]+/didcomm",
}
_DROPPED = frozenset({"content-length", "transfer-encoding", "connection", "server", "host"})


@dataclass(slots=True)
class Between:
    """An aiohttp handler before the real server at `behind`. `planted` is the check whose bug is shown now."""

    behind: str
    session: aiohttp.ClientSession
    bugs: Mapping[str, tuple[str, Bug]]
    planted: str | None = None
    memory: dict[str, Any] = field(default_factory=dict)

    def plant(self, check: str | None) -> None:
        self.planted, self.memory = check, {}

    async def __call__(self, request: BaseRequest) -> web.Response:
        asked = Asked(request.method, request.raw_path, request.headers, await request.content.read())
        endpoint, bug = self.bugs.get(self.planted or "", ("", None))
        if bug and re.fullmatch(ENDPOINTS[endpoint], f"{asked.method} {asked.target.partition('?')[0]}"):
            answer = await bug(asked, self.forward, self.memory)
        else:
            answer = await self.forward(asked)
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)

    async def forward(self, asked: Asked) -> Answered:
        """The real server's answer; repeated headers stay repeated."""
        headers = CIMultiDict(pair for pair in asked.headers.items() if pair[0].lower() not in _DROPPED)
        headers["Accept-Encoding"] = "identity"
        async with self.session.request(
            asked.method, self.behind + asked.target, data=asked.body, headers=headers, allow_redirects=False
        ) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _DROPPED}
            return Answered(answer.status, kept, await answer.read())


def when(condition: Callable[[Asked], object], bug: Bug) -> Bug:
    """The bug only where the request is so."""

    async def found(asked: Asked, forward: Forward, memory: dict[str, Any]) -> Answered:
        return await (bug(asked, forward, memory) if condition(asked) else forward(asked))

    return found


def page_instead(body: str = "<p>Fine</p>", status: int = 200) -> Bug:
    """A page where the real server refuses."""

    async def bug(asked: Asked, forward: Forward, _memory: dict[str, Any]) -> Answered:
        answer = await forward(asked)
        if answer.status < 400:
            return answer
        return Answered(status, {"Content-Type": "text/html"}, body.encode())

    return bug


def takes(key: Callable[[Asked], str], code: str = "invalid_grant") -> Bug:
    """Refuses the second of the same by itself, so that nothing else comes of it."""

    async def bug(asked: Asked, forward: Forward, memory: dict[str, Any]) -> Answered:
        if key(asked) in memory:
            return Answered(400, {"Content-Type": "application/json"}, f'{{"error": "{code}"}}'.encode())
        memory[key(asked)] = True
        return await forward(asked)

    return bug
