"""Status lists: blocks of places, entries, bits, and published tokens."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

from agent.scope.status import CannotSay, CredentialListing, PublishedToken, SecuredCredential, StatusChange
from agent.scope.tenants import StatusRegistry
from agent.storage.queries import status_lists as queries
from agent.storage.statements import Row
from protocols.ports import StatusMechanism

if TYPE_CHECKING:
    from agent.encryption.vault import TenantVault
    from agent.storage.unit_of_work import PostgresUnit

_DECOY_EVERY = 8
"""One block in so many belongs to nobody."""


def registry_of(vault: "TenantVault", row: Row) -> StatusRegistry:
    """A row of revocation_registries, its permutation opened."""
    permutation = vault.open("revocation_registries", "permutation_sealed", row["id"], row["permutation_sealed"])
    return StatusRegistry(
        id=row["id"],
        uri=row["registry_url"],
        mechanism=row["type"],
        bits=row["bits"],
        max_entries=row["max_entries"],
        block_size=row["block_size"],
        shard_bytes=row["shard_bytes"],
        permutation_key=permutation,
        ttl=row["ttl"],
        purpose=row["purpose"],
        messages=tuple(row["messages"]),
    )


class StatusListRepository:
    """`scope.status.StatusLists`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def take_block(self, registry: StatusRegistry, taken_by: str) -> tuple[int, int, int] | None:
        """Reserve places: one guarded UPDATE, and a row that says who has them; now and then one for nobody."""
        while True:
            row = await queries.TAKE.row(self._unit.connection, tenant=self._unit.tenant_id, registry=registry.id)
            if row is None:
                return None
            first, size = row
            number = first // size
            decoy = number % _DECOY_EVERY == _DECOY_EVERY - 1
            await queries.BLOCK.run(
                self._unit.connection,
                tenant_id=self._unit.tenant_id,
                registry_id=registry.id,
                block_no=number,
                first_place=first,
                size=size,
                kind="decoy" if decoy else "issue",
                taken_by=taken_by,
            )
            if not decoy:
                return number, first, size

    async def decoys(self, registry: UUID) -> Sequence[tuple[int, int]]:
        """(first place, size) of each block that belongs to nobody."""
        rows = await queries.DECOYS.rows(self._unit.connection, tenant=self._unit.tenant_id, registry=registry)
        return [(row[0], row[1]) for row in rows]

    async def open(self, like: StatusRegistry) -> StatusRegistry | None:
        """The newest list of this one's kind that takes credentials."""
        unit = self._unit
        named = {"mechanism": like.mechanism, "purpose": like.purpose}
        row = await queries.OPEN.row(unit.connection, tenant=unit.tenant_id, **named)
        return registry_of(unit.vault, row) if row else None

    async def find(self, uri: str) -> StatusRegistry | None:
        """The list with this address, open or full."""
        unit = self._unit
        row = await queries.REGISTRY.row(unit.connection, tenant=unit.tenant_id, uri=uri)
        return registry_of(unit.vault, row) if row else None

    async def uris(self) -> Sequence[str]:
        """The addresses of all lists that are not retired."""
        return [row[0] for row in await queries.URIS.rows(self._unit.connection, tenant=self._unit.tenant_id)]

    async def last_number(self) -> int:
        """The greatest number in the addresses of the tenant's lists, retired ones too; nought without any."""
        return int(await queries.LAST_NUMBER.value(self._unit.connection, tenant=self._unit.tenant_id))

    async def begin(self, issuer: UUID, registry: StatusRegistry) -> None:
        """The first list of a kind, empty. Raises Conflict when another request opened one at this address."""
        unit = self._unit
        sealed = unit.vault.seal("revocation_registries", "permutation_sealed", registry.id, registry.permutation_key)
        await queries.BEGIN.run(
            unit.connection,
            tenant_id=unit.tenant_id,
            id=registry.id,
            issuer_id=issuer,
            registry_url=registry.uri,
            type=registry.mechanism,
            purpose=registry.purpose,
            bits=registry.bits,
            messages=list(registry.messages),
            max_entries=registry.max_entries,
            block_size=registry.block_size,
            shard_bytes=registry.shard_bytes,
            permutation_sealed=sealed,
            ttl=registry.ttl,
        )
        shards = -(-registry.max_entries * registry.bits // 8 // registry.shard_bytes)
        row = {"tenant_id": unit.tenant_id, "registry_id": registry.id, "bits": bytes(registry.shard_bytes)}
        await queries.SHARD.many(unit.connection, [{**row, "shard_no": number} for number in range(shards)])

    async def succeed(self, full: StatusRegistry, following: UUID, uri: str, permutation_key: bytes) -> bool:
        """Close the full list; who closes it opens the next."""
        unit = self._unit
        which = {"tenant": unit.tenant_id, "full": full.id}
        if not await queries.CLOSE.run(unit.connection, **which):
            return False
        permutation = unit.vault.seal("revocation_registries", "permutation_sealed", following, permutation_key)
        await queries.FOLLOW.run(unit.connection, **which, following=following, uri=uri, permutation=permutation)
        await queries.SHARDS.run(unit.connection, **which, following=following)
        return True

    async def change(
        self, named: Sequence[UUID], change: StatusChange, mechanisms: Mapping[str, StatusMechanism], reason: str
    ) -> tuple[Mapping[UUID, str], Sequence[str]]:
        """Rows, bits and history in one transaction; sets of any size cost as many statements."""
        unit = self._unit
        rows = await queries.CHANGE.rows(
            unit.connection, tenant=unit.tenant_id, named=list(named), before=list(change.before), after=change.after
        )
        changed: dict[UUID, str] = {row["id"]: row["type"] for row in rows}
        if not changed:
            return {}, ()
        entries = await queries.ENTRIES.rows(unit.connection, tenant=unit.tenant_id, credentials=list(changed))
        said = _said(entries, change)
        await self._say(said, change.after, mechanisms, reason)
        return changed, sorted({entry["registry_url"] for entry, _ in said})

    async def say(
        self, credential: UUID, purpose: str, value: int, mechanisms: Mapping[str, StatusMechanism], reason: str
    ) -> str | None:
        """Set what the list of one purpose says of a credential; nothing else changes."""
        unit = self._unit
        entries = await queries.ENTRIES.rows(unit.connection, tenant=unit.tenant_id, credentials=[credential])
        found = next((entry for entry in entries if entry["purpose"] == purpose), None)
        if found is None:
            return None
        if value >> found["bits"]:
            raise CannotSay(purpose)
        await self._say([(found, value)], purpose, mechanisms, reason)
        return str(found["registry_url"])

    async def _say(
        self, said: Sequence[tuple[Row, int]], word: str, mechanisms: Mapping[str, StatusMechanism], reason: str
    ) -> None:
        await self._write([(entry, entry["idx"], value, mechanisms[entry["type"]]) for entry, value in said])
        rows = [self._history(entry, word, value, reason) for entry, value in said]
        await queries.HISTORY.many(self._unit.connection, rows)

    def _history(self, entry: Row, word: str, value: int, reason: str) -> dict[str, Any]:
        return {
            "tenant_id": self._unit.tenant_id,
            "credential_id": entry["credential_id"],
            "status": word,
            "status_value": value,
            "revocation_registry_id": entry["registry_id"],
            "status_list_url": entry["registry_url"],
            "status_list_index": entry["idx"],
            "changed_by": self._unit.principal.id,
            "reason": reason,
        }

    async def flip_decoys(
        self, registry: StatusRegistry, mechanism: StatusMechanism, places: Mapping[int, int]
    ) -> None:
        """Write values at indexes that belong to nobody."""
        where = {"registry_id": registry.id, "bits": registry.bits, "shard_bytes": registry.shard_bytes}
        await self._write([(where, index, places[index], mechanism) for index in sorted(places)])

    async def _write(self, places: Sequence[tuple[Mapping[str, Any] | Row, int, int, StatusMechanism]]) -> None:
        """Each place by one UPDATE of its byte, in the order of their shards: two writers never wait in a ring."""
        unit = self._unit
        rows = []
        for where, index, value, mechanism in places:
            per_byte = 8 // where["bits"]
            shard, byte = divmod(index // per_byte, where["shard_bytes"])
            keep, written = bytearray(b"\xff"), bytearray(1)
            mechanism.write(keep, where["bits"], index % per_byte, 0)
            mechanism.write(written, where["bits"], index % per_byte, value)
            row = {"tenant": unit.tenant_id, "registry": where["registry_id"], "shard": shard, "now": unit.now}
            rows.append({**row, "byte": byte, "keep": keep[0], "value": written[0]})
        rows.sort(key=lambda row: (row["registry"].bytes, row["shard"]))
        if rows:
            await queries.SET.many(unit.connection, rows)

    async def register(self, credential: SecuredCredential) -> None:
        """A row, and one for each of its places."""
        unit = self._unit
        await queries.REGISTER.run(
            unit.connection,
            tenant_id=unit.tenant_id,
            id=credential.id,
            role="issued",
            credential_id=credential.credential_id,
            type=credential.type,
            format=credential.format,
            issuer_identifier_kind="did",
            issuer_identifier=credential.issuer,
            issuer_id=credential.issuer_id,
            issued_at=credential.issued_at,
            expires_at=credential.expires_at,
            status="active",
        )
        entered = {"tenant_id": unit.tenant_id, "credential_id": credential.id}
        places = [(one.registry, one.index, one.block) for one in credential.places]
        rows = [
            {**entered, "registry_id": registry.id, "idx": index, "block_no": block, "purpose": registry.purpose}
            for registry, index, block in places
        ]
        await queries.ENTER.many(unit.connection, rows)

    async def named(self, credential_id: str) -> UUID | None:
        """By the hash that the table has of it."""
        unit = self._unit
        hashed = sha256(credential_id.encode()).digest()
        found: UUID | None = await queries.NAMED.value(unit.connection, tenant=unit.tenant_id, hashed=hashed)
        return found

    async def exists(self, named: Sequence[UUID]) -> bool:
        """Whether one of these is an issued credential, or an issuance with one."""
        found = await queries.EXISTS.value(self._unit.connection, tenant=self._unit.tenant_id, named=list(named))
        return found is not None

    async def byte(self, uri: str, index: int) -> tuple[str, str, int, bytes] | None:
        """(its mechanism, its purpose, bits a place, the byte that holds the entry, empty when there is none there)."""
        row = await queries.BYTE.row(self._unit.connection, tenant=self._unit.tenant_id, uri=uri, index=index)
        return (row[0], row[1], row[2], row[3] or b"") if row else None

    async def bits(self, registry: UUID) -> tuple[bytes, int]:
        """The packed list and the sum of its shards' versions."""
        row = await queries.BITS.row(self._unit.connection, tenant=self._unit.tenant_id, registry=registry)
        return (row[0] or b"", row[1] or 0) if row else (b"", 0)

    async def version(self, registry: UUID) -> int:
        """The sum of the shards' versions."""
        return int(
            await queries.VERSION.value(self._unit.connection, tenant=self._unit.tenant_id, registry=registry) or 0
        )

    async def credentials(self, after: UUID, limit: int) -> Sequence[CredentialListing]:
        """A page of issued credentials, by id."""
        rows = await queries.LIST.rows(self._unit.connection, tenant=self._unit.tenant_id, after=after, limit_=limit)
        return [CredentialListing(*row) for row in rows]

    async def publish(self, registry: UUID, token: PublishedToken) -> None:
        """Keep a token, and forget those past their end."""
        unit = self._unit
        await queries.PUBLISH.run(
            unit.connection,
            tenant_id=unit.tenant_id,
            registry_id=registry,
            media_type=token.media_type,
            issued_at=token.issued_at,
            expires_at=token.expires_at,
            version=token.version,
            token=token.token,
        )
        which = {"tenant": unit.tenant_id, "registry": registry, "now": unit.now}
        await queries.PUBLISHED_VERSION.run(unit.connection, **which, version=token.version)
        await queries.OVER.run(unit.connection, **which)

    async def published(self, registry: UUID, media_type: str, at: datetime | None) -> PublishedToken | None:
        """The token of the newest content, or the one that was in force at a time."""
        which: dict[str, Any] = {"tenant": self._unit.tenant_id, "registry": registry, "media_type": media_type}
        if at is None:
            row = await queries.NEWEST.row(self._unit.connection, **which)
        else:
            row = await queries.IN_FORCE.row(self._unit.connection, **which, at=at)
        return PublishedToken(*row) if row else None


def _said(entries: Sequence[Row], change: StatusChange) -> list[tuple[Row, int]]:
    """What which list has to say of a change: the one for its purpose, else the one that says all of a credential.

    Raises CannotSay for a credential none of whose lists can.
    """
    said: list[tuple[Row, int]] = []
    by_credential: dict[UUID, list[Row]] = {}
    for entry in entries:
        by_credential.setdefault(entry["credential_id"], []).append(entry)
    for own in by_credential.values():
        exact = [(entry, min(change.value, 1)) for entry in own if entry["purpose"] == change.purpose]
        whole = [(entry, change.value) for entry in own if entry["purpose"] == "revocation"]
        found = next(iter(exact or whole), None)
        if found is None or found[1] >> found[0]["bits"]:
            raise CannotSay(change.after)
        said.append(found)
    return said
