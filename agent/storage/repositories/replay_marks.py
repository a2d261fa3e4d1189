"""What may be used once leaves a mark."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Integer, LargeBinary, Text, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert

from agent.scope.authorizing import Mark
from agent.storage.statements import Statement
from agent.storage.tables import replay_marks

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_given = (
    func.unnest(
        bindparam("kinds", type_=ARRAY(Text())),
        bindparam("marks", type_=ARRAY(LargeBinary())),
        bindparam("days", type_=ARRAY(Integer())),
    )
    .table_valued(column("kind", Text()), column("mark", LargeBinary()), column("day", Integer()), name="given")
    .render_derived()
)
_spent = (
    upsert(replay_marks)
    .from_select(
        ["tenant_id", "slot", "kind", "mark", "day"],
        select(bindparam("tenant", type_=replay_marks.c.tenant_id.type), _given.c.day % 8, *_given.c),
    )
    .on_conflict_do_nothing()
    .returning(replay_marks.c.mark)
    .cte("spent")
)
SPEND = Statement(select(func.count()).select_from(_spent))


class ReplayMarkRepository:
    """`scope.authorizing.ReplayMarks`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def spend(self, marks: Sequence[Mark]) -> bool:
        """One statement for all of them."""
        if not marks:
            return True
        spent: int = await SPEND.value(
            self._unit.connection,
            tenant=self._unit.tenant_id,
            kinds=[one.kind for one in marks],
            marks=[one.digest for one in marks],
            days=[int(one.made_at.timestamp()) // 86_400 for one in marks],
        )
        return spent == len(marks)
