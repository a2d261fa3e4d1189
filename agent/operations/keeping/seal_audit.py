"""Sealing the logs: a signed Merkle root over every row that settled since the last one."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

from agent.audit.leaves import leaf
from agent.audit.seals import FIRST, Seal
from agent.scope import Conflict, Scope
from protocols.jose.jwk import thumbprint

LIMIT = 5000


async def seal_audit(scope: Scope, maintenance: Callable[[], AbstractAsyncContextManager[Any]]) -> int:
    """Seal one tenant's rows; how many. `maintenance()` begins a unit as the role that may insert seals.

    Two sealers at once: one wins, the other's round is done again later.
    """
    done = 0
    while True:
        async with maintenance() as unit:
            last = await unit.audit_trail.last()
            _, epoch, reached, _ = last or (0, 0, 0, FIRST)
            rows = await unit.audit_trail.rows_after(epoch, reached, LIMIT)
        if not rows:
            return done
        seal = await _signed(scope, last, rows)
        try:
            async with maintenance() as unit:
                await unit.audit_trail.add(seal)
                await unit.commit()
        except Conflict:
            return done
        done += len(seal.leaves)


async def _signed(scope: Scope, last: tuple[int, int, int, bytes] | None, rows: Sequence[Mapping[str, Any]]) -> Seal:
    """The next link over the rows of one epoch."""
    number, _, _, previous = last or (0, 0, 0, FIRST)
    key = scope.catalogue.key("audit")
    epoch = rows[0]["epoch"]
    same = [row for row in rows if row["epoch"] == epoch]
    seal = Seal(
        tenant_id=scope.tenant.id,
        seal_no=number + 1,
        epoch=epoch,
        from_xact=int(same[0]["xact"]),
        to_xact=int(same[-1]["xact"]) + 1,
        leaves=tuple(leaf(row) for row in same),
        prev_hash=previous,
        algorithm=key.algorithm,
        key_thumbprint=thumbprint(key.jwk),
    )
    return replace(seal, signature=await scope.keys.sign(key.handle, seal.statement))
