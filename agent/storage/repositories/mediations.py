"""Mediation: names of recipients sealed and hashed under the tenant's key, envelopes as they came."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import bindparam, cast, delete, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.types import Uuid

from agent.scope.mediating import Held, Mediation, NewEnvelope, QueueFull
from agent.storage.statements import Row, Statement
from agent.storage.tables import mediation_keys, mediations, message_queue
from protocols.did import peer
from protocols.didcomm.mediating import KeyPage, QueueState

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

MAX_KEYS = 10_000
_m, _k, _q = mediations.c, mediation_keys.c, message_queue.c
_tenant: Any = bindparam("tenant", type_=_m.tenant_id.type)
_id: Any = bindparam("mediation", type_=_m.id.type)
_GRANT = Statement(
    insert(mediations)
    .values({name: bindparam(name) for name in ["tenant_id", "id", "connection_id", "role", "state", "routing_dids"]})
    .on_conflict_do_update(
        index_elements=[_m.tenant_id, _m.connection_id, _m.role],
        set_={"state": bindparam("state"), "routing_dids": bindparam("routing_dids")},
    )
)
_END = Statement(delete(mediations).where(_m.tenant_id == _tenant, _m.id == _id))
_standing = select(mediations).where(_m.tenant_id == _tenant, _m.state == "granted")
_OF = Statement(_standing.where(_m.connection_id == bindparam("with_connection"), _m.role == bindparam("role")))
_TO_US = Statement(_standing.where(_m.role == "recipient").order_by(_m.created_at).limit(1000))
_ADD_KEY = Statement(
    insert(mediation_keys)
    .values({name: bindparam(name) for name in ["tenant_id", "recipient_index", "mediation_id", "recipient_sealed"]})
    .on_conflict_do_nothing()
)
_named = (_k.tenant_id == _tenant, _k.recipient_index == bindparam("name"))
_OWNER = Statement(select(_k.mediation_id).where(*_named))
_DROP_KEY = Statement(delete(mediation_keys).where(*_named, _k.mediation_id == _id))
_COUNT_KEYS = Statement(
    select(func.count()).select_from(mediation_keys).where(_k.tenant_id == _tenant, _k.mediation_id == _id)
)
_KEYS = Statement(
    select(_k.recipient_index, _k.recipient_sealed)
    .where(_k.tenant_id == _tenant, _k.mediation_id == _id)
    .order_by(_k.created_at, _k.recipient_index)
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
_SERVING = Statement(
    select(mediations)
    .join_from(mediation_keys, mediations, (_k.tenant_id == _m.tenant_id) & (_k.mediation_id == _m.id))
    .where(*_named, _m.state == "granted", _m.role == "mediator")
)
_LOCK = Statement(select(_m.queue_limit).where(_m.tenant_id == _tenant, _m.id == _id).with_for_update())
_mine = (_q.tenant_id == _tenant, _q.mediation_id == _id)
_FILL = Statement(
    select(
        func.count().label("held"),
        func.count().filter(_q.recipient_index == bindparam("name")).label("of_recipient"),
        func.count().filter(_q.sender_index == bindparam("sender")).label("of_sender"),
    ).where(*_mine)
)
_HELD_COLUMNS = "tenant_id id mediation_id recipient_index envelope sender_index expires_at"
_HOLD = Statement(insert(message_queue).values({name: bindparam(name) for name in _HELD_COLUMNS.split()}))
_ids: Any = bindparam("ids", type_=ARRAY(Uuid()))
_since: Any = bindparam("since", type_=_q.received_at.type)
_name: Any = bindparam("name", type_=_q.recipient_index.type)
_WAITING = Statement(
    select(_q.id, _q.envelope)
    .where(
        *_mine,
        _q.expires_at > bindparam("now", type_=_q.expires_at.type),
        or_(_name.is_(None), _q.recipient_index == _name),
        or_(_since.is_(None), _q.received_at >= _since),
        ~(_q.id == func.any(cast(_ids, ARRAY(Uuid())))),
    )
    .order_by(_q.id)
    .limit(bindparam("limit"))
)
_RECEIVED = Statement(delete(message_queue).where(*_mine, _q.id == func.any(cast(_ids, ARRAY(Uuid())))))
_STATE = Statement(
    select(
        func.count().label("count"),
        func.min(_q.received_at).label("oldest"),
        func.max(_q.received_at).label("newest"),
        func.coalesce(func.sum(func.octet_length(_q.envelope)), 0).label("size"),
    ).where(
        *_mine,
        _q.expires_at > bindparam("now", type_=_q.expires_at.type),
        or_(_name.is_(None), _q.recipient_index == _name),
    )
)


class MediationRepository:
    """`scope.mediating.Mediations`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit
        self._here = {"tenant": unit.tenant_id}

    def _index(self, kind: str, name: str) -> bytes:
        return self._unit.vault.derive(f"didcomm.{kind}", peer.short_form(name).encode())

    async def grant(self, mediation: Mediation) -> None:
        """See `scope.mediating.Mediations`."""
        await _GRANT.run(
            self._unit.connection,
            tenant_id=self._unit.tenant_id,
            id=mediation.id,
            connection_id=mediation.connection,
            role=mediation.role,
            state="granted",
            routing_dids=list(mediation.routing),
        )

    async def end(self, mediation: UUID) -> None:
        """See `scope.mediating.Mediations`."""
        await _END.run(self._unit.connection, **self._here, mediation=mediation)

    async def of(self, connection: UUID, role: str) -> Mediation | None:
        """See `scope.mediating.Mediations`."""
        row = await _OF.row(self._unit.connection, **self._here, with_connection=connection, role=role)
        return _mediation(row) if row else None

    async def granted_to_us(self) -> list[Mediation]:
        """See `scope.mediating.Mediations`."""
        return [_mediation(row) for row in await _TO_US.rows(self._unit.connection, **self._here)]

    async def change_keys(self, mediation: UUID, updates: Sequence[tuple[str, str]]) -> list[str]:
        """See `scope.mediating.Mediations`."""
        # One at a time, so that the limit holds.
        await _LOCK.row(self._unit.connection, **self._here, mediation=mediation)
        held = await _COUNT_KEYS.value(self._unit.connection, **self._here, mediation=mediation)
        results = []
        for name, action in updates:
            result = await (self._drop if action == "remove" else self._add)(mediation, name, held)
            held += {"add": 1, "remove": -1}[action] if result == "success" else 0
            results.append(result)
        return results

    async def _add(self, mediation: UUID, name: str, held: int) -> str:
        unit, index = self._unit, self._index("recipient", name)
        owner = await _OWNER.value(unit.connection, **self._here, name=index)
        if owner is not None:
            return "no_change" if owner == mediation else "client_error"
        if held >= MAX_KEYS:
            return "server_error"
        # A recipient has no row of its own to be named by: the hash of its name is one.
        row = UUID(bytes=index[:16])
        added = await _ADD_KEY.run(
            unit.connection,
            tenant_id=unit.tenant_id,
            recipient_index=index,
            mediation_id=mediation,
            recipient_sealed=unit.vault.seal("mediation_keys", "recipient_sealed", row, name.encode()),
        )
        return "success" if added else "client_error"

    async def _drop(self, mediation: UUID, name: str, _held: int) -> str:
        index = self._index("recipient", name)
        dropped = await _DROP_KEY.run(self._unit.connection, **self._here, name=index, mediation=mediation)
        return "success" if dropped else "no_change"

    async def keys(self, mediation: UUID, limit: int, offset: int) -> KeyPage:
        """See `scope.mediating.Mediations`."""
        where = {**self._here, "mediation": mediation}
        total = await _COUNT_KEYS.value(self._unit.connection, **where)
        rows = await _KEYS.rows(self._unit.connection, **where, limit=limit, offset=offset)
        names = tuple(self._recipient(row) for row in rows)
        return KeyPage(names, max(0, total - offset - len(names)))

    def _recipient(self, row: Row) -> str:
        vault = self._unit.vault
        number = UUID(bytes=row["recipient_index"][:16])
        return vault.open("mediation_keys", "recipient_sealed", number, row["recipient_sealed"]).decode()

    async def serving(self, name: str) -> Mediation | None:
        """See `scope.mediating.Mediations`."""
        row = await _SERVING.row(self._unit.connection, **self._here, name=self._index("recipient", name))
        return _mediation(row) if row else None

    async def hold(self, mediation: UUID, new: NewEnvelope) -> None:
        """See `scope.mediating.Mediations`."""
        unit, where = self._unit, {**self._here, "mediation": mediation}
        recipient = self._index("recipient", new.recipient)
        sender = self._index("sender", new.sender) if new.sender else None
        # The row of the agreement is held, so that two that arrive at once are counted one after the other.
        limit = await _LOCK.value(unit.connection, **where)
        fill = await _FILL.row(unit.connection, **where, name=recipient, sender=sender)
        if limit is None or fill is None or fill["held"] >= limit:
            raise QueueFull("queue")
        # Neither one recipient nor one sender may take what is meant for all of them.
        if fill["of_recipient"] >= max(1, limit * 3 // 4) or (sender and fill["of_sender"] >= max(1, limit // 2)):
            raise QueueFull("share of a recipient or sender")
        await _HOLD.run(
            unit.connection,
            tenant_id=unit.tenant_id,
            id=new.id,
            mediation_id=mediation,
            recipient_index=recipient,
            envelope=new.envelope,
            sender_index=sender,
            expires_at=new.expires,
        )
        unit.wake(str(mediation))

    async def waiting(
        self, mediation: UUID, limit: int, recipient: str = "", since: datetime | None = None, but: Sequence[UUID] = ()
    ) -> list[Held]:
        """See `scope.mediating.Mediations`."""
        rows = await _WAITING.rows(
            self._unit.connection,
            **self._here,
            mediation=mediation,
            now=self._unit.now,
            name=self._index("recipient", recipient) if recipient else None,
            since=since,
            ids=list(but),
            limit=limit,
        )
        return [Held(row["id"], row["envelope"]) for row in rows]

    async def received(self, mediation: UUID, ids: Sequence[UUID]) -> int:
        """See `scope.mediating.Mediations`."""
        return await _RECEIVED.run(self._unit.connection, **self._here, mediation=mediation, ids=list(ids))

    async def state(self, mediation: UUID, recipient: str = "") -> QueueState:
        """See `scope.mediating.Mediations`."""
        now = self._unit.now
        row = await _STATE.row(
            self._unit.connection,
            **self._here,
            mediation=mediation,
            now=now,
            name=self._index("recipient", recipient) if recipient else None,
        )
        if row is None or not row["count"]:
            return QueueState(0)
        return QueueState(
            count=row["count"],
            longest_waited=max(0, int((now - row["oldest"]).total_seconds())),
            newest=int(row["newest"].timestamp()),
            oldest=int(row["oldest"].timestamp()),
            size=int(row["size"]),
        )


def _mediation(row: Row) -> Mediation:
    return Mediation(row["id"], row["connection_id"], row["role"], tuple(row["routing_dids"]))
