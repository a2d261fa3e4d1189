"""A tenant from nothing: its keys, certificates, first credential configuration and status list."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.encryption.vault import TenantVault, new_tenant_keys, unlock
from agent.keyring import Keyring
from agent.operations.administering.api_keys import new_key
from agent.operations.administering.certifying import Authority
from agent.operations.administering.document_signers import (
    COUNTRY,
    IACA,
    SIGNER,
    Workshop,
    iaca_anchor,
    make_iaca,
    make_signer,
)
from agent.operations.administering.mobile_documents import mdl, pid_document
from agent.operations.administering.scopes import OPERATOR, ROLES
from agent.operations.messaging.identity import create_messaging_keys
from agent.scope.administering import Control, CreatedTenant, CreateTenant, NewAnchor, NewApiKey, NewTenant
from agent.scope.tenants import CredentialConfiguration, SigningKey, StatusRegistry
from agent.tenancy import WORKER, Tenant, uuid7
from protocols import x509
from protocols.encoding import b64url
from protocols.errors import ProtocolError
from protocols.jose.jwk import thumbprint
from protocols.ports.keys import KeyStoreUnavailable

SYSTEM = Tenant(UUID(int=0), "system", "")
_CA_YEARS = 10
_LEAVES = ("issuer", "verifier", "audit")
KEY_PURPOSES = ("ca", *_LEAVES, IACA, SIGNER, "messaging")
_ALGORITHM = "ES256"


class InvalidKeyStore(ProtocolError):
    """The keys cannot be kept there."""

    code = "invalid_key_store"


class DatabaseTaken(ProtocolError):
    """Another tenant's rows lie in this database."""

    code = "database_taken"
    status = 409


class UnknownTemplate(ProtocolError):
    """There is no such credential configuration to begin with."""

    code = "unknown_configuration"


async def create_tenant(control: Control, request: CreateTenant) -> CreatedTenant:
    """Make the keys, then insert everything in one transaction.

    Raises Conflict when the name is taken, UnknownTemplate, DatabaseTaken, DatabaseGone, and InvalidKeyStore for a
    store that is not on or cannot do what is needed.
    """
    _require_stores(control.keys, request.key_stores)
    tenant = Tenant(_id(control), request.name, f"{control.origin}/t/{request.name}", database=request.database)
    wrapped = await new_tenant_keys(tenant.id, control.kek, control.kek_store, [_id(control) for _ in range(4)])
    vault = await unlock(tenant.id, wrapped, control.kek_store)
    keys = await _keys(control, request, tenant)
    types, configurations = _templates(control, request.configurations)
    new = NewTenant(
        id=tenant.id,
        name=tenant.name,
        display_name=request.display_name,
        wrapped_keys=wrapped,
        issuer_id=_id(control),
        verifier_id=_id(control),
        identifier=tenant.base_url,
        keys=keys,
        anchors=(
            _own_anchor(control, request.display_name, keys[0].x5c[0]),
            *(iaca_anchor(_id(control), key) for key in keys if key.purpose == IACA),
        ),
        types=types,
        configurations=configurations,
        registry=_registry(control, tenant),
        samples=request.samples,
        policy=request.policy,
    )
    key, prefix, key_hash = new_key(tenant.name, control.entropy(36))
    administrator = NewApiKey(_id(control), "administrator", prefix, key_hash, tuple(sorted(ROLES["administrator"])))
    await _insert(control, tenant, vault, new, administrator)
    return CreatedTenant(tenant.id, tenant.name, tenant.base_url, key)


