"""DIDComm threads and messages; what people say is sealed, what peers name is hashed under the tenant's key."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import LargeBinary, Uuid, bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from agent.scope import Conflict
from agent.scope.messaging import Queued, Replayed, Step, Thread, Written
from agent.storage.statements import Row, Statement
from agent.storage.tables import connections, credentials, messages, threads
from protocols.didcomm import message as wire
from protocols.didcomm.message import Message
from protocols.didcomm.protocol import ThreadState
from protocols.encoding import parse_json_object, render_json

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_t, _m, _c, _r = threads.c, messages.c, connections.c, credentials.c
_FIND = Statement(
    select(_t.id, _t.role, _t.state, _t.data_sealed, _t.issuance_id, _t.row_version).where(
        _t.tenant_id == bindparam("tenant"), _t.thread_hash == bindparam("hash"), _t.protocol == bindparam("protocol")
    )
)
_GET = Statement(select(threads).where(_t.tenant_id == bindparam("tenant"), _t.id == bindparam("thread")))
_ISSUED: Any = bindparam("named", type_=ARRAY(Uuid()))
_ABOUT = Statement(
    select(threads, _r.id.label("credential"))
    .join_from(threads, credentials, (_r.tenant_id == _t.tenant_id) & (_r.issuance_id == _t.issuance_id))
    .where(
        _t.tenant_id == bindparam("tenant"),
        or_(_t.state == "credential-issued", _t.state == "done"),
        _r.role == "issued",
        or_(_r.id == func.any(_ISSUED), _r.issuance_id == func.any(_ISSUED)),
    )
)
_NEW = (
    "tenant_id id connection_id thread_hash thid_sealed parent_hash protocol role state data_sealed closed_at "
    "issuance_id"
)
_BEGIN = Statement(
    insert(threads)
    .values({name: bindparam(name) for name in _NEW.split()})
    .on_conflict_do_nothing(index_elements=[_t.tenant_id, _t.thread_hash, _t.protocol])
)
_MOVE = Statement(
    update(threads)
    .where(_t.tenant_id == bindparam("tenant"), _t.id == bindparam("thread"), _t.row_version == bindparam("version"))
    .values(
        role=bindparam("role"),
        state=bindparam("state"),
        data_sealed=bindparam("data_sealed"),
        closed_at=bindparam("closed_at"),
        issuance_id=bindparam("issuance_id"),
    )
)
_COLUMNS = "tenant_id id thread_id direction message_hash type state body_sealed answer_id"
_ADD = Statement(
    insert(messages)
    .values({name: bindparam(name) for name in _COLUMNS.split()})
    .on_conflict_do_nothing(index_elements=[_m.tenant_id, _m.message_hash])
)
_queued = (_m.tenant_id == bindparam("tenant"), _m.id == bindparam("message"), _m.state == "queued")
_OUTGOING = Statement(
    select(
        _m.body_sealed,
        _t.connection_id,
        func.coalesce(_c.didcomm_version, 2).label("didcomm_version"),
        _c.own_did_id,
        _c.their_did_sealed,
    )
    .join_from(messages, threads, (_t.tenant_id == _m.tenant_id) & (_t.id == _m.thread_id))
    .outerjoin(connections, (_c.tenant_id == _t.tenant_id) & (_c.id == _t.connection_id))
    .where(*_queued)
)
_SENT = Statement(
    update(messages)
    .where(*_queued)
    .values(state=bindparam("outcome"), sent_at=bindparam("now"))
    .returning(_m.thread_id)
)

_answer = messages.alias("answer")
_taken = (_m.tenant_id == bindparam("tenant"), _m.message_hash == bindparam("hash"), _m.direction == "in")
_OWED = Statement(
    select(_answer.c.id, _answer.c.body_sealed)
    .join_from(messages, _answer, (_answer.c.tenant_id == _m.tenant_id) & (_answer.c.id == _m.answer_id))
    .where(*_taken, _answer.c.state == "queued")
)
_owing = select(_m.id, _m.thread_id, _m.answer_id).where(*_taken, _m.answer_id.is_not(None)).with_for_update().cte()
_RELEASE = Statement(
    update(messages)
    .where(_m.tenant_id == bindparam("tenant"), _m.id == _owing.c.id)
    .values(answer_id=None)
    .returning(_owing.c.thread_id, _owing.c.answer_id)
)
_hashes: Any = bindparam("hashes", type_=ARRAY(LargeBinary()))
_among = (_m.tenant_id == bindparam("tenant"), _m.message_hash == func.any(_hashes))
_TAKEN = Statement(select(_m.message_hash).where(*_among, _m.direction == "in"))
_ACKNOWLEDGE = Statement(
    update(messages)
    .where(*_among, _m.direction == "out", or_(_m.state == "sent", _m.state == "queued"))
    .values(state="acknowledged")
)


class ConversationRepository:
    """`scope.messaging.Conversations`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    def _hash(self, kind: str, *parts: str) -> bytes:
        return self._unit.vault.derive(f"didcomm.{kind}", *(part.encode() for part in parts))

    async def thread(self, wanted: Thread) -> Thread:
        """See `scope.messaging.Conversations`."""
        unit, named = self._unit, self._hash("thread", wanted.party, wanted.thid)
        row = await _FIND.row(unit.connection, tenant=unit.tenant_id, hash=named, protocol=wanted.protocol)
        if row is None:
            return wanted
        return self._standing(wanted, row)

    async def get(self, thread: UUID) -> Thread | None:
        """See `scope.messaging.Conversations`."""
        unit = self._unit
        row = await _GET.row(unit.connection, tenant=unit.tenant_id, thread=thread)
        return self._stored(row) if row else None

    async def about(self, named: Sequence[UUID]) -> Sequence[tuple[UUID, Thread]]:
        """See `scope.messaging.Conversations`."""
        rows = await _ABOUT.rows(self._unit.connection, tenant=self._unit.tenant_id, named=list(named))
        return [(row["credential"], self._stored(row)) for row in rows]

    def _stored(self, row: Row) -> Thread:
        thid = self._unit.vault.open("threads", "thid_sealed", row["id"], row["thid_sealed"]).decode()
        return self._standing(Thread(row["id"], "", thid, row["protocol"], connection=row["connection_id"]), row)

    def _standing(self, thread: Thread, row: Row) -> Thread:
        sealed, vault = row["data_sealed"], self._unit.vault
        data = parse_json_object(vault.open("threads", "data_sealed", row["id"], sealed)) if sealed else {}
        state = ThreadState(row["role"], row["state"], data)
        return replace(thread, id=row["id"], state=state, version=row["row_version"], issuance=row["issuance_id"])

    async def settle(self, step: Step) -> None:
        """See `scope.messaging.Conversations`."""
        for connection in step.connections:
            known = self._unit.connections
            await (known.add(connection) if connection.row_version is None else known.settle(connection))
        for effect in step.effects:
            await effect(self._unit)
        await (self._begin(step) if step.thread.version is None else self._move(step))
        if step.taken:
            await self._take(step, *step.taken)
        for written in step.written:
            await self._write(step.thread, written)

    def _sealed_data(self, step: Step) -> bytes | None:
        data = step.state.data
        return (
            self._unit.vault.seal("threads", "data_sealed", step.thread.id, render_json(dict(data))) if data else None
        )

    async def _begin(self, step: Step) -> None:
        unit, thread = self._unit, step.thread
        begun = await _BEGIN.run(
            unit.connection,
            tenant_id=unit.tenant_id,
            id=thread.id,
            connection_id=thread.connection,
            thread_hash=self._hash("thread", thread.party, thread.thid),
            thid_sealed=unit.vault.seal("threads", "thid_sealed", thread.id, thread.thid.encode()),
            parent_hash=self._hash("thread", thread.party, thread.pthid) if thread.pthid else None,
            protocol=thread.protocol,
            role=step.state.role,
            state=step.state.state,
            data_sealed=self._sealed_data(step),
            closed_at=unit.now if step.closed else None,
            issuance_id=thread.issuance,
        )
        if not begun:
            raise Conflict("thread begun by another message")

    async def _move(self, step: Step) -> None:
        unit = self._unit
        moved = await _MOVE.run(
            unit.connection,
            tenant=unit.tenant_id,
            thread=step.thread.id,
            version=step.thread.version,
            role=step.state.role,
            state=step.state.state,
            data_sealed=self._sealed_data(step),
            closed_at=unit.now if step.closed else None,
            issuance_id=step.thread.issuance,
        )
        if not moved:
            raise Conflict("thread moved on")

    async def _take(self, step: Step, row_id: UUID, message: Message) -> None:
        answer = next((written.id for written in step.written if written.returned), None)
        if not await self._add(step.thread, row_id, "in", "handled", message, answer):
            raise Replayed(step.thread.protocol)

    async def _write(self, thread: Thread, written: Written) -> None:
        if not await self._add(thread, written.id, "out", "queued", written.message):
            raise Conflict("message id used twice")
        if not written.returned:
            self._send(thread.id, written.id)

    def _send(self, thread: UUID, message: UUID) -> None:
        self._unit.send("didcomm.message", str(thread), {"message": str(message)})

    async def _add(
        self, thread: Thread, row_id: UUID, direction: str, state: str, message: Message, answer: UUID | None = None
    ) -> int:
        unit = self._unit
        return await _ADD.run(
            unit.connection,
            tenant_id=unit.tenant_id,
            id=row_id,
            thread_id=thread.id,
            direction=direction,
            message_hash=self._hash("message", direction, thread.party, message.id),
            type=message.type,
            state=state,
            body_sealed=unit.vault.seal("messages", "body_sealed", row_id, wire.render(message)),
            answer_id=answer,
        )

    async def outgoing(self, message: UUID) -> Queued | None:
        """See `scope.messaging.Conversations`."""
        unit = self._unit
        row = await _OUTGOING.row(unit.connection, tenant=unit.tenant_id, message=message)
        if row is None:
            return None
        connection, sealed = row["connection_id"], row["their_did_sealed"]
        theirs = unit.vault.open("connections", "their_did_sealed", connection, sealed).decode() if sealed else ""
        return Queued(self._message(message, row), row["didcomm_version"], connection, row["own_did_id"], theirs)

    def _message(self, row_id: UUID, row: Row) -> Message:
        return wire.parse(self._unit.vault.open("messages", "body_sealed", row_id, row["body_sealed"]))

    def _hashes(self, direction: str, party: str, ids: Sequence[str]) -> dict[bytes, str]:
        return {self._hash("message", direction, party, one): one for one in ids}

    async def taken(self, party: str, ids: Sequence[str]) -> frozenset[str]:
        """See `scope.messaging.Conversations`."""
        unit, hashes = self._unit, self._hashes("in", party, ids)
        rows = await _TAKEN.rows(unit.connection, tenant=unit.tenant_id, hashes=list(hashes))
        return frozenset(hashes[bytes(row["message_hash"])] for row in rows)

    async def acknowledge(self, party: str, ids: Sequence[str]) -> int:
        """See `scope.messaging.Conversations`."""
        unit, hashes = self._unit, self._hashes("out", party, ids)
        return await _ACKNOWLEDGE.run(unit.connection, tenant=unit.tenant_id, hashes=list(hashes))

    async def owed(self, party: str, message_id: str) -> Message | None:
        """See `scope.messaging.Conversations`."""
        unit, taken = self._unit, self._hash("message", "in", party, message_id)
        row = await _OWED.row(unit.connection, tenant=unit.tenant_id, hash=taken)
        return self._message(row["id"], row) if row else None

    async def release(self, party: str, message_id: str) -> None:
        """See `scope.messaging.Conversations`."""
        unit, taken = self._unit, self._hash("message", "in", party, message_id)
        row = await _RELEASE.row(unit.connection, tenant=unit.tenant_id, hash=taken)
        if row is None:
            raise Conflict("nothing is owed")
        self._send(row["thread_id"], row["answer_id"])

    async def sent(self, message: UUID, delivered: bool) -> UUID:
        """See `scope.messaging.Conversations`."""
        unit, outcome = self._unit, "sent" if delivered else "failed"
        thread = await _SENT.value(
            unit.connection, tenant=unit.tenant_id, message=message, outcome=outcome, now=unit.now
        )
        if thread is None:
            raise Conflict("message is not queued")
        found: UUID = thread
        return found
