"""Founding and listing tenants: the control plane's statements."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import bindparam, case, exists, insert, null, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB

from agent.encryption.vault import WrappedTenantKey
from agent.scope.administering import NewTenant, TenantListing
from agent.scope.tenants import CredentialConfiguration, StatusRegistry
from agent.storage import tables
from agent.storage.repositories.credential_configurations import CredentialConfigurationRepository
from agent.storage.repositories.signing_keys import SigningKeyRepository
from agent.storage.repositories.status_lists import StatusListRepository
from agent.storage.repositories.trust_anchors import TrustAnchorRepository
from agent.storage.statements import Statement

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_LIST = Statement(
    select(
        *(tables.tenants.c[name] for name in ("id", "name", "display_name", "status", "created_at")),
        case(
            (tables.tenants.c.placement == "shared", null()),
            else_=tables.tenants.c.dsn_ref + "/" + tables.tenants.c.database_name,
        ),
    )
    .where(tables.tenants.c.id != UUID(int=0))
    .order_by(tables.tenants.c.name)
)
_t = tables.tenants.c
_SET_STATUS = Statement(
    update(tables.tenants)
    .where(
        _t.id == bindparam("tenant"),
        _t.status != bindparam("status_"),
        or_(_t.status == "active", _t.status == "suspended"),
    )
    .values(status=bindparam("status_"))
)
_LEAVE = Statement(
    update(tables.tenants)
    .where(_t.id == bindparam("system"), ~exists(select(_t.id).where(_t.id != bindparam("system")).correlate(None)))
    .values(status="moved")
)
_issuers = tables.issuers
_ISSUER = Statement(
    select(_issuers.c.issuer_config)
    .where(_issuers.c.tenant_id == bindparam("tenant"), _issuers.c.id == bindparam("issuer"))
    .with_for_update()
)
_CONFIGURE = Statement(
    update(_issuers)
    .where(_issuers.c.tenant_id == bindparam("tenant"), _issuers.c.id == bindparam("issuer_"))
    .values(issuer_config=bindparam("config"))
)
_verifiers = tables.verifiers
_CONFIGURE_VERIFIER = Statement(
    update(_verifiers)
    .where(_verifiers.c.tenant_id == bindparam("tenant"), _verifiers.c.id == bindparam("verifier_"))
    .values(verifier_config=_verifiers.c.verifier_config.op("||")(bindparam("config", type_=JSONB())))
)
_inserts: dict[tuple[str, ...], Statement] = {}


def _statement(table: str, names: Sequence[str]) -> Statement:
    key = (table, *names)
    if key not in _inserts:
        _inserts[key] = Statement(insert(getattr(tables, table)).values({name: bindparam(name) for name in names}))
    return _inserts[key]


class TenantRepository:
    """`scope.administering.Tenants`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def all(self) -> Sequence[TenantListing]:
        """Every tenant but the system's."""
        return [TenantListing(*row) for row in await _LIST.rows(self._unit.connection)]

    async def set_status(self, tenant: UUID, status: str) -> bool:
        """Compare-and-set."""
        return bool(await _SET_STATUS.run(self._unit.connection, tenant=tenant, status_=status))

    async def leave_to_one(self) -> bool:
        """The system tenant lives elsewhere."""
        return bool(await _LEAVE.run(self._unit.connection, system=UUID(int=0)))

    async def place(self, tenant: NewTenant, server: str, name: str) -> None:
        """A row that says where the others are."""
        named = {"id": tenant.id, "name": tenant.name, "display_name": tenant.display_name}
        await self._add("tenants", {**named, "placement": "dedicated", "dsn_ref": server, "database_name": name})

    async def found(self, tenant: NewTenant) -> None:
        """Insert the tenant and all it begins with, parents first."""
        await self._add("tenants", {"id": tenant.id, "name": tenant.name, "display_name": tenant.display_name})
        await self._add("tenant_configurations", {"tenant_id": tenant.id})
        await self.add_keys(tenant.wrapped_keys)
        await self._parties(tenant)
        for key in tenant.keys:
            await SigningKeyRepository(self._unit).add(key)
        for anchor in tenant.anchors:
            await TrustAnchorRepository(self._unit).add(anchor)
        for type_id, definition in tenant.types.items():
            await self._type(type_id, definition)
        for configuration in tenant.configurations:
            await self._configuration(tenant.issuer_id, configuration)
        await self._registry(tenant.issuer_id, tenant.registry)
        if tenant.did:
            await self._did(tenant.did)

    async def add_keys(self, keys: Sequence[WrappedTenantKey]) -> None:
        """Insert wrapped keys of the tenant entered."""
        for wrapped in keys:
            await self._own(
                "tenant_keys",
                id=wrapped.id,
                purpose=wrapped.purpose,
                version=wrapped.version,
                kek_ref=wrapped.kek_ref,
                kek_epoch=wrapped.kek_epoch,
                wrapped_key=wrapped.wrapped,
            )

    async def configure_issuer(self, issuer: UUID, config: Mapping[str, Any]) -> None:
        """Set profiles, and the parts of the policy that are named."""
        tenant = self._unit.tenant_id
        found = await _ISSUER.value(self._unit.connection, tenant=tenant, issuer=issuer)
        changed = {**found, **config, "policy": {**found.get("policy", {}), **config.get("policy", {})}}
        await _CONFIGURE.run(self._unit.connection, tenant=tenant, issuer_=issuer, config=changed)

    async def configure_verifier(self, verifier: UUID, config: Mapping[str, Any]) -> None:
        """Set the members that are named."""
        tenant = self._unit.tenant_id
        await _CONFIGURE_VERIFIER.run(self._unit.connection, tenant=tenant, verifier_=verifier, config=dict(config))

    async def _add(self, table: str, values: Mapping[str, Any]) -> None:
        await _statement(table, tuple(values)).run(self._unit.connection, **values)

    async def _own(self, table: str, **values: Any) -> None:
        await self._add(table, {"tenant_id": self._unit.tenant_id, **values})

    async def _parties(self, tenant: NewTenant) -> None:
        chains = {key.purpose: key.x5c for key in tenant.keys}
        shared = {"identifier_kind": "x509", "name": tenant.display_name, "type": "organization"}
        await self._own(
            "issuers",
            id=tenant.issuer_id,
            identifier=tenant.identifier,
            certificate=chains["issuer"][0],
            issuer_config={"samples": dict(tenant.samples), "policy": dict(tenant.policy)},
            **shared,
        )
        await self._own(
            "verifiers",
            id=tenant.verifier_id,
            identifier=tenant.identifier,
            certificate=chains["verifier"][0],
            **shared,
        )

    async def _type(self, type_id: UUID, definition: Mapping[str, Any]) -> None:
        await self._own(
            "credential_types", id=type_id, type_name=definition["name"], schema_definition=definition["schema"]
        )

    async def _configuration(self, issuer_id: UUID, configuration: CredentialConfiguration) -> None:
        await CredentialConfigurationRepository(self._unit).add(issuer_id, configuration)

    async def _registry(self, issuer_id: UUID, registry: StatusRegistry) -> None:
        await StatusListRepository(self._unit).begin(issuer_id, registry)

    async def _did(self, did: Mapping[str, Any]) -> None:
        await self._own(
            "dids",
            id=did["id"],
            did=did["did"],
            did_index=self._unit.vault.blind("dids.did_index", did["did"]),
            method=did["did"].split(":")[1],
            status="active",
        )
        await self._own("did_documents", did_id=did["id"], version=1, document=did["document"], digest=did["digest"])
