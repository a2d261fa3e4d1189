"""Trust anchors of a tenant, in its local registry."""

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from sqlalchemy import Text, bindparam, case, column, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from agent.scope.administering import AnchorListing, NewAnchor
from agent.storage.statements import Statement
from agent.storage.tables import trust_anchors, trust_registries
from protocols.encoding import b64url

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_LOCAL = UUID("6f0f5a3e-2f4c-5d0b-9d55-0b6a0c3f7a11")
_REGISTRY = Statement(
    insert(trust_registries)
    .values(tenant_id=bindparam("tenant"), id=bindparam("registry"), name="local", version="1", kind="local")
    .on_conflict_do_nothing()
)
_COLUMNS = (
    "tenant_id id registry_id identifier_kind identifier certificate subject_key_id entity_type name roles trust_level"
)
_a = trust_anchors.c
_new = insert(trust_anchors).values({name: bindparam(name) for name in _COLUMNS.split()})
_role = (
    func.unnest(_a.roles.op("||")(_new.excluded.roles))
    .table_valued(column("role", Text()), name="both")
    .render_derived()
)
_both = select(_role.c.role).distinct().select_from(_role).scalar_subquery()
_ADD = Statement(
    _new.on_conflict_do_update(
        index_elements=["tenant_id", "registry_id", "identifier_hash", "entity_type"],
        set_={
            "roles": case((_a.is_active, func.array(_both, type_=ARRAY(Text()))), else_=_new.excluded.roles),
            "name": _new.excluded.name,
            "is_active": True,
        },
    ).returning(_a.id)
)
_WITHDRAW = Statement(
    update(trust_anchors)
    .where(_a.tenant_id == bindparam("tenant"), _a.id == bindparam("anchor"), _a.is_active)
    .values(is_active=False)
)
_ALL = Statement(
    select(_a.id, _a.name, _a.identifier_kind, _a.identifier, _a.roles, _a.tenant_id != bindparam("tenant"))
    .where(_a.is_active)
    .order_by(_a.id)
)


def _kind(identifier: str | None) -> str:
    """What an anchor is known by: a DID, an issuer's address, or its certificate."""
    if identifier is None:
        return "x509"
    return "did" if identifier.startswith("did:") else "https"


class TrustAnchorRepository:
    """`scope.administering.TrustAnchors`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def add(self, anchor: NewAnchor) -> UUID:
        """Insert into the local registry, made on first use; the same certificate or DID again is the same anchor, with
        the roles of both, or with the new ones alone when it was withdrawn in between."""
        tenant = self._unit.tenant_id
        registry = uuid5(_LOCAL, str(tenant))
        await _REGISTRY.run(self._unit.connection, tenant=tenant, registry=registry)
        found: UUID = await _ADD.value(
            self._unit.connection,
            tenant_id=tenant,
            id=anchor.id,
            registry_id=registry,
            identifier_kind=_kind(anchor.identifier),
            identifier=anchor.identifier or b64url(sha256(anchor.certificate or b"").digest()),
            certificate=anchor.certificate,
            subject_key_id=anchor.subject_key_id,
            entity_type="authority",
            name=anchor.name,
            roles=list(anchor.roles),
            trust_level="local",
        )
        return found

    async def withdraw(self, anchor: UUID) -> bool:
        """Believe it no more; False for one that is not there, or is the operator's."""
        return bool(await _WITHDRAW.run(self._unit.connection, tenant=self._unit.tenant_id, anchor=anchor))

    async def all(self) -> Sequence[AnchorListing]:
        """What is believed, the operator's anchors too."""
        rows = await _ALL.rows(self._unit.connection, tenant=self._unit.tenant_id)
        return [AnchorListing(row[0], row[1], row[2], row[3], tuple(row[4]), row[5]) for row in rows]
