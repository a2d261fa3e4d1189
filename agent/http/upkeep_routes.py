"""The admin API's rows for the database's upkeep, for who operates the server."""

from collections.abc import Sequence
from dataclasses import asdict

from agent.http.tenant_routes import control_of
from agent.operations.administering import scopes
from agent.operations.keeping.upkeep import Advice, advise, show_upkeep
from agent.scope import Scope
from agent.scope.upkeep import Upkeep
from protocols.http import NO_STORE, Call, Reply, Route, json_reply


def _nothing(_call: Call) -> None:
    return None


async def _upkeep(scope: Scope, _request: None) -> Sequence[Upkeep]:
    return await show_upkeep(control_of(scope), scope)


def _shown(found: Sequence[Upkeep]) -> Reply:
    return json_reply({"items": [asdict(one) for one in found], "next": None}, headers=NO_STORE)


async def _advice(scope: Scope, _request: None) -> Advice:
    return await advise(control_of(scope), scope)


def _advised(found: Advice) -> Reply:
    return json_reply(asdict(found), headers=NO_STORE)


ROWS = (
    Route("GET", "/database/upkeep", scopes.JOBS_READ, _nothing, _upkeep, _shown),
    Route("GET", "/database/advice", scopes.JOBS_READ, _nothing, _advice, _advised),
)
"""Rows under the admin API's base."""
