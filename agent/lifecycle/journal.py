"""The journal of erasures, outside the database: what is restored from before one forgets the person again.

One object for each, under a name that is written once, sealed under the tenant's key: ids of keys and the certificate.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from agent.lifecycle.blobs import AlreadyExistsError, ObjectStore
from agent.scope import Scope
from agent.scope.keeping import Erasure
from protocols.encoding import parse_json_object, render_json

_PLACE = ("erasure_requests", "journal")


class ErasureJournal:
    """Over a blob store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def write(self, scope: Scope, erasure: Erasure) -> None:
        """Once; again is harmless, and so is an erasure that destroyed no key."""
        if not erasure.keys:
            return
        entry = {"certificate": dict(erasure.certificate or {}), "keys": [str(key) for key in erasure.keys]}
        sealed = scope.vault.seal(*_PLACE, erasure.id, render_json(entry))
        with suppress(AlreadyExistsError):
            await self._store.put_async(f"{_folder(scope)}/{erasure.id}", sealed, mode="create")

    async def read(self, scope: Scope) -> AsyncIterator[tuple[UUID, tuple[UUID, ...], Mapping[str, Any]]]:
        """(erasure, keys, certificate) of every one. Raises DoesNotOpen for an entry that is not ours."""
        async for page in self._store.list(f"{_folder(scope)}/"):
            for found in page:
                erasure = UUID(found["path"].rpartition("/")[2])
                sealed = bytes(await (await self._store.get_async(found["path"])).bytes_async())
                entry = parse_json_object(scope.vault.open(*_PLACE, erasure, sealed))
                yield erasure, tuple(UUID(key) for key in entry["keys"]), entry["certificate"]


def _folder(scope: Scope) -> str:
    return f"erasures/{scope.tenant.id}"
