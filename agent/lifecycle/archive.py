"""A month leaves the database: written, sealed, read back, compared, recorded, and only then dropped."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID

import asyncpg

from agent import telemetry
from agent.audit import AuditEvent
from agent.audit.verifying import ERASED
from agent.lifecycle import parquet
from agent.lifecycle.blobs import AlreadyExistsError, Differs, ObjectStore, fetch_segment
from agent.operations.keeping.retention import Erase, archived, due, leaves_at
from agent.scope import Scope
from agent.scope.archiving import RetentionPolicy, Segment
from agent.storage import months, tables
from agent.storage.pool import Pool
from agent.storage.unit_of_work import unit_of_work
from agent.tenancy import WORKER, Principal, uuid7


class Archiver:
    """Carries out retention over all tenants, as the maintenance role; every step may be done again."""

    def __init__(self, maint: Pool, scope_of: Callable[[str, Principal], Awaitable[Scope]], store: ObjectStore) -> None:
        self._maint, self._scope_of, self._store = maint, scope_of, store

    async def run(self) -> None:
        """Months that may leave, then segments that move or go."""
        scopes = await self._scopes()
        policies = {scope.tenant.id: await self._policies(scope) for scope in scopes}
        for table, part, month in await months.past(self._maint, _now(scopes)):
            named = [found.get(table, RetentionPolicy(table)) for found in policies.values()]
            if leaves_at(month, named) <= _now(scopes):
                await self.archive_month(scopes, table, part, month)
        for part in await months.detached(self._maint):  # a run that was cut short
            await self._drop(part)
        for scope in scopes:
            await self._tend(scope, policies[scope.tenant.id])

    async def archive_month(self, scopes: Sequence[Scope], table: str, part: str, month: date) -> None:
        """Every tenant's rows into the archive, then the month out of its table."""
        for scope in scopes:
            await self._write(scope, table, month)
        await months.detach(self._maint, part)
        await self._drop(part)

    async def _drop(self, part: str) -> None:
        try:
            rows = await months.drop(self._maint, part)
        except asyncpg.RestrictViolationError as error:  # held, or something came after the archive was written
            telemetry.log("month_kept", month=part, reason=error.args[0].split(" of ")[0])
        else:
            telemetry.log("month_dropped", month=part, rows=rows)

    async def _scopes(self) -> list[Scope]:
        names = await self._maint.fetch(
            "SELECT name FROM agent.tenants WHERE status = 'active' AND placement = 'shared' ORDER BY name"
        )
        return [await self._scope_of(row["name"], WORKER) for row in names]

    def _unit(self, scope: Scope) -> Any:
        return unit_of_work(self._maint, scope.tenant, WORKER, scope.vault, scope.now)

    async def _policies(self, scope: Scope) -> Mapping[str, RetentionPolicy]:
        async with self._unit(scope) as unit:
            found: Mapping[str, RetentionPolicy] = await unit.archive.policies()
        return found

    async def _write(self, scope: Scope, table: str, month: date) -> None:
        """Nothing for a tenant without rows, or with a segment already."""
        form = parquet.Writer(table, getattr(tables, table))
        async with self._unit(scope) as unit:
            if any(one.month == month for one in await unit.archive.segments(table)):
                return
            async for page in unit.archive.rows(table, month):
                await asyncio.to_thread(form.add, page)
        plain, count, root = await asyncio.to_thread(form.close)
        if not count:
            return
        segment = uuid7(scope.now(), scope.entropy(10))
        key = f"warm/{scope.tenant.id}/{table}/{month:%Y-%m}/{segment}.parquet.sealed"
        archive_key = scope.vault.archive_key()
        sealed = await asyncio.to_thread(scope.vault.seal, "archive_segments", "object", segment, plain, archive_key)
        await self._store.put_async(key, sealed, mode="create")
        written = Segment(
            segment, table, month, "warm", key, count, len(sealed), sha256(sealed).digest(), root, archive_key.id
        )
        back = await self.read(scope, written)
        if len(back) != count:
            raise Differs(key)
        async with self._unit(scope) as unit:
            await unit.archive.add(written)
            unit.record(archived(segment, table, month, count))
            await unit.commit()

    async def read(self, scope: Scope, segment: Segment) -> list[dict[str, Any]]:
        """A segment's rows. Raises Differs when a byte or a row is not what it was, KeyDestroyed, DoesNotOpen."""
        octets = await fetch_segment(scope, self._store, segment)
        rows = await asyncio.to_thread(parquet.read, getattr(tables, segment.table), octets)
        if await asyncio.to_thread(parquet.root, segment.table, rows) != segment.merkle_root:
            raise Differs(segment.object_key)
        return rows

    async def _tend(self, scope: Scope, policies: Mapping[str, RetentionPolicy]) -> None:
        async with self._unit(scope) as unit:
            segments = await unit.archive.segments()
        for action in due(policies, segments, scope.now()):
            segment = action.segment
            if isinstance(action, Erase):
                await self._store.delete_async(segment.object_key)
                await self._settle(scope, ERASED, segment, partial(_erased, segment.id))
            else:
                key = f"{action.tier}/{segment.object_key.partition('/')[2]}"
                await self._move(segment, key)
                await self._settle(scope, f"archive.{action.tier}", segment, partial(_moved, segment, action.tier, key))
                await self._store.delete_async(segment.object_key)
        async with self._unit(scope) as unit:
            if tokens := await unit.status_evidence.forget():
                metadata = {"table": "status_evidence", "rows": tokens}
                unit.record(AuditEvent("retention.deleted", "status_evidence", None, "delete", None, metadata))
            await unit.commit()

    async def _move(self, segment: Segment, key: str) -> None:
        """A copy, read back; the first is deleted when the record says where the second lies."""
        octets = bytes(await (await self._store.get_async(segment.object_key)).bytes_async())
        with suppress(AlreadyExistsError):  # a run that was cut short
            await self._store.put_async(key, octets, mode="create")
        copied = bytes(await (await self._store.get_async(key)).bytes_async())
        if sha256(copied).digest() != segment.sha256:
            raise Differs(key)

    async def _settle(
        self, scope: Scope, event: str, segment: Segment, change: Callable[[Any], Awaitable[None]]
    ) -> None:
        async with self._unit(scope) as unit:
            await change(unit)
            metadata = {"table": segment.table, "month": f"{segment.month:%Y-%m}", "rows": segment.row_count}
            unit.record(AuditEvent(event, "archive_segment", segment.id, "update", None, metadata))
            await unit.commit()


async def _erased(segment: UUID, unit: Any) -> None:
    await unit.archive.erased(segment)


async def _moved(segment: Segment, tier: str, key: str, unit: Any) -> None:
    await unit.archive.moved(segment.id, tier, key)


def _now(scopes: Sequence[Scope]) -> Any:
    return scopes[0].now()
