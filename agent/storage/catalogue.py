"""Reading a tenant's catalogue: everything about it that changes rarely, in one unit."""

from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlalchemy import BindParameter, and_, bindparam, or_, select

from agent.scope.settings import DEFAULTS, settings_of
from agent.scope.tenants import (
    CredentialConfiguration,
    IssuancePolicy,
    IssuerPolicy,
    SigningKey,
    SourceChoice,
    TenantCatalogue,
    VerifierSettings,
)
from agent.storage import tables
from agent.storage.repositories import identity_providers, tenant_configurations, verification_policies
from agent.storage.repositories.issuance_policies import ACTIVE, policy_of
from agent.storage.repositories.status_lists import registry_of
from agent.storage.statements import Row, Statement
from protocols import haip
from protocols.claims_path import ClaimsPath
from protocols.encoding import parse_json_object
from protocols.ports import KeyHandle, TrustAnchor

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_TENANT: BindParameter[Any] = bindparam("tenant")


def _all(table: Any, *conditions: Any) -> Statement:
    return Statement(select(table).where(table.c.tenant_id == _TENANT, *conditions).order_by(table.c.id))


_ISSUERS = _all(tables.issuers, tables.issuers.c.is_active)
_VERIFIERS = _all(tables.verifiers, tables.verifiers.c.is_active)
_pairs = tables.key_pairs.c
_KEYS = _all(tables.key_pairs, _pairs.owner == "tenant", or_(_pairs.state == "active", _pairs.state == "retiring"))
_REGISTRIES = _all(tables.revocation_registries, tables.revocation_registries.c.state == "open")
_DIDS = _all(tables.dids, tables.dids.c.wallet_id.is_(None), tables.dids.c.status == "active")
_ANCHORS = Statement(
    select(tables.trust_anchors).where(
        or_(
            tables.trust_anchors.c.tenant_id == _TENANT,
            tables.trust_anchors.c.tenant_id == bindparam("system"),
        ),
        tables.trust_anchors.c.is_active,
    )
)
_types = tables.credential_types
_CONFIGURATIONS = Statement(
    select(tables.credential_configurations, _types.c.type_name, _types.c.schema_definition, _types.c.metadata_digest)
    .join_from(
        tables.credential_configurations,
        _types,
        and_(
            _types.c.tenant_id == tables.credential_configurations.c.type_tenant_id,
            _types.c.id == tables.credential_configurations.c.type_id,
        ),
    )
    .where(tables.credential_configurations.c.tenant_id == _TENANT)
    .order_by(tables.credential_configurations.c.credential_configuration_id)
)


async def read_catalogue(unit: "PostgresUnit", system: Any, dns_names: tuple[str, ...]) -> TenantCatalogue:
    """The tenant's catalogue as of now. Raises LookupError when the tenant has no issuer or verifier."""
    connection, tenant = unit.connection, unit.tenant_id
    issuer = await _ISSUERS.row(connection, tenant=tenant)
    verifier = await _VERIFIERS.row(connection, tenant=tenant)
    if issuer is None or verifier is None:
        raise LookupError("tenant has no issuer or no verifier")
    did = await _DIDS.row(connection, tenant=tenant)
    rows = {
        "registries": await _REGISTRIES.rows(connection, tenant=tenant),
        "keys": await _KEYS.rows(connection, tenant=tenant),
        "configurations": await _CONFIGURATIONS.rows(connection, tenant=tenant),
        "providers": await identity_providers.ACTIVE.rows(connection, tenant=tenant),
        "anchors": await _ANCHORS.rows(connection, tenant=tenant, system=system),
        "policies": await ACTIVE.rows(connection, tenant=tenant),
        "verification": await verification_policies.ACTIVE.rows(connection, tenant=tenant),
        "tenant": await tenant_configurations.READ.rows(connection, tenant=tenant),
    }
    revoked = frozenset(der for der, _ in await unit.signing_keys.revoked())
    policies = {row["policy_name"]: policy_of(row) for row in rows["policies"]}
    parties = [issuer, verifier, *([did] if did else [])]
    config = issuer["issuer_config"]
    profiles = frozenset(config.get("profiles", ("openid4vci-1.0",)))
    configurations = [
        (row["is_active"], _configuration(row, policies, haip.PROFILE in profiles)) for row in rows["configurations"]
    ]
    return TenantCatalogue(
        version=_version([*parties, *(row for found in rows.values() for row in found)], revoked),
        issuer_id=issuer["id"],
        issuer_display=tuple(config.get("display", ({"name": issuer["name"]},))),
        verifier_id=verifier["id"],
        verifier_name=verifier["name"],
        dns_names=dns_names,
        keys=tuple(_key(unit, row) for row in rows["keys"]),
        configurations={one.credential_configuration_id: one for active, one in configurations if active},
        retired={one.credential_configuration_id: one for active, one in configurations if not active},
        anchors=tuple(_anchor(row) for row in rows["anchors"]),
        status_registries={one.kind: one for one in (registry_of(unit.vault, row) for row in rows["registries"])},
        profiles=profiles,
        did=did["did"] if did else None,
        policy=IssuerPolicy(**{**config.get("policy", {}), **(haip.ISSUER_POLICY if haip.PROFILE in profiles else {})}),
        verifier=_verifier(verifier["verifier_config"]),
        settings={
            "samples": config.get("samples", {}),
            "vc_api": config.get("vc_api", "off"),
            "status_list_cryptosuite": config.get("status_list_cryptosuite"),
        },
        identity_providers=tuple(identity_providers.read(unit.vault, row) for row in rows["providers"]),
        verification_policies={
            row["policy_name"]: verification_policies.policy_of(row) for row in rows["verification"]
        },
        revoked=revoked,
        tenant=settings_of(dict(rows["tenant"][0])) if rows["tenant"] else DEFAULTS,
    )


