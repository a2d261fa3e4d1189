"""How a tenant has set itself up: one row of sections."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import JSONB

from agent.storage.statements import Statement
from agent.storage.tables import tenant_configurations

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

SECTIONS = ("features", "branding", "security", "notifications")
_c = tenant_configurations.c
READ = Statement(
    select(_c.tenant_id.label("id"), _c.row_version, *(_c[name] for name in SECTIONS)).where(
        _c.tenant_id == bindparam("tenant")
    )
)
_LOCKED = Statement(
    select(*(_c[name] for name in SECTIONS)).where(_c.tenant_id == bindparam("tenant")).with_for_update()
)
_WRITE = Statement(
    update(tenant_configurations)
    .where(_c.tenant_id == bindparam("tenant"))
    .values({name: bindparam(name, type_=JSONB()) for name in SECTIONS})
)


class TenantConfigurationRepository:
    """`scope.settings.TenantConfigurations`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def read(self) -> Mapping[str, Mapping[str, Any]]:
        """The sections as they are stored."""
        row = await READ.row(self._unit.connection, tenant=self._unit.tenant_id)
        return {name: row[name] for name in SECTIONS} if row else {}

    async def change(self, sections: Mapping[str, Mapping[str, Any]]) -> None:
        """Under the row's lock, so that two changes of one section both count."""
        unit = self._unit
        row = await _LOCKED.row(unit.connection, tenant=unit.tenant_id)
        if row is None:
            raise LookupError("the tenant has no configuration")
        merged = {name: {**row[name], **sections.get(name, {})} for name in SECTIONS}
        kept = {name: {key: one for key, one in section.items() if one is not None} for name, section in merged.items()}
        await _WRITE.run(unit.connection, tenant=unit.tenant_id, **kept)
