"""Audit rows written by the statement that makes the change: one exchange less, and neither without the other.

A queued row is a JSON object of the audit log's columns, and in `accesses` what personal data was opened for it.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    Boolean,
    ColumnElement,
    LargeBinary,
    Text,
    Uuid,
    bindparam,
    column,
    exists,
    func,
    insert,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB

from agent.storage.tables import audit_logs, data_access_logs

_COLUMNS: Sequence[tuple[str, Any]] = (
    ("id", Uuid()),
    ("tenant_id", Uuid()),
    ("actor_kind", Text()),
    ("user_id", Uuid()),
    ("event_type", Text()),
    ("resource_type", Text()),
    ("resource_id", Uuid()),
    ("action", Text()),
    ("correlation_id", Uuid()),
    ("metadata", JSONB()),
)
_ACCESS: Sequence[tuple[str, Any]] = (
    ("subject_index", LargeBinary()),
    ("data_classification", Text()),
    ("fields_accessed", ARRAY(Text())),
    ("purpose", Text()),
    ("legal_basis", Text()),
    ("user_consent", Boolean()),
)


def recorded(act: CTE | None, subject: ColumnElement[Any] | None = None) -> tuple[CTE, CTE]:
    """The unit's queued audit rows, as parameter `audit`, when `act` did something; and what was opened for them.

    `subject` is a column of `act` (one row) that names the resource where the event could not. Without `act` they are
    written whatever happened.
    """
    queued = _queued(act, subject)
    names = ["occurred_at", *(name for name, _ in _COLUMNS)]
    written = insert(audit_logs).from_select(names, select(*(queued.c[name] for name in names))).cte("recorded")
    return written, _accessed(queued)


def _queued(act: CTE | None, subject: ColumnElement[Any] | None) -> CTE:
    row = (
        func.jsonb_to_recordset(bindparam("audit", type_=JSONB()))
        .table_valued(*(column(name, kind) for name, kind in (*_COLUMNS, ("accesses", JSONB()))), name="told")
        .render_derived(with_types=True)
    )
    values = {name: row.c[name] for name, _ in _COLUMNS}
    if subject is not None:
        for name in ("resource_id", "correlation_id"):
            values[name] = func.coalesce(row.c[name], subject).label(name)
    told = select(*values.values(), row.c.accesses, func.clock_timestamp().label("occurred_at"))
    if act is None:
        return told.cte("queued")
    if subject is None:
        return told.where(exists(select(1).select_from(act))).cte("queued")
    return told.select_from(act, row).cte("queued")


def _accessed(queued: CTE) -> CTE:
    opened = (
        func.jsonb_to_recordset(queued.c.accesses)
        .table_valued(*(column(name, kind) for name, kind in _ACCESS), name="opened")
        .render_derived(with_types=True)
        .lateral()
    )
    values = {
        "tenant_id": queued.c.tenant_id,
        "audit_log_id": queued.c.id,
        "audit_occurred_at": queued.c.occurred_at,
        **{name: opened.c[name] for name, _ in _ACCESS},
    }
    source = select(*values.values()).select_from(queued.join(opened, true()))
    return insert(data_access_logs).from_select(list(values), source).cte("accessed")
