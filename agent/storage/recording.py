"""Audit rows written by the statement that makes the change: one exchange less, and neither without the other."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import CTE, ColumnElement, Text, Uuid, bindparam, column, exists, func, insert, select
from sqlalchemy.dialects.postgresql import JSONB

from agent.storage.tables import audit_logs

_COLUMNS: Sequence[tuple[str, Any]] = (
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


def recorded(act: CTE, subject: ColumnElement[Any] | None = None) -> CTE:
    """The unit's queued audit rows, as parameter `audit`, when `act` did something.

    `subject` is a column of `act` (one row) that names the resource where the event could not.
    """
    row = (
        func.jsonb_to_recordset(bindparam("audit", type_=JSONB()))
        .table_valued(*(column(name, kind) for name, kind in _COLUMNS), name="queued")
        .render_derived(with_types=True)
    )
    values = {name: row.c[name] for name, _ in _COLUMNS}
    if subject is None:
        source = select(*values.values()).where(exists(select(1).select_from(act)))
    else:
        for name in ("resource_id", "correlation_id"):
            values[name] = func.coalesce(row.c[name], subject).label(name)
        source = select(*values.values()).select_from(act, row)
    return insert(audit_logs).from_select(list(values), source).cte("recorded")
