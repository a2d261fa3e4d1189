"""AnonCreds on PostgreSQL: objects that never change, places handed out once, lists that only follow one another."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from agent.scope import Conflict
from agent.scope.anoncreds import Exchange, RegistryObject
from agent.storage import tables
from agent.storage.statements import Row, Statement
from protocols.encoding import parse_json_object, render_json
from protocols.ports.exchanges import NewRegistry

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_o, _l, _e, _h = (
    tables.anoncreds_objects,
    tables.anoncreds_status_lists,
    tables.anoncreds_exchanges,
    tables.anoncreds_holdings,
)
_TENANT: Any = bindparam("tenant", type_=_o.c.tenant_id.type)


def _insert(table: Any, names: str) -> Statement:
    return Statement(insert(table).values({name: bindparam(name) for name in names.split()}))


_PUBLISH = _insert(_o, "tenant_id id kind parent_id content secret_sealed tails capacity next_place")
_LIST = _insert(_l, "tenant_id registry_id version in_force content")
_OBJECT = Statement(
    select(_o.c.id, _o.c.kind, _o.c.content, _o.c.secret_sealed, _o.c.parent_id, _o.c.row_version).where(
        _o.c.tenant_id == _TENANT, _o.c.id == bindparam("object_id"), _o.c.kind == bindparam("of_kind")
    )
)
_OBJECTS = Statement(
    select(_o.c.id)
    .where(_o.c.tenant_id == _TENANT, _o.c.kind == bindparam("of_kind"))
    .order_by(_o.c.created_at, _o.c.id)
    .limit(1000)
)
_TAILS = Statement(select(_o.c.tails).where(_o.c.tenant_id == _TENANT, _o.c.id == bindparam("object_id")))
_newest = (
    select(_o.c.id)
    .where(_o.c.tenant_id == _TENANT, _o.c.parent_id == bindparam("definition"), _o.c.kind == "registry")
    .order_by(_o.c.created_at.desc(), _o.c.id.desc())
    .limit(1)
    .scalar_subquery()
)
# A place is handed out by the statement that counts on: of two that ask at once, each gets its own.
_TAKE = Statement(
    update(_o)
    .where(_o.c.tenant_id == _TENANT, _o.c.id == _newest, _o.c.next_place < _o.c.capacity)
    .values(next_place=_o.c.next_place + 1)
    .returning(_o.c.id, _o.c.next_place - 1)
)
_IN_FORCE = Statement(
    select(_l.c.content)
    .where(_l.c.tenant_id == _TENANT, _l.c.registry_id == bindparam("registry"), _l.c.in_force <= bindparam("at"))
    .order_by(_l.c.version.desc())
    .limit(1)
)
_FOLLOW = Statement(
    update(_o)
    .where(_o.c.tenant_id == _TENANT, _o.c.id == bindparam("registry"), _o.c.row_version == bindparam("before"))
    .values(row_version=_o.c.row_version + 1)
)
_BEGIN = _insert(_e, "tenant_id id role state details_sealed definition_id registry_id registry_place")
_EXCHANGE = Statement(
    select(_e).where(_e.c.tenant_id == _TENANT, _e.c.id == bindparam("exchange"), _e.c.role == bindparam("in_role"))
)
_SETTLE = Statement(
    update(_e)
    .where(_e.c.tenant_id == _TENANT, _e.c.id == bindparam("exchange"), _e.c.state == bindparam("before"))
    .values(
        state=bindparam("after"),
        details_sealed=bindparam("details"),
        registry_id=bindparam("registry"),
        registry_place=bindparam("index_"),
        updated_at=func.now(),
    )
)
_REVOKE = Statement(
    update(_e)
    .where(
        _e.c.tenant_id == _TENANT,
        _e.c.id == func.any(bindparam("exchanges")),
        _e.c.role == "issuer",
        _e.c.state == "issued",
        _e.c.registry_id.is_not(None),
    )
    .values(state="revoked", updated_at=func.now())
    .returning(_e)
)
_KEEP = Statement(
    upsert(_h)
    .values({name: bindparam(name) for name in ["tenant_id", "id", "kind", "content_sealed"]})
    .on_conflict_do_nothing()
)
_HELD = Statement(
    select(_h.c.id, _h.c.content_sealed)
    .where(_h.c.tenant_id == _TENANT, _h.c.kind == bindparam("of_kind"))
    .order_by(_h.c.created_at, _h.c.id)
    .limit(1000)
)


class PostgresAnonCreds:
    """`scope.anoncreds.AnonCredsRepository`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit
        self._here = {"tenant": unit.tenant_id}

    async def publish(self, made: RegistryObject) -> None:
        """Insert."""
        await self._insert(made)

    async def _insert(self, made: RegistryObject, tails: bytes | None = None, capacity: int | None = None) -> None:
        seal = self._unit.vault.seal
        await _PUBLISH.run(
            self._unit.connection,
            tenant_id=self._unit.tenant_id,
            id=made.id,
            kind=made.kind,
            parent_id=made.parent,
            content=made.content,
            secret_sealed=seal("anoncreds_objects", "secret_sealed", made.id, made.secret) if made.secret else None,
            tails=tails,
            capacity=capacity,
            next_place=None if capacity is None else 1,
        )

    async def publish_registry(self, registry_id: UUID, definition: UUID, made: NewRegistry, capacity: int) -> None:
        """Two rows."""
        row = RegistryObject(registry_id, "registry", render_json(dict(made.public)), made.secret, definition)
        await self._insert(row, made.tails, capacity)
        first = made.status_list
        await self._list(registry_id, 1, first["timestamp"], render_json(dict(first)))

    async def _list(self, registry: UUID, version: int, in_force: int, content: bytes) -> None:
        await _LIST.run(
            self._unit.connection,
            tenant_id=self._unit.tenant_id,
            registry_id=registry,
            version=version,
            in_force=in_force,
            content=content,
        )

    async def object(self, kind: str, object_id: UUID) -> RegistryObject | None:
        """By primary key."""
        row = await _OBJECT.row(self._unit.connection, **self._here, object_id=object_id, of_kind=kind)
        if row is None:
            return None
        sealed = row["secret_sealed"]
        secret = self._unit.vault.open("anoncreds_objects", "secret_sealed", row["id"], sealed) if sealed else b""
        return RegistryObject(row["id"], row["kind"], row["content"], secret, row["parent_id"], row["row_version"])

    async def objects(self, kind: str) -> Sequence[UUID]:
        """A thousand at most."""
        return [row[0] for row in await _OBJECTS.rows(self._unit.connection, **self._here, of_kind=kind)]

    async def tails(self, registry: UUID) -> bytes | None:
        """One column."""
        found: bytes | None = await _TAILS.value(self._unit.connection, **self._here, object_id=registry)
        return found

    async def take_index(self, definition: UUID) -> tuple[UUID, int] | None:
        """One guarded UPDATE."""
        row = await _TAKE.row(self._unit.connection, **self._here, definition=definition)
        return (row[0], row[1]) if row else None

    async def status_list(self, registry: UUID, at: int) -> bytes | None:
        """The newest that is not newer."""
        found: bytes | None = await _IN_FORCE.value(self._unit.connection, **self._here, registry=registry, at=at)
        return found

    async def next_status_list(self, registry: UUID, before: int, in_force: int, content: bytes) -> None:
        """Count on, then insert: whoever counted on is the only one who inserts."""
        if not await _FOLLOW.run(self._unit.connection, **self._here, registry=registry, before=before):
            raise Conflict("another status list was first")
        await self._list(registry, before + 1, in_force, content)

    def _sealed(self, exchange: Exchange) -> bytes:
        details = render_json(dict(exchange.details))
        return self._unit.vault.seal("anoncreds_exchanges", "details_sealed", exchange.id, details)

    async def begin(self, exchange: Exchange) -> None:
        """Insert."""
        await _BEGIN.run(
            self._unit.connection,
            tenant_id=self._unit.tenant_id,
            id=exchange.id,
            role=exchange.role,
            state=exchange.state,
            details_sealed=self._sealed(exchange),
            definition_id=exchange.definition,
            registry_id=exchange.registry,
            registry_place=exchange.index,
        )

    async def exchange(self, exchange_id: UUID, role: str) -> Exchange | None:
        """By primary key."""
        row = await _EXCHANGE.row(self._unit.connection, **self._here, exchange=exchange_id, in_role=role)
        return self._read(row) if row else None

    def _read(self, row: Row) -> Exchange:
        opened = self._unit.vault.open("anoncreds_exchanges", "details_sealed", row["id"], row["details_sealed"])
        return Exchange(
            row["id"],
            row["role"],
            row["state"],
            parse_json_object(opened),
            row["definition_id"],
            row["registry_id"],
            row["registry_place"],
        )

    async def settle(self, exchange: Exchange, before: str) -> None:
        """Compare and set, by state."""
        touched = await _SETTLE.run(
            self._unit.connection,
            **self._here,
            exchange=exchange.id,
            before=before,
            after=exchange.state,
            details=self._sealed(exchange),
            registry=exchange.registry,
            index_=exchange.index,
        )
        if not touched:
            raise Conflict("the exchange has gone on")

    async def revoke(self, exchanges: Sequence[UUID]) -> Sequence[Exchange]:
        """One UPDATE."""
        rows = await _REVOKE.rows(self._unit.connection, **self._here, exchanges=list(exchanges))
        return [self._read(row) for row in rows]

    async def link_secret(self) -> bytes | None:
        """The one."""
        found = await self._held("link_secret")
        return found[0][1] if found else None

    async def keep(self, holding: UUID, kind: str, content: bytes) -> None:
        """Insert, or nothing."""
        sealed = self._unit.vault.seal("anoncreds_holdings", "content_sealed", holding, content)
        unit = self._unit
        await _KEEP.run(unit.connection, tenant_id=unit.tenant_id, id=holding, kind=kind, content_sealed=sealed)

    async def held(self) -> Sequence[tuple[UUID, bytes]]:
        """A thousand at most."""
        return await self._held("credential")

    async def _held(self, kind: str) -> list[tuple[UUID, bytes]]:
        rows = await _HELD.rows(self._unit.connection, **self._here, of_kind=kind)
        vault = self._unit.vault
        return [(row[0], vault.open("anoncreds_holdings", "content_sealed", row[0], row[1])) for row in rows]
