"""Claims that a tenant uploaded: each row sealed under its person's key, found by a blind index."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from sqlalchemy import LargeBinary, Text, Uuid, and_, bindparam, column, delete, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert

from agent.encryption.sealing import DataKey
from agent.scope.deferring import NewRecord
from agent.storage.statements import Row, Statement
from agent.storage.tables import claim_records, subject_keys
from protocols.encoding import parse_json_object, render_json

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_r, _k = claim_records.c, subject_keys.c
_TENANT: Any = bindparam("tenant", type_=Uuid())
_PLACE = UUID("8a3d2b56-0a44-5c0e-9a3e-6f5f0c1d7e21")
_BYTES, _UUIDS = ARRAY(LargeBinary()), ARRAY(Uuid())
_KEYS = Statement(
    select(_k.subject_index, _k.id, _k.wrapped_key).where(
        _k.tenant_id == _TENANT,
        _k.subject_index == func.any(bindparam("indexes", type_=_BYTES)),
        _k.destroyed_at.is_(None),
    )
)
_new = (
    func.unnest(bindparam("ids", type_=_UUIDS), bindparam("indexes", type_=_BYTES), bindparam("wrapped", type_=_BYTES))
    .table_valued(column("id", Uuid()), column("idx", LargeBinary()), column("key", LargeBinary()), name="new")
    .render_derived()
)
_ADD_KEYS = Statement(
    upsert(subject_keys).from_select(
        ["tenant_id", "id", "subject_index", "wrapping_key_id", "kek_epoch", "wrapped_key"],
        select(_TENANT, _new.c.id, _new.c.idx, bindparam("wrapping", type_=Uuid()), 1, _new.c.key),
    )
)
_row = (
    func.unnest(bindparam("indexes", type_=_BYTES), bindparam("sealed", type_=_BYTES), bindparam("keys", type_=_UUIDS))
    .table_valued(column("idx", LargeBinary()), column("claims", LargeBinary()), column("key", Uuid()), name="row")
    .render_derived()
)
_insert = upsert(claim_records).from_select(
    ["tenant_id", "source", "subject_index", "claims_sealed", "subject_key_id"],
    select(_TENANT, bindparam("source", type_=Text()), _row.c.idx, _row.c.claims, _row.c.key),
)
_PUT = Statement(
    _insert.on_conflict_do_update(
        index_elements=["tenant_id", "source", "subject_index"],
        set_={
            "claims_sealed": _insert.excluded.claims_sealed,
            "subject_key_id": _insert.excluded.subject_key_id,
            "loaded_at": func.now(),
        },
    )
)
_REMOVE = Statement(delete(claim_records).where(_r.tenant_id == _TENANT, _r.source == bindparam("source")))
_found = select(_r.subject_index, _r.claims_sealed, _k.id, _k.wrapped_key).join_from(
    claim_records,
    subject_keys,
    and_(_k.tenant_id == _r.tenant_id, _k.id == _r.subject_key_id, _k.destroyed_at.is_(None)),
)
_BY_SUBJECT = Statement(
    _found.where(_r.tenant_id == _TENANT, _r.source == bindparam("source"), _r.subject_index == bindparam("index"))
)
_NEWEST = Statement(
    _found.where(_r.tenant_id == _TENANT, _r.source == bindparam("source"))
    .order_by(_r.loaded_at.desc(), _r.subject_index)
    .limit(bindparam("limit"))
)
_own = subject_keys.alias("own")
_BY_KEY = Statement(
    _found.where(
        _r.tenant_id == _TENANT,
        _r.source == bindparam("source"),
        _r.subject_index
        == select(_own.c.subject_index)
        .where(_own.c.tenant_id == _TENANT, _own.c.id == bindparam("key"))
        .scalar_subquery(),
    )
)


class ClaimRecordRepository:
    """`scope.deferring.ClaimRecords`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def put(self, table: str, records: Sequence[NewRecord]) -> None:
        """Three statements, however many rows: keys there are, keys there were not, rows."""
        unit = self._unit
        indexes = [self._index(one.subject) for one in records]
        keys = await self._keys(records, indexes)
        await _PUT.run(
            unit.connection,
            tenant=unit.tenant_id,
            source=table,
            indexes=indexes,
            sealed=[
                unit.vault.seal(
                    "claim_records", "claims_sealed", place_of(table, index), render_json(dict(one.claims)), keys[index]
                )
                for one, index in zip(records, indexes, strict=True)
            ],
            keys=[keys[index].id for index in indexes],
        )

    async def _keys(self, records: Sequence[NewRecord], indexes: Sequence[bytes]) -> Mapping[bytes, DataKey]:
        unit, vault = self._unit, self._unit.vault
        rows = await _KEYS.rows(unit.connection, tenant=unit.tenant_id, indexes=list(indexes))
        keys = {row["subject_index"]: vault.subject_key(row["id"], row["wrapped_key"]) for row in rows}
        made = []
        for one, index in zip(records, indexes, strict=True):
            if index not in keys:
                keys[index], wrapped = vault.new_subject_key(one.subject_key_id)
                made.append((one.subject_key_id, index, wrapped))
        if made:
            ids, places, wrapped_keys = (list(part) for part in zip(*made, strict=True))
            await _ADD_KEYS.run(
                unit.connection,
                tenant=unit.tenant_id,
                ids=ids,
                indexes=places,
                wrapped=wrapped_keys,
                wrapping=vault.data_key_id,
            )
        return keys

    def _index(self, subject: str) -> bytes:
        """The index that an offer to the same person carries."""
        return self._unit.vault.blind("subject_keys.subject_index", subject)

    async def remove(self, table: str) -> int:
        """All rows of a table."""
        return await _REMOVE.run(self._unit.connection, tenant=self._unit.tenant_id, source=table)

    async def of_issuance(self, table: str, subject_key_id: UUID) -> Mapping[str, Any] | None:
        """By the index that the person's key carries."""
        row = await _BY_KEY.row(self._unit.connection, tenant=self._unit.tenant_id, source=table, key=subject_key_id)
        return self._opened(table, row)

    async def of_subject(self, table: str, subject: str) -> Mapping[str, Any] | None:
        """By the name."""
        row = await _BY_SUBJECT.row(
            self._unit.connection, tenant=self._unit.tenant_id, source=table, index=self._index(subject)
        )
        return self._opened(table, row)

    async def newest(self, table: str, limit: int) -> Sequence[tuple[UUID, Mapping[str, Any]]]:
        """With the key of each person."""
        rows = await _NEWEST.rows(self._unit.connection, tenant=self._unit.tenant_id, source=table, limit=limit)
        return [(row["id"], self._opened(table, row) or {}) for row in rows]

    def _opened(self, table: str, row: Row | None) -> Mapping[str, Any] | None:
        if row is None:
            return None
        vault = self._unit.vault
        key = vault.subject_key(row["id"], row["wrapped_key"])
        place = place_of(table, row["subject_index"])
        return parse_json_object(vault.open("claim_records", "claims_sealed", place, row["claims_sealed"], key))


def place_of(table: str, index: bytes) -> UUID:
    """The row's name, as sealing wants one: the table's key is a name and an index."""
    return uuid5(_PLACE, f"{table}\n{index.hex()}")
