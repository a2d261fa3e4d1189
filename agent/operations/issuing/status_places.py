"""Places in status lists, from blocks that this process reserved."""

import asyncio
from collections import deque
from uuid import UUID

from agent.audit import AuditEvent
from agent.encryption.permutation import permute
from agent.scope import Scope
from agent.scope.status import StatusPlace
from agent.scope.tenants import StatusRegistry
from agent.tenancy import uuid7
from protocols.errors import ProtocolError


class StatusListFull(ProtocolError):
    """The issuer cannot register more credentials at the moment."""

    code = "server_error"
    status = 503


class StatusPlaces:
    """Spends reserved blocks from memory: a place goes out once; what a crash loses stays lost.

    When a list is full the next one is opened, by whichever process comes first; credentials in the full one go on.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._places: dict[UUID, deque[StatusPlace]] = {}
        self._locks: dict[UUID, asyncio.Lock] = {}
        self._followed: dict[UUID, StatusRegistry] = {}

    async def take(self, scope: Scope, registry: StatusRegistry, count: int) -> list[StatusPlace]:
        """So many places of one list, none of them next to each other but by chance. Raises StatusListFull."""
        while registry.id in self._followed:
            registry = self._followed[registry.id]
        places = self._places.setdefault(registry.id, deque())
        if len(places) < count:
            async with self._locks.setdefault(registry.id, asyncio.Lock()):
                while len(places) < count:
                    block = await self._reserve(scope, registry)
                    if not block:
                        self._followed[registry.id] = await follow_list(scope, registry)
                        return await self.take(scope, registry, count)
                    places.extend(block)
        return [places.popleft() for _ in range(count)]

    async def _reserve(self, scope: Scope, registry: StatusRegistry) -> list[StatusPlace]:
        """The places of a fresh block; none when the list is full."""
        async with scope.unit() as unit:
            block = await unit.status_lists.take_block(registry, self._name)
            if block is None:
                return []
            await unit.commit()
        number, first, size = block
        key, entries = registry.permutation_key, registry.max_entries
        return [StatusPlace(registry, permute(key, entries, place), number) for place in range(first, first + size)]


async def follow_list(scope: Scope, full: StatusRegistry, number: int = 1) -> StatusRegistry:
    """The list that follows one that takes no more, opened here unless somebody else did.

    Its number is greater than those of all lists there were, and at least `number`. Raises StatusListFull.
    """
    following = uuid7(scope.now(), scope.entropy(10))
    async with scope.unit() as unit:
        number = max(number, await unit.status_lists.last_number() + 1)
        uri = f"{scope.tenant.base_url}/status-lists/{number}"
        if await unit.status_lists.succeed(full, following, uri, scope.entropy(32)):
            unit.record(AuditEvent("status_list.opened", "status_list", following))
            unit.changes_catalogue()
            await unit.commit()
    async with scope.unit() as unit:
        found: StatusRegistry | None = await unit.status_lists.open(full)
    if found is None:
        raise StatusListFull(str(full.id))
    return found
