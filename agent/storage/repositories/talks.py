"""Threads and messages of DIDComm, read for their owner."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from agent.scope.talking import MessageShown, ThreadShown
from agent.storage.statements import Row, Statement
from agent.storage.tables import messages, threads
from protocols.didcomm import message as wire
from protocols.encoding import parse_json_object

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_t, _m = threads.c, messages.c
_tenant = bindparam("tenant", type_=_t.tenant_id.type)
_columns = select(
    _t.id, _t.connection_id, _t.protocol, _t.role, _t.state, _t.data_sealed, _t.created_at, _t.closed_at
).where(_t.tenant_id == _tenant)
_newest = _columns.order_by(_t.id.desc()).limit(bindparam("limit"))
_of: Any = _t.connection_id == bindparam("contact", type_=_t.id.type)
_before: Any = _t.id < bindparam("after", type_=_t.id.type)
_THREADS = {
    (False, False): Statement(_newest),
    (False, True): Statement(_newest.where(_before)),
    (True, False): Statement(_newest.where(_of)),
    (True, True): Statement(_newest.where(_of, _before)),
}
_THREAD = Statement(_columns.where(_t.id == bindparam("thread")))
_message = select(_m.id, _m.thread_id, _m.direction, _m.type, _m.state, _m.body_sealed, _m.created_at)
_MESSAGES = Statement(
    _message.where(_m.tenant_id == _tenant, _m.thread_id == bindparam("thread"))
    .order_by(_m.created_at, _m.id)
    .limit(bindparam("limit"))
)
_SAID = Statement(
    _message.join_from(messages, threads, (_t.tenant_id == _m.tenant_id) & (_t.id == _m.thread_id))
    .where(_m.tenant_id == _tenant, _of, _m.type == func.any(bindparam("types", type_=ARRAY(Text))))
    .order_by(_m.id.desc())
    .limit(bindparam("limit"))
)


class TalkRepository:
    """`scope.talking.Talks`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def threads(self, connection: UUID | None, after: UUID | None, limit: int) -> list[ThreadShown]:
        """See `scope.talking.Talks`."""
        statement = _THREADS[connection is not None, after is not None]
        asked = {"contact": connection, "after": after}
        given = {name: value for name, value in asked.items() if value is not None}
        rows = await statement.rows(self._unit.connection, tenant=self._unit.tenant_id, limit=limit, **given)
        return [self._thread(row) for row in rows]

    async def thread(self, thread: UUID) -> ThreadShown | None:
        """See `scope.talking.Talks`."""
        row = await _THREAD.row(self._unit.connection, tenant=self._unit.tenant_id, thread=thread)
        return self._thread(row) if row else None

    async def messages(self, thread: UUID, limit: int) -> list[MessageShown]:
        """See `scope.talking.Talks`."""
        rows = await _MESSAGES.rows(self._unit.connection, tenant=self._unit.tenant_id, thread=thread, limit=limit)
        return [self._message(row) for row in rows]

    async def said(self, connection: UUID, types: tuple[str, ...], limit: int) -> list[MessageShown]:
        """See `scope.talking.Talks`."""
        asked = {"contact": connection, "types": list(types), "limit": limit}
        rows = await _SAID.rows(self._unit.connection, tenant=self._unit.tenant_id, **asked)
        return [self._message(row) for row in reversed(list(rows))]

    def _thread(self, row: Row) -> ThreadShown:
        sealed = row["data_sealed"]
        data = parse_json_object(self._unit.vault.open("threads", "data_sealed", row["id"], sealed)) if sealed else {}
        return ThreadShown(
            row["id"],
            row["connection_id"],
            row["protocol"],
            row["role"],
            row["state"],
            data,
            row["created_at"],
            row["closed_at"],
        )

    def _message(self, row: Row) -> MessageShown:
        sealed = row["body_sealed"]
        said = wire.parse(self._unit.vault.open("messages", "body_sealed", row["id"], sealed)) if sealed else None
        return MessageShown(
            row["id"],
            row["thread_id"],
            row["direction"],
            row["type"],
            row["state"],
            said.body if said else {},
            row["created_at"],
            said.web_redirect if said else None,
        )
