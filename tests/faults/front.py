"""The front: passes everything to the real server, but for the one exchange that the planted bug is about."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import web
from aiohttp.web_request import BaseRequest

ENDPOINTS = {
    "make-offer": r"POST /api/v1/credential-offers",
    "make-request": r"POST /api/v1/presentation-requests",
    "result": r"GET /api/v1/presentation-requests/[^/]+",
    "return-code": r"POST /api/v1/presentation-requests/[^/]+/response-code",
    "digital-request": r"GET /api/v1/presentation-requests/[^/]+/digital-credential-request",
    "issuer-metadata": r"GET /\.well-known/openid-credential-issuer/.*",
    "server-metadata": r"GET /\.well-known/oauth-authorization-server/.*",
    "offer": r"GET /t/[^/]+/credential-offers/.*",
    "token": r"POST /t/[^/]+/token",
    "nonce": r"POST /t/[^/]+/nonce",
    "credential": r"POST /t/[^/]+/credential",
    "notification": r"POST /t/[^/]+/notification",
    "status-list": r"GET /t/[^/]+/status-lists/.*",
    "request-object": r"GET /t/[^/]+/presentation-requests/.*",
    "request-object-post": r"POST /t/[^/]+/presentation-requests/.*",
    "response": r"POST /t/[^/]+/presentation-responses/.*",
}
_TENANT = re.compile(r"/t/([a-z0-9-]+)")
_KEPT = ("Content-Type", "Cache-Control", "WWW-Authenticate", "Date", "Location")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request on its way in."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def tenant(self) -> str:
        """By the path; at the admin API by the key."""
        found = _TENANT.search(self.target)
        return found[1] if found else self.headers.get("Authorization", "").partition("chy_")[2].partition("_")[0]

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def json(self) -> dict[str, Any]:
        value = json.loads(self.body or b"null")
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer on its way out."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def good(self) -> bool:
        return self.status < 300

    def with_json(self, value: Any) -> "Answered":
        return replace(self, body=json.dumps(value).encode())

    def with_header(self, name: str, value: str | None) -> "Answered":
        others = {other: kept for other, kept in self.headers.items() if other.lower() != name.lower()}
        return replace(self, headers=others if value is None else {**others, name: value})


Forward = Callable[[Asked], Awaitable[Answered]]
Bug = Callable[[Asked, Forward, dict[str, Any]], Awaitable[Answered]]


@dataclass(slots=True)
class Front:
    """An aiohttp handler before the real server at `behind`; `bugs` by check: the endpoint, and what it does there.

    `planted` is the check whose bug is shown at the moment."""

    behind: str
    session: aiohttp.ClientSession
    bugs: Mapping[str, tuple[str, Bug]]
    planted: str | None = None
    _memory: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def __call__(self, request: BaseRequest) -> web.Response:
        asked = Asked(request.method, request.raw_path, request.headers, await request.content.read())
        endpoint, bug = self.bugs.get(self.planted or "", ("", None))
        if bug and re.fullmatch(ENDPOINTS[endpoint], f"{asked.method} {asked.target.partition('?')[0]}"):
            answer = await bug(asked, self.forward, self._memory.setdefault(self.planted or "", {}))
        else:
            answer = await self.forward(asked)
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)

    async def forward(self, asked: Asked) -> Answered:
        """The real server's answer."""
        headers = {
            name: value for name, value in asked.headers.items() if name.lower() not in ("host", "content-length")
        } | {"Accept-Encoding": "identity"}
        async with self.session.request(
            asked.method, self.behind + asked.target, data=asked.body, headers=headers, allow_redirects=False
        ) as answer:
            kept = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
            return Answered(answer.status, kept, await answer.read())


# ------------------------------------------------------------------------------------------------------ what bugs do
def always(change: Callable[[Answered], Answered]) -> Bug:
    """Changes every answer."""

    async def bug(asked: Asked, forward: Forward, _memory: dict[str, Any]) -> Answered:
        return change(await forward(asked))

    return bug


