"""GET /audit/events: the record searched by time, actor, resource, kind and word, here and in the archive."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.scope import Scope
from agent.scope.archiving import Search, end_of

TABLE = "audit_logs"


async def search_audit(scope: Scope, search: Search) -> Sequence[Mapping[str, Any]]:
    """Rows of the audit log, newest first; sealed values are left out."""
    async with scope.unit() as unit:
        found: list[Mapping[str, Any]] = [*await unit.audit_trail.search(search)]
        segments = await unit.archive.segments(TABLE)
    wanted = [
        one
        for one in segments
        if one.erased_at is None
        and (search.since is None or end_of(one.month) > search.since)
        and (search.until is None or one.month < search.until.date() or one.month == search.until.date())
    ]
    if len(found) < search.limit and wanted and scope.archived is not None:
        known = {row["id"] for row in found}
        archived = await scope.archived.search(scope, TABLE, wanted, search)
        found += [row for row in archived if row["id"] not in known]
    return found[: search.limit]
