"""The server's own routes: whether it lives, whether it can serve, what its admin API is."""

from collections.abc import Awaitable, Callable, Sequence
from functools import cache

from agent.http import openapi
from protocols.encoding import render_json
from protocols.http import NO_STORE, Call, Reply, Route, json_reply


def routes(ready: Callable[[], Awaitable[bool]], gone: Callable[[], Awaitable[int]]) -> Sequence[Route]:
    """`/health/live` answers while the process does; `/health/ready` while requests can be served.

    `gone()` counts tenants' own databases that do not answer: those tenants are not served, and the process is ready.
    """

    async def live(_: None) -> bool:
        return True

    async def is_ready(_: None) -> tuple[bool, int]:
        return await ready(), await gone()

    return (
        Route("GET", "/health/live", None, _nothing, live, _health),
        Route("GET", "/health/ready", None, _nothing, is_ready, _readiness),
        Route("GET", "/api/openapi.json", None, _nothing, _description, _document),
    )


async def _description(_: None) -> bytes:
    return _rendered()


@cache
def _rendered() -> bytes:
    return render_json(openapi.document())


def _document(body: bytes) -> Reply:
    return Reply(200, body, "application/json", {"Cache-Control": "public, max-age=300"})


def _nothing(_call: Call) -> None:
    return None


def _readiness(found: tuple[bool, int]) -> Reply:
    well, gone = found
    body: dict[str, object] = {"status": "ok" if well else "unavailable"}
    if gone:
        body["tenant_databases_gone"] = gone
    return json_reply(body, 200 if well else 503, NO_STORE)


def _health(well: bool) -> Reply:
    return json_reply({"status": "ok" if well else "unavailable"}, 200 if well else 503, NO_STORE)
