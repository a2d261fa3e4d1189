"""How well the database does, for who operates the server: what maintenance did, and advice from the statistics."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from agent.scope import Scope
from agent.scope.administering import Control
from agent.scope.upkeep import CostlyStatement, ScannedTable, UnusedIndex, Upkeep

_LEAST_BYTES, _LEAST_ROWS = 1 << 20, 10_000
_STATEMENTS = 10


@dataclass(frozen=True, slots=True)
class Advice:
    """`since` is when counting began: an index that was not read for an hour is not unused. `statements` is None where
    the server does not count them."""

    since: datetime | None
    unused: Sequence[UnusedIndex]
    scanned: Sequence[ScannedTable]
    statements: Sequence[CostlyStatement] | None


async def show_upkeep(control: Control, scope: Scope) -> Sequence[Upkeep]:
    """The newest of each task and table or index."""
    async with control.enter(scope.tenant, scope.principal, scope.vault) as unit:
        found: Sequence[Upkeep] = await unit.upkeep.latest()
    return found


async def advise(control: Control, scope: Scope) -> Advice:
    """Indexes that nothing uses, tables that lack one, statements that cost most, each with its plan."""
    async with control.enter(scope.tenant, scope.principal, scope.vault) as unit:
        costly = await unit.upkeep.costly(_STATEMENTS)
        if costly is not None:
            costly = [replace(one, plan=await unit.upkeep.plan(one.id)) for one in costly]
        return Advice(
            await unit.upkeep.since(),
            await unit.upkeep.unused(_LEAST_BYTES),
            await unit.upkeep.scanned(_LEAST_ROWS),
            costly,
        )
