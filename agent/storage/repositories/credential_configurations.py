"""Credential configurations and the types that they issue by."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import JSONB

from agent.scope.administering import KnownType
from agent.scope.tenants import CredentialConfiguration
from agent.storage.statements import Statement
from agent.storage.tables import credential_configurations, credential_types

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_t, _c = credential_types.c, credential_configurations.c
_TENANT: Any = bindparam("tenant", type_=Uuid())
_TYPE = Statement(
    select(_t.id, _t.schema_definition).where(_t.tenant_id == _TENANT, _t.type_name == bindparam("name"), _t.is_active)
)
_ADD_TYPE = Statement(
    insert(credential_types).values(
        tenant_id=_TENANT,
        id=bindparam("id"),
        type_name=bindparam("name"),
        schema_definition=bindparam("schema"),
    )
)
_NAMES = (
    *("id", "issuer_id", "credential_configuration_id", "type_id", "format", "scope", "claims", "display", "binding"),
    *("algorithms", "lifetime", "status_types", "searchable"),
)
_ADD = Statement(
    insert(credential_configurations).values(
        tenant_id=_TENANT, type_tenant_id=_TENANT, **{name: bindparam(name) for name in _NAMES}
    )
)
_COLUMNS = ("claim_source", "policy_name", "is_active", "display", "scope", "lifetime")
_BINDING = "key_attestations_required"
_changes: dict[tuple[str, ...], Statement] = {}


def _change(names: tuple[str, ...]) -> Statement:
    if names not in _changes:
        values: dict[str, Any] = {name: bindparam(name) for name in names if name in _COLUMNS}
        if _BINDING in names:
            values["binding"] = _c.binding.op("||")(bindparam(_BINDING, type_=JSONB()))
        _changes[names] = Statement(
            update(credential_configurations)
            .where(_c.tenant_id == _TENANT, _c.id == bindparam("configuration"))
            .values(values)
        )
    return _changes[names]


class CredentialConfigurationRepository:
    """`scope.administering.CredentialConfigurations`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def type_named(self, name: str) -> KnownType | None:
        """The tenant's type of this name."""
        row = await _TYPE.row(self._unit.connection, tenant=self._unit.tenant_id, name=name)
        return KnownType(row[0], row[1]) if row else None

    async def add_type(self, type_id: UUID, name: str, schema: Mapping[str, Any] | None) -> None:
        """Insert."""
        await _ADD_TYPE.run(
            self._unit.connection, tenant=self._unit.tenant_id, id=type_id, name=name, schema=schema and dict(schema)
        )

    async def add(self, issuer: UUID, configuration: CredentialConfiguration) -> None:
        """Insert; of a type that is there."""
        disclosable = configuration.disclosable
        await _ADD.run(
            self._unit.connection,
            tenant=self._unit.tenant_id,
            id=configuration.id,
            issuer_id=issuer,
            credential_configuration_id=configuration.credential_configuration_id,
            type_id=configuration.type_id,
            format=configuration.format,
            scope=configuration.scope,
            claims=list(configuration.claims),
            display=list(configuration.display),
            binding={
                "methods": list(configuration.binding_methods),
                "proof_types": {name: list(algorithms) for name, algorithms in configuration.proof_types.items()},
                "key_attestations_required": configuration.key_attestations_required,
                "options": dict(configuration.options),
                "mapping": {name: list(path) for name, path in configuration.mapping.items()},
                "disclosable": None if disclosable is None else [list(path) for path in disclosable],
            },
            algorithms=[configuration.algorithm],
            lifetime=configuration.lifetime,
            status_types=list(configuration.statuses),
            searchable=[".".join(map(str, path)) for path in configuration.searchable],
        )

    async def change(self, configuration: UUID, changes: Mapping[str, Any]) -> None:
        """Set the members that are named, at least one."""
        values = {name: {_BINDING: value} if name == _BINDING else value for name, value in changes.items()}
        names = tuple(sorted(values))
        await _change(names).run(
            self._unit.connection, tenant=self._unit.tenant_id, configuration=configuration, **values
        )
