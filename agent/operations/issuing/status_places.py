"""Places in status lists, from blocks that this process reserved."""

import asyncio
from collections import deque
from uuid import UUID

from agent.encryption.permutation import permute
from agent.scope import Scope
from agent.scope.issuing import StatusPlace
from agent.scope.tenants import StatusRegistry
from protocols.errors import ProtocolError


class StatusListFull(ProtocolError):
    """The issuer cannot register more credentials at the moment."""

    code = "server_error"
    status = 503


class StatusPlaces:
    """Spends reserved blocks from memory: a place goes out once; what a crash loses stays lost."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._places: dict[UUID, deque[StatusPlace]] = {}
        self._locks: dict[UUID, asyncio.Lock] = {}

    async def take(self, scope: Scope, registry: StatusRegistry, count: int) -> list[StatusPlace]:
        """So many places, none of them next to each other but by chance. Raises StatusListFull."""
        places = self._places.setdefault(registry.id, deque())
        if len(places) < count:
            async with self._locks.setdefault(registry.id, asyncio.Lock()):
                while len(places) < count:
                    places.extend(await self._reserve(scope, registry))
        return [places.popleft() for _ in range(count)]

    async def _reserve(self, scope: Scope, registry: StatusRegistry) -> list[StatusPlace]:
        async with scope.unit() as unit:
            block = await unit.status_lists.take_block(registry, self._name)
            if block is None:
                raise StatusListFull(str(registry.id))
            await unit.commit()
        number, first, size = block
        key, entries = registry.permutation_key, registry.max_entries
        return [StatusPlace(permute(key, entries, place), number) for place in range(first, first + size)]
