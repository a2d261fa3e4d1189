"""Trust anchors of a tenant, in its local registry."""

from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from sqlalchemy import bindparam
from sqlalchemy.dialects.postgresql import insert

from agent.scope.administering import NewAnchor
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
_ADD = Statement(
    insert(trust_anchors).values({name: bindparam(name) for name in _COLUMNS.split()}).on_conflict_do_nothing()
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

    async def add(self, anchor: NewAnchor) -> None:
        """Insert into the local registry, made on first use; the same certificate or DID twice is one anchor."""
        tenant = self._unit.tenant_id
        registry = uuid5(_LOCAL, str(tenant))
        await _REGISTRY.run(self._unit.connection, tenant=tenant, registry=registry)
        await _ADD.run(
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