async def _insert(control: Control, tenant: Tenant, vault: TenantVault, new: NewTenant, key: NewApiKey) -> None:
    """A tenant with a database of its own is founded there first: before the shared one names it, nobody finds it."""
    async with control.enter(tenant, WORKER, vault) as unit:
        if tenant.database and not await unit.tenants.leave_to_one():
            raise DatabaseTaken(tenant.database)
        await unit.tenants.found(new)
        await unit.api_keys.add(key)
        unit.record(AuditEvent("tenant.created", "tenant", tenant.id))
        unit.record(AuditEvent("api_key.created", "api_key", key.id, metadata={"role": "administrator"}))
        unit.changes_catalogue()
        await unit.commit()
    if tenant.database:
        server, _, name = tenant.database.partition("/")
        async with control.enter(SYSTEM, WORKER, vault) as unit:
            await unit.tenants.place(new, server, name)
            unit.record(AuditEvent("tenant.placed", "tenant", tenant.id, metadata={"database": tenant.database}))
            unit.changes_catalogue()
            await unit.commit()


async def found_system(control: Control) -> str:
    """The keys of the system tenant, once for each database; answers the operator's API key, shown this once."""
    wrapped = await new_tenant_keys(SYSTEM.id, control.kek, control.kek_store, [_id(control) for _ in range(4)])
    vault = await unlock(SYSTEM.id, wrapped, control.kek_store)
    key, prefix, key_hash = new_key(SYSTEM.name, control.entropy(36))
    async with control.enter(SYSTEM, WORKER, vault) as unit:
        await unit.tenants.add_keys(wrapped)
        await unit.api_keys.add(NewApiKey(_id(control), "operator", prefix, key_hash, tuple(sorted(OPERATOR))))
        unit.record(AuditEvent("system.founded", "tenant", SYSTEM.id))
        await unit.commit()
    return key


def _id(control: Control) -> UUID:
    return uuid7(control.now(), control.entropy(10))


def _require_stores(keys: Keyring, key_stores: Mapping[str, str]) -> None:
    """Before any key is made: every purpose known, every store on, with the algorithm that is needed of it."""
    for purpose, store in key_stores.items():
        if purpose not in KEY_PURPOSES:
            raise InvalidKeyStore(f"no purpose {purpose}; there are {', '.join(KEY_PURPOSES)}")
        try:
            algorithms = keys.algorithms(store)
        except KeyStoreUnavailable:
            raise InvalidKeyStore(f"no key store {store} is on") from None
        if _ALGORITHM not in algorithms:
            raise InvalidKeyStore(f"{store} keeps no {_ALGORITHM} keys")


async def _keys(control: Control, request: CreateTenant, tenant: Tenant) -> tuple[SigningKey, ...]:
    """The CA's key, every leaf it certifies, and the keys of the tenant's DID."""
    now, name = control.now().replace(microsecond=0), request.display_name
    authority = await _key(control, "ca", request.key_stores.get("ca"))
    prepared = x509.prepare_ca(
        {"common_name": f"{name} CA", "organization_name": name},
        authority.jwk,
        algorithm=authority.algorithm,
        serial=control.entropy(16),
        not_before=now - timedelta(minutes=5),
        not_after=_after(now, _CA_YEARS),
    )
    root = x509.seal(prepared, await control.keys.sign(authority.handle, prepared.payload))
    authority = replace(authority, x5c=(root,))
    issuing = Authority(authority, name)
    leaves = [await _leaf(control, request, tenant, issuing, purpose) for purpose in _LEAVES]
    workshop = Workshop(control.keys, control.now, control.entropy, tenant.base_url)
    iaca = await make_iaca(workshop, name, request.country or COUNTRY, request.key_stores.get(IACA))
    documents = (iaca, await make_signer(workshop, iaca, request.key_stores.get(SIGNER)))
    messaging = await create_messaging_keys(control.keys, lambda: _id(control), request.key_stores.get("messaging"))
    return (authority, *leaves, *documents, *messaging)


async def _key(control: Control, purpose: str, store: str | None) -> SigningKey:
    handle, jwk = await control.keys.generate(_ALGORITHM, store)
    return SigningKey(_id(control), purpose, b64url(thumbprint(jwk)), _ALGORITHM, handle, jwk)


