"""A database of a tenant's own is kept in step: the shared catalogue here, the head of its record there."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar

from agent import telemetry
from agent.audit import SecurityEvent
from agent.storage.shared_catalogue import copy_catalogue, hash_of_seal, known_head, note_head
from agent.tenancy import Tenant

_Enter = Callable[[Tenant], AbstractAsyncContextManager[Any]]


class SharedCatalogue:
    """`schedule.Task` for one tenant. `shared` and `own` begin units of the control role in either database, `record`
    one of the maintenance role in its own; `system` is the system tenant."""

    name: ClassVar[str] = "shared_catalogue"
    seconds: ClassVar[float] = 5

    def __init__(self, system: Tenant, tenant: Tenant, shared: _Enter, own: _Enter, record: _Enter) -> None:
        self._system, self._tenant, self._shared, self._own, self._record = system, tenant, shared, own, record
        self._alarmed = False

    async def __call__(self) -> None:
        """Trust and tiers, then the head of the record."""
        async with self._shared(self._system) as source, self._own(self._system) as target:
            if await copy_catalogue(source.connection, target.connection):
                await target.commit()
                telemetry.log("catalogue_copied", tenant=self._tenant.name)
                await self._tell()
        await self._head()

    async def _tell(self) -> None:
        """Every process reads the tenant's catalogue again."""
        async with self._own(self._tenant) as unit:
            unit.changes_catalogue()
            await unit.commit()

    async def _head(self) -> None:
        async with self._shared(self._tenant) as unit:
            known = await known_head(unit, self._tenant.id)
        async with self._record(self._tenant) as unit:
            last = await unit.audit_trail.last()
            there = await hash_of_seal(unit, known[0]) if known else None
        if known and there != known[1]:
            await self._alarm()
        elif last and (known is None or last[0] > known[0]):
            async with self._shared(self._tenant) as unit:
                await note_head(unit, last[0], last[3])
                await unit.commit()

    async def _alarm(self) -> None:
        """What was seen of the record is not there any more: on the operator's own record, once a process."""
        telemetry.log("record_set_back", tenant=self._tenant.name)
        if not self._alarmed:
            async with self._shared(self._system) as unit:
                unit.alarm(SecurityEvent("critical", "audit", "record_set_back", action="reported"))
                await unit.commit()
            self._alarmed = True
