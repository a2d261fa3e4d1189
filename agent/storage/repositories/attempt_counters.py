"""Tries are counted by one upsert, over all processes; a counter whose time is over begins anew."""

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Interval, bindparam, case
from sqlalchemy.dialects.postgresql import insert as upsert

from agent.storage.statements import Statement
from agent.storage.tables import attempt_counters

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_c = attempt_counters.c
_BUCKETS = 4096
_new = upsert(attempt_counters).values(
    tenant_id=bindparam("tenant", type_=_c.tenant_id.type),
    kind=bindparam("kind"),
    bucket=bindparam("bucket"),
    began=bindparam("now"),
    attempts=1,
)
_over = _c.began <= _new.excluded.began - bindparam("during", type_=Interval())
COUNT = Statement(
    _new.on_conflict_do_update(
        index_elements=["tenant_id", "kind", "bucket"],
        set_={
            "began": case((_over, _new.excluded.began), else_=_c.began),
            "attempts": case((_over, 1), else_=_c.attempts + 1),
        },
    ).returning(_c.attempts)
)


class AttemptCounterRepository:
    """`scope.authorizing.AttemptCounters`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def count(self, kind: str, source: str, during: timedelta) -> int:
        """The number of this try; sources that share a bucket share a count."""
        hashed = self._unit.vault.blind("attempt_counters.bucket", source)
        found: int = await COUNT.value(
            self._unit.connection,
            tenant=self._unit.tenant_id,
            kind=kind,
            bucket=int.from_bytes(hashed[:2], "big") % _BUCKETS,
            now=self._unit.now,
            during=during,
        )
        return found