def member(name: str, value: Any = None, *path: str | int) -> Bug:
    """A JSON member set, or taken away when there is no value; `path` leads to the object that has it."""

    def change(answer: Answered) -> Answered:
        document = answer.json
        inner = document
        for step in path:
            inner = inner[step]
        put(inner, name, value(inner.get(name)) if callable(value) else value)
        return answer.with_json(document)

    return always(change)


def put(document: dict[str, Any], name: str, value: Any) -> None:
    document.pop(name, None) if value is None else document.update({name: value})


def header(name: str, value: str | None) -> Bug:
    """A header set, or taken away."""
    return always(lambda answer: answer.with_header(name, value))


def status(code: int) -> Bug:
    """Another status."""
    return always(lambda answer: replace(answer, status=code))


def error(code: str) -> Bug:
    """Another error code than the one that belongs there."""
    return always(lambda answer: answer if answer.good else answer.with_json({**answer.json, "error": code}))


def accepts(body: Any, code: int = 200) -> Bug:
    """Success where the real server refuses."""
    success = Answered(code, {"Content-Type": "application/json"}, json.dumps(body).encode())
    return always(lambda answer: answer if answer.good else success)


def refuses(code: str = "invalid_request", when: Callable[[Asked], bool] = lambda _: True) -> Bug:
    """A refusal of what the real server would take."""

    async def bug(asked: Asked, forward: Forward, _memory: dict[str, Any]) -> Answered:
        if when(asked):
            return Answered(400, {"Content-Type": "application/json"}, json.dumps({"error": code}).encode())
        return await forward(asked)

    return bug


def same(name: str) -> Bug:
    """The member that was given first, again and again."""

    async def bug(asked: Asked, forward: Forward, memory: dict[str, Any]) -> Answered:
        answer = await forward(asked)
        value = memory.setdefault(name, answer.json[name])
        return answer.with_json({**answer.json, name: value})

    return bug


def repeats(key: Callable[[Asked], str]) -> Bug:
    """What succeeded once succeeds again, with the same answer."""

    async def bug(asked: Asked, forward: Forward, memory: dict[str, Any]) -> Answered:
        answer = await forward(asked)
        return memory.setdefault(key(asked), answer) if answer.good else memory.get(key(asked), answer)

    return bug


Jwt = Callable[[dict[str, Any], dict[str, Any]], None]


def decoded(part: str) -> Any:
    """The JSON in a part of a JWT."""
    return json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def rewritten(token: str, change: Jwt) -> str:
    """A JWT's header and claims changed, its signature left as it was."""
    head, body, signature = token.split(".")
    parts = [decoded(part) for part in (head, body)]
    change(*parts)
    encoded = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, signature])


def turned(token: str) -> str:
    """One bit of the signature turned."""
    head, _, signature = token.rpartition(".")
    first = "B" if signature[0] == "A" else "A"
    return f"{head}.{first}{signature[1:]}"


def jwt(change: Jwt) -> Bug:
    """The JWT that is the whole body, changed."""
    return always(lambda answer: replace(answer, body=rewritten(answer.body.decode(), change).encode()))


def credential(change: Callable[[str, list[str]], str]) -> Bug:
    """The issued SD-JWT, made anew by `change` from its JWT and its disclosures."""

    def changed(answer: Answered) -> Answered:
        if not answer.good:
            return answer
        document = answer.json
        for one in document["credentials"]:
            token, *disclosures = one["credential"].split("~")[:-1]
            one["credential"] = change(token, disclosures)
        return answer.with_json(document)

    return always(changed)


def issued(change: Jwt) -> Bug:
    """The issuer-signed JWT of the credential, changed."""
    return credential(lambda token, disclosures: "~".join([rewritten(token, change), *disclosures, ""]))
