"""Credential types: published ones keep their document, and are never changed."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Text, bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import JSONB

from agent.scope.administering import NewType, PublishedDocument
from agent.storage import tables
from agent.storage.statements import Statement

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_t, _c = tables.credential_types.c, tables.credential_configurations.c
_TENANT: Any = bindparam("tenant", type_=_t.tenant_id.type)
_PUBLISHED = Statement(
    select(_t.type_metadata, _t.metadata_digest).where(
        _t.tenant_id == _TENANT,
        _t.type_name == bindparam("vct"),
        _t.is_active,
        _t.type_metadata.is_not(None),
        _t.metadata_digest.is_not(None),
    )
)
_PUBLISH = Statement(
    insert(tables.credential_types).from_select(
        [
            *("tenant_id", "id", "type_name", "schema_url", "schema_definition", "contexts", "rules"),
            *("type_metadata", "metadata_digest"),
        ],
        select(
            _TENANT,
            bindparam("id", type_=_t.id.type),
            bindparam("vct", type_=Text()),
            _t.schema_url,
            _t.schema_definition,
            _t.contexts,
            _t.rules,
            bindparam("document", type_=JSONB()),
            bindparam("digest", type_=_t.metadata_digest.type),
        ).where(_t.tenant_id == _TENANT, _t.id == bindparam("base")),
    )
)
_named = select(_t.id).where(_t.tenant_id == _TENANT, _t.type_name == bindparam("vct"), _t.is_active).scalar_subquery()
_CHOOSE = Statement(
    update(tables.credential_configurations)
    .where(_c.tenant_id == _TENANT, _c.id == bindparam("configuration"), _named.is_not(None))
    .values(type_tenant_id=_TENANT, type_id=_named)
)


class CredentialTypeRepository:
    """`scope.administering.CredentialTypes`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def published(self, vct: str) -> PublishedDocument | None:
        """The document at an address of ours."""
        row = await _PUBLISHED.row(self._unit.connection, tenant=self._unit.tenant_id, vct=vct)
        return PublishedDocument(row[0], row[1]) if row else None

    async def publish(self, new: NewType) -> None:
        """Insert beside the type that it comes from, with that one's schema."""
        await _PUBLISH.run(
            self._unit.connection,
            tenant=self._unit.tenant_id,
            id=new.id,
            vct=new.vct,
            document=dict(new.document),
            digest=new.digest,
            base=new.base,
        )

    async def choose(self, configuration: UUID, vct: str) -> bool:
        """Have a configuration issue by another of the tenant's types."""
        return bool(
            await _CHOOSE.run(self._unit.connection, tenant=self._unit.tenant_id, configuration=configuration, vct=vct)
        )
