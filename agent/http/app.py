"""The door: tables of routes in, one aiohttp handler out.

Three kinds of rows: a tenant's (`/t/{tenant}/...` and path-inserted well-known documents), the admin API's
(`/api/v1/...`), and the server's own (health, metrics, pages).  The kind decides who the caller is and how a failure
is written; everything else is the row's three functions.
"""

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web
from aiohttp.web_request import BaseRequest

from agent import telemetry
from agent.http import failures
from agent.http.adapter import call_of, read_body, send
from agent.http.failures import Busy, Forbidden, MethodNotAllowed, NotFound
from agent.http.limit_routes import warned
from agent.http.router import Match, Router
from agent.http.websocket import WebSockets
from agent.operations.administering.scopes import LIMITS_READ
from agent.scope import Scope
from agent.scope.limits import API_CALLS
from agent.tenancy import PEER, Principal
from protocols.errors import ProtocolError
from protocols.http import Call, Reply, Route

WELL_KNOWN = "/.well-known/"


@dataclass(frozen=True, slots=True)
class Door:
    """What the handler needs of the rest of the house.

    `scope_of(tenant name, principal)` raises NotFound for a tenant that is not served; `authenticate(call)` answers
    the tenant name and the principal behind an admin call.
    """

    origin: str
    max_body: int
    scope_of: Callable[[str, Principal], Awaitable[Scope]]
    authenticate: Callable[[Call], Awaitable[tuple[str, Principal]]]
    serve_idempotently: Callable[[Scope, Call, Callable[[], Awaitable[Reply]]], Awaitable[Reply]]
    certificate_header: str = ""
    sockets: WebSockets | None = None


class Handler:
    """One request: find its row, say who asks, parse, operate, render."""

    def __init__(
        self, door: Door, tenant_routes: Iterable[Route], admin_routes: Iterable[Route], own_routes: Iterable[Route]
    ) -> None:
        self._door = door
        self._tenant, self._admin, self._own = Router(tenant_routes), Router(admin_routes), Router(own_routes)

    async def __call__(self, request: BaseRequest) -> web.StreamResponse:
        """The aiohttp low-level handler."""
        started = time.perf_counter()
        path = request.raw_path.split("?", 1)[0]
        kind, tenant, rest = _place(path)
        if kind == "_tenant" and rest == "didcomm" and _upgrades(request):
            return await self._converse(request, tenant)
        match = getattr(self, kind).match(rest)
        route = _name(match, request.method)
        with telemetry.span("request", route=route, method=request.method):
            reply = await self._answer(request, kind, tenant, match, route)
        telemetry.REQUESTS.count(route, request.method if match else "", str(reply.status))
        telemetry.SECONDS.observe(route, time.perf_counter() - started)
        return await send(request, reply)

    async def _converse(self, request: BaseRequest, tenant: str) -> web.StreamResponse:
        """A WebSocket of another agent, for as long as it lasts."""
        sockets = self._door.sockets
        try:
            await self._door.scope_of(tenant, PEER)
        except ProtocolError as error:
            return await send(request, failures.wire_error(error))
        if sockets is None or sockets.full():
            return await send(request, failures.wire_error(Busy("sockets")))
        telemetry.REQUESTS.count("/didcomm", "WEBSOCKET", "101")
        return await sockets.serve(request, partial(self._door.scope_of, tenant, PEER))

    async def _answer(self, request: BaseRequest, kind: str, tenant: str, match: Match | None, route: str) -> Reply:
        admin = kind == "_admin"
        try:
            row, values = _row(match, request.method)
            admin = row.requires is not None
            body = await read_body(request, self._door.max_body)
            url = self._door.origin + request.raw_path.split("?", 1)[0]
            call = call_of(request, url, values, body, self._door.certificate_header)
            return await self._serve(kind, tenant, row, call)
        except ProtocolError as error:
            failures.note(error, route, tenant)
            return failures.problem(error) if admin else failures.wire_error(error)
        except Exception:
            return failures.unexpected(route, tenant, admin)

    async def _admit(self, tenant: str, row: Route, call: Call) -> Principal:
        """Who calls one of a tenant's routes: a peer, or whose key has the scope where one is needed."""
        if row.requires is None or (await self._door.scope_of(tenant, PEER)).catalogue.opens(row.requires):
            return PEER
        name, principal = await self._door.authenticate(call)
        if name != tenant or row.requires not in principal.scopes:
            raise Forbidden(f"needs {row.requires}")
        return principal

    async def _serve(self, kind: str, tenant: str, row: Route, call: Call) -> Reply:
        if kind == "_own":
            return row.render(await row.operate(row.parse(call)))
        if kind == "_tenant":
            scope = await self._door.scope_of(tenant, await self._admit(tenant, row, call))
            return row.render(await row.operate(scope, row.parse(call)))
        tenant, principal = await self._door.authenticate(call)
        if row.requires is None or row.requires not in principal.scopes:
            raise Forbidden(f"needs {row.requires}")
        scope = await self._door.scope_of(tenant, principal)
        if row.requires != LIMITS_READ:  # to look at limits costs nothing, so that whoever met one can
            await scope.quotas.take(scope, API_CALLS)

        async def act() -> Reply:
            return row.render(await row.operate(scope, row.parse(call)))

        reply = await (self._door.serve_idempotently(scope, call, act) if call.method == "POST" else act())
        return warned(reply, scope.quotas.near(scope.tenant.id))


def _upgrades(request: BaseRequest) -> bool:
    return request.method == "GET" and request.headers.get("Upgrade", "").lower() == "websocket"


def _place(path: str) -> tuple[str, str, str]:
    """(router, tenant, rest of the path) of a raw path: one canonical parse."""
    if path.startswith("/t/"):
        tenant, _, rest = path[3:].partition("/")
        return "_tenant", tenant, rest
    if path.startswith(WELL_KNOWN):
        name, _, inserted = path[len(WELL_KNOWN) :].partition("/")
        if inserted.startswith("t/") and "/" not in inserted[2:].rstrip("/"):
            return "_tenant", inserted[2:].rstrip("/"), f".well-known/{name}"
    if path.startswith("/api/v1/"):
        return "_admin", "", path
    return "_own", "", path


def _row(match: Match | None, method: str) -> tuple[Route, Mapping[str, str]]:
    """The row for a method. Raises NotFound, MethodNotAllowed."""
    if match is None:
        raise NotFound("no route")
    row = match.routes.get(method) or match.routes.get("GET" if method == "HEAD" else "")
    if row is None:
        raise MethodNotAllowed(method)
    return row, match.path


def _name(match: Match | None, method: str) -> str:
    """A label of bounded cardinality for logs and metrics."""
    if match is None:
        return "unknown"
    row: Any = match.routes.get(method) or next(iter(match.routes.values()))
    return str(row.path)
