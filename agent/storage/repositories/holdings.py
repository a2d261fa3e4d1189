"""Held credentials of the tenant's own: rows of `credentials` without a wallet, sealed under the tenant's key."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import bindparam, func, insert, literal, select

from agent.scope.holding import HeldCredential
from agent.storage.statements import Row, Statement
from agent.storage.tables import credentials
from protocols.encoding import parse_json_object, render_json

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_c = credentials.c
_NAMES = "tenant_id id credential_id type format issuer_identifier issued_at expires_at proof_sealed"
_KEEP = Statement(
    insert(credentials).values(
        role=literal("held"),
        status=literal("active"),
        issuer_identifier_kind=bindparam("kind"),
        **{name: bindparam(name) for name in _NAMES.split()},
    )
)
_held = (
    select(_c.id, _c.format, _c.type, _c.issuer_identifier, _c.proof_sealed, _c.issued_at, _c.expires_at, _c.status)
    .where(
        _c.tenant_id == bindparam("tenant", type_=_c.tenant_id.type),
        _c.role == "held",
        _c.wallet_id.is_(None),
        _c.proof_sealed.is_not(None),
    )
    .order_by(_c.id.desc())
)
_before: Any = _c.id < bindparam("after", type_=_c.id.type)
_LISTED = {
    False: Statement(_held.limit(bindparam("limit"))),
    True: Statement(_held.where(_before).limit(bindparam("limit"))),
}
_GET = Statement(_held.where(_c.id == func.any(bindparam("ids"))))


class HoldingRepository:
    """`scope.holding.Holdings`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def keep(self, held: HeldCredential) -> None:
        """Insert; the row's id is the credential's name here, whatever its issuer calls it."""
        unit, content = self._unit, render_json(dict(held.credential))
        await _KEEP.run(
            unit.connection,
            tenant_id=unit.tenant_id,
            id=held.id,
            credential_id=f"urn:uuid:{held.id}",
            type=held.type,
            format=held.format,
            kind="did" if held.issuer.startswith("did:") else "https",
            issuer_identifier=held.issuer,
            issued_at=held.issued_at,
            expires_at=held.expires_at,
            proof_sealed=unit.vault.seal("credentials", "proof_sealed", held.id, content),
        )

    async def listed(self, after: UUID | None, limit: int) -> Sequence[HeldCredential]:
        """A page."""
        given = {"after": after} if after else {}
        unit = self._unit
        rows = await _LISTED[after is not None].rows(unit.connection, tenant=unit.tenant_id, limit=limit, **given)
        return [self._read(row) for row in rows]

    async def get(self, ids: Sequence[UUID]) -> Sequence[HeldCredential]:
        """By their ids."""
        rows = await _GET.rows(self._unit.connection, tenant=self._unit.tenant_id, ids=list(ids))
        return [self._read(row) for row in rows]

    def _read(self, row: Row) -> HeldCredential:
        opened = self._unit.vault.open("credentials", "proof_sealed", row["id"], row["proof_sealed"])
        return HeldCredential(
            row["id"],
            row["format"],
            row["type"],
            row["issuer_identifier"],
            parse_json_object(opened),
            row["issued_at"],
            row["expires_at"],
            row["status"],
        )