def _verifier(config: Mapping[str, Any]) -> VerifierSettings:
    known = VerifierSettings.__dataclass_fields__
    stored: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in config.items() if name in known
    }
    return VerifierSettings(**stored)


def _version(rows: list[Row], revoked: frozenset[bytes]) -> str:
    """A name for this content: every row's identity and version, and what was revoked."""
    named = [f"{row['id']}:{row.get('row_version', 1)}" for row in rows]
    text = ";".join([*named, *sorted(sha256(der).hexdigest() for der in revoked)])
    return sha256(text.encode()).hexdigest()[:24]


def _key(unit: "PostgresUnit", row: Row) -> SigningKey:
    reference = unit.vault.open("key_pairs", "private_key_ref", row["id"], row["private_key_ref"]).decode()
    return SigningKey(
        id=row["id"],
        purpose=row["purpose"],
        kid=row["key_id"],
        algorithm=row["algorithm"],
        handle=KeyHandle(row["key_store"], reference, row["algorithm"]),
        jwk=parse_json_object(row["public_key"]),
        x5c=tuple(row["certificate_chain"] or ()),
        active=row["state"] == "active",
        expires_at=row["expires_at"],
    )


def _configuration(row: Row, policies: Mapping[str, IssuancePolicy], named: bool) -> CredentialConfiguration:
    """`named`: one without a scope has its own name for one, as HAIP demands a scope of each (HAIP 1.0, 4.1)."""
    binding: Mapping[str, Any] = row["binding"]
    source: Mapping[str, Any] = row["claim_source"]
    disclosable = binding.get("disclosable")
    return CredentialConfiguration(
        id=row["id"],
        credential_configuration_id=row["credential_configuration_id"],
        format=row["format"],
        type=row["type_name"],
        type_id=row["type_id"],
        scope=row["scope"] or (row["credential_configuration_id"] if named else None),
        algorithm=row["algorithms"][0],
        lifetime=row["lifetime"],
        display=tuple(row["display"]),
        claims=tuple(row["claims"]),
        disclosable=None if disclosable is None else frozenset(tuple(path) for path in disclosable),
        binding_methods=tuple(binding.get("methods", ())),
        proof_types={name: tuple(algorithms) for name, algorithms in binding.get("proof_types", {}).items()},
        schema=row["schema_definition"],
        searchable=tuple(_path(text) for text in row["searchable"]),
        statuses=tuple(row["status_types"]),
        key_attestations_required=binding.get("key_attestations_required"),
        type_digest=row["metadata_digest"],
        claim_source=SourceChoice(source["kind"], source["settings"], source["drop_unnamed"]) if source else None,
        policy=policies[row["policy_name"]] if row["policy_name"] else None,
        options=binding.get("options") or {},
        mapping={name: tuple(path) for name, path in binding.get("mapping", {}).items()},
    )


def _path(text: str) -> ClaimsPath:
    return tuple(text.split("."))


def _anchor(row: Row) -> TrustAnchor:
    return TrustAnchor(
        id=str(row["id"]),
        identifier=row["identifier"],
        roles=frozenset(row["roles"]),
        certificate=row["certificate"],
        public_keys=tuple(row["public_keys"]),
    )
