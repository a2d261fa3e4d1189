"""Presentation requests that issuance policies made, by sign-in and by issuance."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, insert, select, update

from agent.scope.deferring import EvidenceAsked
from agent.storage.statements import Statement
from agent.storage.tables import issuance_evidence

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_e = issuance_evidence.c
_TENANT: Any = bindparam("tenant", type_=Uuid())
_ADD = Statement(
    insert(issuance_evidence).values(
        tenant_id=_TENANT,
        **{name: bindparam(name) for name in ("request_id", "policy_id", "session_id", "issuance_id")},
    )
)
_newest = select(_e.request_id, _e.policy_id).where(_e.tenant_id == _TENANT).order_by(_e.created_at.desc())
_OF_SESSION = Statement(_newest.where(_e.session_id == bindparam("owner")))
_OF_ISSUANCE = Statement(_newest.where(_e.issuance_id == bindparam("owner")))
_ADOPT = Statement(
    update(issuance_evidence)
    .where(_e.tenant_id == _TENANT, _e.session_id == bindparam("session"))
    .values(session_id=None, issuance_id=bindparam("issuance"))
)


class EvidenceRepository:
    """`scope.deferring.Evidence`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def ask(self, request: UUID, policy: UUID, session: UUID | None, issuance: UUID | None) -> None:
        """Insert."""
        await _ADD.run(
            self._unit.connection,
            tenant=self._unit.tenant_id,
            request_id=request,
            policy_id=policy,
            session_id=session,
            issuance_id=issuance,
        )

    async def of_session(self, session: UUID) -> Sequence[EvidenceAsked]:
        """Newest first."""
        return await self._asked(_OF_SESSION, session)

    async def of_issuance(self, issuance: UUID) -> Sequence[EvidenceAsked]:
        """Newest first."""
        return await self._asked(_OF_ISSUANCE, issuance)

    async def _asked(self, statement: Statement, owner: UUID) -> Sequence[EvidenceAsked]:
        rows = await statement.rows(self._unit.connection, tenant=self._unit.tenant_id, owner=owner)
        return [EvidenceAsked(row[0], row[1]) for row in rows]

    async def adopt(self, session: UUID, issuance: UUID) -> None:
        """From the sign-in to what is issued after it."""
        await _ADOPT.run(self._unit.connection, tenant=self._unit.tenant_id, session=session, issuance=issuance)
