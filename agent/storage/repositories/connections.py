"""DIDComm relationships: peers' DIDs, labels and invitations sealed, names hashed under the tenant's key."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import bindparam, exists, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from agent.scope import Conflict
from agent.scope.connections import Connection, OwnDid, OwnKey
from agent.storage.statements import Row, Statement
from agent.storage.tables import connection_names, connections, own_did_names, own_dids
from protocols.did import peer
from protocols.encoding import parse_json_object, render_json
from protocols.ports import KeyHandle

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_c, _o, _n, _cn = connections.c, own_dids.c, own_did_names.c, connection_names.c
_tenant = bindparam("tenant", type_=_c.tenant_id.type)
_own: Any = bindparam("own", type_=_c.id.type)


def _insert(table: Any, names: str) -> Statement:
    return Statement(insert(table).values({name: bindparam(name) for name in names.split()}))


_ADD_OWN = _insert(own_dids, "tenant_id id did_sealed keys_sealed")
_ADD_OWN_NAME = _insert(own_did_names, "tenant_id name_hash own_did_id")
_OWN = Statement(
    select(own_dids)
    .join_from(own_did_names, own_dids, (_n.tenant_id == _o.tenant_id) & (_n.own_did_id == _o.id))
    .where(_n.tenant_id == _tenant, _n.name_hash == bindparam("name"))
)
_OWN_BY_ID = Statement(select(own_dids).where(_o.tenant_id == _tenant, _o.id == bindparam("row")))
_RETIRE = Statement(
    update(own_dids)
    .where(
        _o.tenant_id == _tenant,
        _o.id == bindparam("row"),
        _o.retired_at.is_(None),
        ~exists().where(_c.tenant_id == _o.tenant_id, _c.own_did_id == _o.id, _c.state != "abandoned"),
    )
    .values(retired_at=func.now())
)
_CHANGING = (
    "protocol state their_did_sealed their_did_index their_label_sealed own_did_id data_sealed policy invitation_sealed"
)
_NEW = f"tenant_id id didcomm_version multi_use invitation_hash expires_at {_CHANGING}"
_ADD = _insert(connections, _NEW)
_SETTLE = Statement(
    update(connections)
    .where(_c.tenant_id == _tenant, _c.id == bindparam("row"), _c.row_version == bindparam("before"))
    .values({name: bindparam(name) for name in _CHANGING.split()})
)
_of_tenant = select(connections).where(_c.tenant_id == _tenant)
_GET = Statement(_of_tenant.where(_c.id == bindparam("row")))
_BETWEEN = Statement(
    _of_tenant.where(
        _c.their_did_index == bindparam("theirs"),
        _c.own_did_id.is_not_distinct_from(_own),
    )
)
_WITH_PEER = Statement(
    _of_tenant.where(_c.their_did_index == bindparam("theirs")).order_by(_c.created_at, _c.id).limit(16)
)
_NAMED = Statement(
    select(connections)
    .join_from(connection_names, connections, (_cn.tenant_id == _c.tenant_id) & (_cn.connection_id == _c.id))
    .where(_cn.tenant_id == _tenant, _cn.name_hash == bindparam("name"))
    .order_by(_c.created_at)
    .limit(16)
)
_NAME = Statement(
    upsert(connection_names)
    .values({name: bindparam(name) for name in ("tenant_id", "name_hash", "connection_id", "kind")})
    .on_conflict_do_nothing()
)
_USING = Statement(_of_tenant.where(_c.own_did_id.is_not_distinct_from(_own)).order_by(_c.created_at, _c.id).limit(16))
_INVITED = Statement(
    _of_tenant.where(_c.invitation_hash == bindparam("invitation")).order_by(_c.created_at, _c.id).limit(1)
)
_LISTING = Statement(_of_tenant.order_by(_c.id.desc()).limit(bindparam("limit")))
_LISTING_AFTER = Statement(
    _of_tenant.where(_c.id < bindparam("after")).order_by(_c.id.desc()).limit(bindparam("limit"))
)


class ConnectionRepository:
    """`scope.connections.Connections`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit
        self._here = {"tenant": unit.tenant_id}

    def _hash(self, kind: str, name: str) -> bytes:
        # Not a blind index, which takes spellings that differ in case for equal: base58 does not.
        return self._unit.vault.derive(f"didcomm.{kind}", peer.short_form(name).encode())

    def _seal(self, row: UUID, column: str, value: bytes) -> bytes | None:
        return self._unit.vault.seal("connections", column, row, value) if value else None

    def _open(self, row: Row, column: str) -> bytes:
        return self._unit.vault.open("connections", column, row["id"], row[column]) if row[column] else b""

    async def add_own_did(self, own: OwnDid, names: tuple[str, ...] = ()) -> None:
        """See `scope.connections.Connections`."""
        unit, vault = self._unit, self._unit.vault
        keys = {fragment: _stored(key) for fragment, key in own.keys.items()}
        await _ADD_OWN.run(
            unit.connection,
            tenant_id=unit.tenant_id,
            id=own.id,
            did_sealed=vault.seal("own_dids", "did_sealed", own.id, own.did.encode()),
            keys_sealed=vault.seal("own_dids", "keys_sealed", own.id, render_json(keys)),
        )
        for name in (own.did, *names):
            hashed = self._hash("own_name", name)
            await _ADD_OWN_NAME.run(unit.connection, tenant_id=unit.tenant_id, name_hash=hashed, own_did_id=own.id)

    async def own_did(self, name: str) -> OwnDid | None:
        """See `scope.connections.Connections`."""
        row = await _OWN.row(self._unit.connection, **self._here, name=self._hash("own_name", name))
        return self._own(row) if row else None

    async def own_did_by_id(self, row: UUID) -> OwnDid:
        """See `scope.connections.Connections`."""
        found = await _OWN_BY_ID.row(self._unit.connection, **self._here, row=row)
        if found is None:
            raise Conflict("DID of ours is gone")
        return self._own(found)

    async def retire_own_did(self, row: UUID) -> None:
        """See `scope.connections.Connections`."""
        await _RETIRE.run(self._unit.connection, **self._here, row=row)

    def _own(self, row: Row) -> OwnDid:
        vault, number = self._unit.vault, row["id"]
        stored = parse_json_object(vault.open("own_dids", "keys_sealed", number, row["keys_sealed"]))
        did = vault.open("own_dids", "did_sealed", number, row["did_sealed"]).decode()
        keys = {fragment: _restored(value) for fragment, value in stored.items()}
        return OwnDid(number, did, keys, row["retired_at"] is not None)

    def _changing(self, connection: Connection) -> dict[str, Any]:
        row = connection.id
        theirs = peer.short_form(connection.their_did)
        invitation = render_json({"id": connection.invitation_id, "invitation": dict(connection.invitation)})
        return {
            "invitation_sealed": self._seal(row, "invitation_sealed", invitation) if connection.invitation_id else None,
            "protocol": connection.protocol,
            "state": connection.state,
            "their_did_sealed": self._seal(row, "their_did_sealed", connection.their_did.encode()),
            "their_did_index": self._hash("their_did", theirs) if theirs else None,
            "their_label_sealed": self._seal(row, "their_label_sealed", connection.label.encode()),
            "own_did_id": connection.own_did,
            "data_sealed": self._seal(row, "data_sealed", render_json(dict(connection.data)))
            if connection.data
            else None,
            "policy": dict(connection.policy),
        }

    async def add(self, connection: Connection) -> None:
        """See `scope.connections.Connections`."""
        unit = self._unit
        await _ADD.run(
            unit.connection,
            tenant_id=unit.tenant_id,
            id=connection.id,
            didcomm_version=connection.version,
            multi_use=connection.multi_use,
            invitation_hash=self._hash("invitation", connection.invitation_id) if connection.invitation_id else None,
            expires_at=connection.expires,
            **self._changing(connection),
        )

    async def settle(self, connection: Connection) -> None:
        """See `scope.connections.Connections`."""
        changed = await _SETTLE.run(
            self._unit.connection,
            **self._here,
            row=connection.id,
            before=connection.row_version,
            **self._changing(connection),
        )
        if not changed:
            raise Conflict("connection moved on")

    async def get(self, row: UUID) -> Connection | None:
        """See `scope.connections.Connections`."""
        found = await _GET.row(self._unit.connection, **self._here, row=row)
        return self._connection(found) if found else None

    async def between(self, own_did: UUID | None, their_did: str) -> Connection | None:
        """See `scope.connections.Connections`."""
        theirs = self._hash("their_did", their_did)
        found = await _BETWEEN.row(self._unit.connection, **self._here, own=own_did, theirs=theirs)
        return self._connection(found) if found else None

    async def with_peer(self, their_did: str) -> list[Connection]:
        """See `scope.connections.Connections`."""
        rows = await _WITH_PEER.rows(self._unit.connection, **self._here, theirs=self._hash("their_did", their_did))
        return [self._connection(row) for row in rows]

    async def named(self, name: str) -> list[Connection]:
        """See `scope.connections.Connections`."""
        rows = await _NAMED.rows(self._unit.connection, **self._here, name=self._hash("their_name", name))
        return [self._connection(row) for row in rows]

    async def name(self, connection: UUID, kind: str, name: str) -> None:
        """See `scope.connections.Connections`."""
        await _NAME.run(
            self._unit.connection,
            tenant_id=self._unit.tenant_id,
            name_hash=self._hash("their_name", name),
            connection_id=connection,
            kind=kind,
        )

    async def using(self, own_did: UUID | None) -> list[Connection]:
        """See `scope.connections.Connections`."""
        rows = await _USING.rows(self._unit.connection, **self._here, own=own_did)
        return [self._connection(row) for row in rows]

    async def invited(self, invitation_id: str) -> Connection | None:
        """See `scope.connections.Connections`."""
        hashed = self._hash("invitation", invitation_id)
        found = await _INVITED.row(self._unit.connection, **self._here, invitation=hashed)
        return self._connection(found) if found else None

    async def listing(self, after: UUID | None, limit: int) -> list[Connection]:
        """See `scope.connections.Connections`."""
        statement, where = (_LISTING_AFTER, {"after": after}) if after else (_LISTING, {})
        rows = await statement.rows(self._unit.connection, **self._here, limit=limit, **where)
        return [self._connection(row) for row in rows]

    def _connection(self, row: Row) -> Connection:
        sealed = self._open(row, "invitation_sealed")
        invitation: dict[str, Any] = parse_json_object(sealed) if sealed else {"id": "", "invitation": {}}
        data = self._open(row, "data_sealed")
        return Connection(
            id=row["id"],
            version=row["didcomm_version"],
            protocol=row["protocol"],
            state=row["state"],
            own_did=row["own_did_id"],
            their_did=self._open(row, "their_did_sealed").decode(),
            label=self._open(row, "their_label_sealed").decode(),
            invitation_id=invitation["id"],
            invitation=invitation["invitation"],
            multi_use=row["multi_use"],
            policy=row["policy"],
            data=parse_json_object(data) if data else {},
            expires=row["expires_at"],
            created=row["created_at"],
            row_version=row["row_version"],
        )


def _stored(key: OwnKey) -> dict[str, Any]:
    handle = key.handle
    return {
        "store": handle.store,
        "reference": handle.reference,
        "algorithm": handle.algorithm,
        "jwk": dict(key.jwk),
        "relationships": list(key.relationships),
    }


def _restored(value: Any) -> OwnKey:
    handle = KeyHandle(value["store"], value["reference"], value["algorithm"])
    return OwnKey(handle, value["jwk"], tuple(value["relationships"]))
