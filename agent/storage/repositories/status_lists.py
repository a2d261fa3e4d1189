"""Status lists: blocks of places, entries and bits."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Integer, Uuid, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from agent.scope.issuing import CredentialListing
from agent.scope.tenants import StatusRegistry
from agent.storage import tables
from agent.storage.statements import Statement
from protocols.ports import StatusMechanism

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_r, _s, _e, _c = (
    tables.revocation_registries.c,
    tables.status_list_shards.c,
    tables.status_list_entries.c,
    tables.credentials.c,
)
_TENANT: Any = bindparam("tenant")
_TAKE = Statement(
    update(tables.revocation_registries)
    .where(
        _r.tenant_id == _TENANT,
        _r.id == bindparam("registry"),
        _r.state == "open",
        _r.current_index + _r.block_size <= _r.max_entries,
    )
    .values(current_index=_r.current_index + _r.block_size)
    .returning(_r.current_index - _r.block_size, _r.block_size)
)
_BLOCK = Statement(
    insert(tables.status_list_blocks).values(
        {name: bindparam(name) for name in ("tenant_id", "registry_id", "block_no", "first_place", "size", "taken_by")}
    )
)
_REVOKE = Statement(
    update(tables.credentials)
    .where(
        _c.tenant_id == _TENANT,
        _c.role == "issued",
        or_(_c.status == "active", _c.status == "suspended"),
        or_(_c.id == bindparam("named"), _c.issuance_id == bindparam("named")),
    )
    .values(status="revoked")
    .returning(_c.id)
)
_ENTRIES = Statement(
    select(_e.registry_id, _e.idx, _e.credential_id, _r.type, _r.bits, _r.shard_bytes, _r.registry_url)
    .join_from(
        tables.status_list_entries,
        tables.revocation_registries,
        and_(_r.tenant_id == _e.tenant_id, _r.id == _e.registry_id),
    )
    .where(_e.tenant_id == _TENANT, _e.credential_id == func.any(bindparam("credentials", type_=ARRAY(Uuid()))))
    .order_by(_e.registry_id, _e.idx)
)
_SHARD = Statement(
    select(_s.bits)
    .where(_s.tenant_id == _TENANT, _s.registry_id == bindparam("registry"), _s.shard_no == bindparam("shard"))
    .with_for_update()
)
_WRITE = Statement(
    update(tables.status_list_shards)
    .where(_s.tenant_id == _TENANT, _s.registry_id == bindparam("registry"), _s.shard_no == bindparam("shard"))
    .values(bits=bindparam("bits_"), version=_s.version + 1, changed_at=bindparam("now"))
)
_HISTORY = Statement(
    insert(tables.credential_statuses).values(
        {
            name: bindparam(name)
            for name in (
                "tenant_id",
                "credential_id",
                "status",
                "status_value",
                "revocation_registry_id",
                "status_list_url",
                "status_list_index",
                "changed_by",
                "reason",
            )
        }
    )
)
_BYTE = Statement(
    select(func.substring(_s.bits, bindparam("first", type_=Integer()), 1)).where(
        _s.tenant_id == _TENANT, _s.registry_id == bindparam("registry"), _s.shard_no == bindparam("shard")
    )
)
_BITS = Statement(
    select(_s.bits, _s.version)
    .where(_s.tenant_id == _TENANT, _s.registry_id == bindparam("registry"))
    .order_by(_s.shard_no)
)
_LIST = Statement(
    select(_c.id, _c.type, _c.format, _c.status, _c.issued_at, _c.expires_at)
    .where(_c.tenant_id == _TENANT, _c.role == "issued", _c.id > bindparam("after"))
    .order_by(_c.id)
    .limit(bindparam("limit_"))
)
REVOKED = 1


class StatusListRepository:
    """`scope.issuing.StatusLists`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def take_block(self, registry: StatusRegistry, taken_by: str) -> tuple[int, int, int] | None:
        """Reserve places: one guarded UPDATE, and a row that says who has them."""
        unit = self._unit
        row = await _TAKE.row(unit.connection, tenant=unit.tenant_id, registry=registry.id)
        if row is None:
            return None
        first, size = row
        number = first // size
        await _BLOCK.run(
            unit.connection,
            tenant_id=unit.tenant_id,
            registry_id=registry.id,
            block_no=number,
            first_place=first,
            size=size,
            taken_by=taken_by,
        )
        return number, first, size

    async def revoke(self, named: UUID, mechanisms: Mapping[str, StatusMechanism], reason: str) -> Sequence[UUID]:
        """Revoke the credential, or all credentials of the issuance; rows and bits in one transaction."""
        unit = self._unit
        changed = [row[0] for row in await _REVOKE.rows(unit.connection, tenant=unit.tenant_id, named=named)]
        for entry in await _ENTRIES.rows(unit.connection, tenant=unit.tenant_id, credentials=changed):
            await self._set(entry, mechanisms[entry["type"]])
            await _HISTORY.run(
                unit.connection,
                tenant_id=unit.tenant_id,
                credential_id=entry["credential_id"],
                status="revoked",
                status_value=REVOKED,
                revocation_registry_id=entry["registry_id"],
                status_list_url=entry["registry_url"],
                status_list_index=entry["idx"],
                changed_by=unit.principal.id,
                reason=reason,
            )
        return changed

    async def _set(self, entry: Any, mechanism: StatusMechanism) -> None:
        unit = self._unit
        shard, place = divmod(entry["idx"], entry["shard_bytes"] * 8 // entry["bits"])
        where = {"tenant": unit.tenant_id, "registry": entry["registry_id"], "shard": shard}
        bits = bytearray(await _SHARD.value(unit.connection, **where))
        mechanism.write(bits, entry["bits"], place, REVOKED)
        await _WRITE.run(unit.connection, **where, bits_=bytes(bits), now=unit.now)

    async def byte(self, registry: StatusRegistry, index: int) -> bytes:
        """The byte that holds an entry; empty when the list has none there."""
        shard, place = divmod(index * registry.bits // 8, registry.shard_bytes)
        found: bytes | None = await _BYTE.value(
            self._unit.connection, tenant=self._unit.tenant_id, registry=registry.id, shard=shard, first=place + 1
        )
        return found or b""

    async def bits(self, registry: UUID) -> tuple[bytes, int]:
        """The packed list and the sum of its shards' versions."""
        rows = await _BITS.rows(self._unit.connection, tenant=self._unit.tenant_id, registry=registry)
        return b"".join(row[0] for row in rows), sum(row[1] for row in rows)

    async def credentials(self, after: UUID, limit: int) -> Sequence[CredentialListing]:
        """A page of issued credentials, by id."""
        rows = await _LIST.rows(self._unit.connection, tenant=self._unit.tenant_id, after=after, limit_=limit)
        return [CredentialListing(*row) for row in rows]
