"""The system tenant's rows of the catalogue, kept the same in a database of a tenant's own as in the shared one."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from agent.storage.statements import Statement
from agent.storage.tables import audit_heads, audit_seals

if TYPE_CHECKING:
    from agent.storage.statements import Connection
    from agent.storage.unit_of_work import PostgresUnit

_TABLES = (
    *("subscription_tiers", "credential_schemas", "credential_types"),
    *("trust_registries", "trust_anchors", "trust_chains", "trust_chain_members"),
)
"""Those before that others refer to."""
_TAKEN_AWAY = ("trust_chain_members", "trust_chains", "trust_anchors", "trust_registries")
"""Rows that may go; of the other tables none is ever deleted."""
_COLUMNS = """
SELECT attname,
       EXISTS (SELECT FROM pg_index WHERE indrelid = attrelid AND indisprimary AND attnum = ANY (indkey::int2[]))
  FROM pg_attribute WHERE attrelid = format('agent.%I', $1::text)::regclass AND attnum > 0 AND NOT attisdropped
   AND attgenerated = '' AND attname NOT IN ('updated_at', 'row_version') ORDER BY attnum"""
_h, _s = audit_heads.c, audit_seals.c
_HEAD = Statement(select(_h.seal_no, _h.seal_hash).where(_h.tenant_id == bindparam("tenant")))
_SEAL = Statement(select(_s.seal_hash).where(_s.tenant_id == bindparam("tenant"), _s.seal_no == bindparam("number")))
_new = insert(audit_heads).values({name: bindparam(name) for name in ("tenant_id", "seal_no", "seal_hash")})
_NOTE = Statement(
    _new.on_conflict_do_update(
        index_elements=["tenant_id"],
        set_={"seal_no": _new.excluded.seal_no, "seal_hash": _new.excluded.seal_hash},
        where=_h.seal_no < _new.excluded.seal_no,
    )
)


async def copy_catalogue(source: "Connection", target: "Connection") -> int:
    """What the shared database says, where both see the system tenant's rows; how many rows were not the same."""
    changed, shapes = 0, {}
    for table in _TABLES:
        columns = await source.fetch(_COLUMNS, table)
        shapes[table] = [row[0] for row in columns], [row[0] for row in columns if row[1]]
    theirs = {table: await _rows(source, table, shapes[table][1]) for table in _TABLES}
    ours = {table: await _rows(target, table, shapes[table][1]) for table in _TABLES}
    for table in _TABLES:
        for key, row in theirs[table].items():
            if ours[table].get(key) != row:
                await target.execute(_put(table, *shapes[table]), row)
                changed += 1
    for table in _TAKEN_AWAY:
        for key in ours[table].keys() - theirs[table].keys():
            await target.execute(_take(table, shapes[table][1]), ours[table][key])
            changed += 1
    return changed


async def _rows(connection: "Connection", table: str, key: list[str]) -> Mapping[tuple[Any, ...], Any]:
    """By primary key, as JSON; tables and columns are ours and PostgreSQL's own names."""
    rows = await connection.fetch(
        f"SELECT to_jsonb(t) - '{{updated_at,row_version}}'::text[] FROM agent.{table} t"  # noqa: S608  # as above
        " WHERE tenant_id = agent.system_tenant()"
    )
    return {tuple(row[0][name] for name in key): row[0] for row in rows}


def _put(table: str, columns: list[str], key: list[str]) -> str:
    named = ", ".join(columns)
    changes = (
        ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key) or f"{key[0]} = excluded.{key[0]}"
    )
    return (
        f"INSERT INTO agent.{table} ({named}) SELECT {named} FROM jsonb_populate_record(NULL::agent.{table}, $1::jsonb)"  # noqa: S608
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}"
    )


def _take(table: str, key: list[str]) -> str:
    same = " AND ".join(f"t.{name} = r.{name}" for name in key)
    return f"DELETE FROM agent.{table} t USING jsonb_populate_record(NULL::agent.{table}, $1::jsonb) r WHERE {same}"  # noqa: S608


async def known_head(unit: "PostgresUnit", tenant: UUID) -> tuple[int, bytes] | None:
    """How far the tenant's record had come when the shared database last heard of it."""
    row = await _HEAD.row(unit.connection, tenant=tenant)
    return (row[0], row[1]) if row else None


async def hash_of_seal(unit: "PostgresUnit", number: int) -> bytes | None:
    """The hash of a seal that is there."""
    found: bytes | None = await _SEAL.value(unit.connection, tenant=unit.tenant_id, number=number)
    return found


async def note_head(unit: "PostgresUnit", number: int, seal_hash: bytes) -> None:
    """In the shared database, where a head only goes forward."""
    await _NOTE.run(unit.connection, tenant_id=unit.tenant_id, seal_no=number, seal_hash=seal_hash)
