"""Status List Tokens that decided about presentations: kept once, by their hash, while a report of theirs is kept."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Date, Uuid, and_, bindparam, cast, delete, exists, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, DATERANGE, insert

from agent.scope.status import StatusToken
from agent.storage.statements import Statement
from agent.storage.tables import archive_segments, status_evidence, verification_results

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_c, _v, _s = status_evidence.c, verification_results.c, archive_segments.c
_TENANT: Any = bindparam("tenant", type_=Uuid())
_NAMES = ("tenant_id", "digest", "uri", "media_type", "token", "issued_at", "fetched_at", "used_at")
_new = insert(status_evidence).values({name: bindparam(name) for name in _NAMES})
_KEEP = Statement(
    _new.on_conflict_do_update(
        index_elements=["tenant_id", "digest"],
        set_={"used_at": func.greatest(_c.used_at, _new.excluded.used_at)},
    )
)
_STILL = timedelta(days=1)
"""A token may decide for so long after it was kept last, which caches do not reach."""
_last = _c.used_at + _STILL
_reported = exists().where(
    _v.tenant_id == _c.tenant_id, _v.verified_at >= _c.fetched_at - _STILL, _v.verified_at <= _last
)
_period = func.daterange(cast(_c.fetched_at - _STILL, Date()), cast(_last, Date()), "[]", type_=DATERANGE())
_archived = exists().where(
    _s.tenant_id == _c.tenant_id,
    _s.table_name == "verification_results",
    _s.erased_at.is_(None),
    _s.period.op("&&")(_period),
)
_needless = and_(_c.tenant_id == _TENANT, _last < bindparam("now"), ~or_(_reported, _archived))
_NEEDLESS = Statement(select(func.count()).select_from(status_evidence).where(_needless))
_FORGET = Statement(delete(status_evidence).where(_needless))
_FIND = Statement(
    select(_c.digest, _c.uri, _c.media_type, _c.token, _c.issued_at).where(
        _c.tenant_id == _TENANT, _c.digest == bindparam("digests", type_=ARRAY(BYTEA())).any_()
    )
)


class StatusEvidenceRepository:
    """`scope.status.StatusEvidence`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def keep(self, token: StatusToken) -> None:
        """Insert; the same token twice is one row, which says when it was used last."""
        unit = self._unit
        await _KEEP.run(
            unit.connection,
            tenant_id=unit.tenant_id,
            digest=token.digest,
            uri=token.uri,
            media_type=token.media_type,
            token=token.token,
            issued_at=token.issued_at,
            fetched_at=unit.now,
            used_at=unit.now,
        )

    async def find(self, digests: Sequence[bytes]) -> Sequence[StatusToken]:
        """Those that are kept."""
        rows = await _FIND.rows(self._unit.connection, tenant=self._unit.tenant_id, digests=list(digests))
        return [StatusToken(*row) for row in rows]

    async def needless(self) -> int:
        """How many `forget` would delete now."""
        return int(await _NEEDLESS.value(self._unit.connection, tenant=self._unit.tenant_id, now=self._unit.now))

    async def forget(self) -> int:
        """Delete those of whose time no report is left, in the database or the archive; how many."""
        return await _FORGET.run(self._unit.connection, tenant=self._unit.tenant_id, now=self._unit.now)