async def _leaf(
    control: Control, request: CreateTenant, tenant: Tenant, authority: Authority, purpose: str
) -> SigningKey:
    key = await _key(control, purpose, request.key_stores.get(purpose))
    leaf = await authority.certify(
        control.keys, key, control.now(), control.entropy, control.dns_names, tenant.base_url
    )
    return replace(key, x5c=(leaf,))


def _after(now: datetime, years: int) -> datetime:
    return now + timedelta(days=365 * years)


def _own_anchor(control: Control, name: str, root: bytes) -> NewAnchor:
    """A tenant believes its own authority."""
    return NewAnchor(_id(control), f"{name} CA", root, None, ("issue", "status", "request"))


def _templates(
    control: Control, names: tuple[str, ...]
) -> tuple[Mapping[UUID, Mapping[str, Any]], tuple[CredentialConfiguration, ...]]:
    """The types and configurations that a tenant begins with. Raises UnknownTemplate."""
    if not set(names) <= TEMPLATES.keys():
        raise UnknownTemplate(f"there are {', '.join(TEMPLATES)}")
    made = [TEMPLATES[name](_id(control), _id(control)) for name in names]
    return {one.type_id: {"name": one.type, "schema": one.schema} for one in made}, tuple(made)


def _registry(control: Control, tenant: Tenant) -> StatusRegistry:
    return StatusRegistry(
        id=_id(control),
        uri=f"{tenant.base_url}/status-lists/1",
        mechanism="token_status_list",
        bits=2,
        max_entries=131_072,
        block_size=256,
        shard_bytes=1024,
        permutation_key=control.entropy(32),
        ttl=timedelta(minutes=5),
    )


def _claim(path: str, english: str, german: str) -> Mapping[str, Any]:
    display = [{"name": english, "locale": "en"}, {"name": german, "locale": "de"}]
    return {"path": path.split("."), "display": display}


PID_SCHEMA: Mapping[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "given_name": {"type": "string", "minLength": 1, "maxLength": 200},
        "family_name": {"type": "string", "minLength": 1, "maxLength": 200},
        "birthdate": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        "email": {"type": "string", "maxLength": 320},
        "nationalities": {"type": "array", "items": {"type": "string", "pattern": "^[A-Z]{2}$"}},
        "address": {"type": "object"},
    },
    "minProperties": 1,
}


def _pid(configuration_id: UUID, type_id: UUID) -> CredentialConfiguration:
    """Person identification data as SD-JWT VC (the ARF's PID rulebook names the type and its claims)."""
    return CredentialConfiguration(
        id=configuration_id,
        credential_configuration_id="pid",
        format="dc+sd-jwt",
        type="urn:eudi:pid:1",
        type_id=type_id,
        scope="pid",
        algorithm="ES256",
        lifetime=timedelta(days=90),
        display=(
            {"name": "Person Identification Data", "locale": "en", "background_color": "#1f3a5f"},
            {"name": "Personenidentifikationsdaten", "locale": "de", "background_color": "#1f3a5f"},
        ),
        claims=(
            _claim("given_name", "Given name", "Vorname"),
            _claim("family_name", "Family name", "Nachname"),
            _claim("birthdate", "Date of birth", "Geburtsdatum"),
            _claim("nationalities", "Nationalities", "Staatsangehörigkeiten"),
            _claim("address", "Address", "Anschrift"),
            _claim("address.locality", "Town", "Ort"),
            _claim("email", "Email address", "E-Mail-Adresse"),
        ),
        disclosable=None,
        binding_methods=("jwk", "did:key", "did:jwk"),
        proof_types={"jwt": ("ES256", "ES384", "EdDSA"), "attestation": ("ES256", "ES384", "EdDSA")},
        schema=PID_SCHEMA,
        searchable=(),
    )


TEMPLATES: Mapping[str, Callable[[UUID, UUID], CredentialConfiguration]] = {
    "pid": _pid,
    "mdl": mdl,
    "pid_mdoc": pid_document,
}
