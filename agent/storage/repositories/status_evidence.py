"""Status List Tokens that decided about presentations: kept once, by their hash."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, insert

from agent.scope.status import StatusToken
from agent.storage.statements import Statement
from agent.storage.tables import status_evidence

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_c = status_evidence.c
_NAMES = ("tenant_id", "digest", "uri", "media_type", "token", "issued_at", "fetched_at")
_KEEP = Statement(insert(status_evidence).values({name: bindparam(name) for name in _NAMES}).on_conflict_do_nothing())
_FIND = Statement(
    select(_c.digest, _c.uri, _c.media_type, _c.token, _c.issued_at).where(
        _c.tenant_id == bindparam("tenant"), _c.digest == bindparam("digests", type_=ARRAY(BYTEA())).any_()
    )
)


class StatusEvidenceRepository:
    """`scope.status.StatusEvidence`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def keep(self, token: StatusToken) -> None:
        """Insert; the same token twice is one row."""
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
        )

    async def find(self, digests: Sequence[bytes]) -> Sequence[StatusToken]:
        """Those that are kept."""
        rows = await _FIND.rows(self._unit.connection, tenant=self._unit.tenant_id, digests=list(digests))
        return [StatusToken(*row) for row in rows]
