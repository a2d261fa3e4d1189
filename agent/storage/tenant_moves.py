"""How far a tenant's move has come: one open row for each tenant, in the shared database, and where the tenant lies."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import asyncpg

OPEN = ("analysed", "prepared", "copying", "verifying", "switching", "switched")
TO_DEDICATED, TO_SHARED = "to_dedicated", "to_shared"
_NAMED = "t.id AS tenant, t.name, t.placement, t.dsn_ref || '/' || t.database_name AS database"


class NoSuchMove(Exception):
    """There is no such tenant, or no move of it that is open."""


@dataclass(frozen=True, slots=True)
class Move:
    """`source` and `target` name a database as `server/name`, or the shared one as `shared`."""

    tenant: UUID
    name: str
    id: UUID
    direction: str
    state: str
    source: str
    target: str
    progress: Mapping[str, Any]

    @property
    def called(self) -> str:
        """Publication, slot and subscription."""
        return f"chancery_move_{self.id.hex[:16]}"

    @property
    def back(self) -> str:
        """The same, of the way back."""
        return f"{self.called}_back"


async def placed(shared: asyncpg.Connection, name: str) -> tuple[UUID, str, str | None]:
    """(tenant, placement, its own database). Raises NoSuchMove."""
    row = await shared.fetchrow(f"SELECT {_NAMED} FROM agent.tenants t WHERE t.name = $1", name)  # noqa: S608  # ours
    if row is None or row["tenant"] == UUID(int=0):
        raise NoSuchMove(f"no tenant {name}")
    return row["tenant"], row["placement"], row["database"]


_RECORD = """
INSERT INTO agent.audit_logs
  (tenant_id, occurred_at, actor_kind, event_type, resource_type, resource_id, action, metadata)
VALUES (agent.system_tenant(), clock_timestamp(), 'worker', $1, 'tenant', $2, 'update', $3)"""


async def _record(shared: asyncpg.Connection, move: Move) -> None:
    """On the operator's record, in the transaction of what it tells."""
    where = {"move": str(move.id), "source": move.source, "target": move.target}
    await shared.execute(_RECORD, f"tenant.move_{move.state}", move.tenant, where)


async def begin(shared: asyncpg.Connection, move: Move) -> None:
    """Raises asyncpg.UniqueViolationError when another is open."""
    async with shared.transaction():
        await shared.execute(
            "INSERT INTO agent.tenant_moves (tenant_id, id, direction, mode, state, source_ref, target_ref, progress)"
            " VALUES ($1, $2, $3, 'replication', $4, $5, $6, $7)",
            *(move.tenant, move.id, move.direction, move.state, move.source, move.target, dict(move.progress)),
        )
        await _record(shared, move)


async def find(shared: asyncpg.Connection, name: str) -> Move:
    """The tenant's open move. Raises NoSuchMove."""
    row = await shared.fetchrow(
        "SELECT t.id AS tenant, t.name, m.id, m.direction, m.state, m.source_ref, m.target_ref, m.progress"
        " FROM agent.tenant_moves m JOIN agent.tenants t ON t.id = m.tenant_id"
        " WHERE t.name = $1 AND m.finished_at IS NULL",
        name,
    )
    if row is None:
        raise NoSuchMove(f"no move of {name} is open")
    return Move(*row)


async def reach(shared: asyncpg.Connection, move: Move, state: str, **progress: Any) -> Move:
    """The next state, compared and set; one that is no open one ends the move. Raises NoSuchMove."""
    reached = replace(move, state=state, progress={**move.progress, **progress})
    async with shared.transaction():
        done = await shared.execute(
            "UPDATE agent.tenant_moves SET state = $3, progress = $4,"
            " finished_at = CASE WHEN $5 THEN NULL ELSE now() END"
            " WHERE tenant_id = $1 AND id = $2 AND state = $6 AND finished_at IS NULL",
            *(move.tenant, move.id, state, reached.progress, state in OPEN, move.state),
        )
        if done != "UPDATE 1":
            raise NoSuchMove("somebody else went on with this move")
        await _record(shared, reached)
    return reached


async def place(shared: asyncpg.Connection, tenant: UUID, database: str | None, moving: bool = False) -> None:
    """Say where the tenant lies (None: in the shared database), or that it is between two; all processes hear of it."""
    server, _, name = (database or "").partition("/")
    placement = "migrating" if moving else "dedicated" if database else "shared"
    async with shared.transaction():
        await shared.execute(
            "UPDATE agent.tenants SET placement = $2, dsn_ref = $3, database_name = $4 WHERE id = $1",
            *(tenant, placement, server or None, name or None),
        )
        await shared.execute("SELECT pg_notify('chancery_catalogue', $1)", str(tenant))


async def introduce(shared: asyncpg.Connection, own: asyncpg.Connection, tenant: UUID) -> None:
    """In a database of its own the tenant has a row that says that it is there, and the system's that it is not."""
    row = await shared.fetchval("SELECT to_jsonb(t) FROM agent.tenants t WHERE id = $1", tenant)
    async with own.transaction():
        await own.execute("UPDATE agent.tenants SET status = 'moved' WHERE id = agent.system_tenant()")
        await own.execute(
            "INSERT INTO agent.tenants SELECT * FROM jsonb_populate_record(NULL::agent.tenants, $1::jsonb ||"
            """ '{"placement": "shared", "dsn_ref": null, "database_name": null}') ON CONFLICT (id) DO UPDATE"""
            " SET status = excluded.status, tier = excluded.tier, revocation_epoch = excluded.revocation_epoch",
            row,
        )


async def leave(own: asyncpg.Connection, tenant: UUID) -> None:
    """The tenant is not there any more; its rows went before."""
    await own.execute("DELETE FROM agent.tenants WHERE id = $1", tenant)


async def forget_head(shared: asyncpg.Connection, tenant: UUID) -> None:
    """The record is here again: how far it went elsewhere is no question."""
    await shared.execute("DELETE FROM agent.audit_heads WHERE tenant_id = $1", tenant)


async def take_over(shared: asyncpg.Connection, own: asyncpg.Connection, tenant: UUID) -> None:
    """What its own database knew better: tier, and how often something was revoked."""
    [row] = await own.fetch("SELECT tier, revocation_epoch FROM agent.tenants WHERE id = $1", tenant)
    await shared.execute(
        "UPDATE agent.tenants SET tier = $2, revocation_epoch = $3 WHERE id = $1", tenant, row[0], row[1]
    )
