"""POST /credential-types: a configuration's type gets an address of ours, and a document there that never changes."""

from dataclasses import dataclass
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.issuing.create_credential_offer import UnknownConfiguration
from agent.scope import Scope
from agent.scope.administering import NewType
from agent.scope.tenants import CredentialConfiguration
from agent.tenancy import uuid7
from protocols.errors import ProtocolError
from protocols.sd_jwt import type_metadata

_FORMAT = "dc+sd-jwt"


class NoTypeMetadata(ProtocolError):
    """Credentials of this format have no type metadata."""

    code = "invalid_input"
    status = 422


class UnknownType(ProtocolError):
    """The type is not known."""

    code = "not_found"
    status = 404


@dataclass(frozen=True, slots=True)
class PublishType:
    """Request: which configuration's type under which last part of its address, and the type that it extends."""

    credential_configuration_id: str
    name: str
    title: str | None = None
    description: str | None = None
    extends: str | None = None
    extends_integrity: str | None = None


@dataclass(frozen=True, slots=True)
class PublishedType:
    """The vct from now on, and the integrity that credentials state."""

    vct: str
    integrity: str


async def publish_type(scope: Scope, request: PublishType) -> PublishedType:
    """Derive the document from what the configuration says, keep it, issue by it from now on.

    A published document is what credentials state the digest of: another one needs another name (Conflict). Raises
    UnknownConfiguration, NoTypeMetadata, UnknownType and ContradictsExtendedType for one of ours that is extended.
    """
    configuration = scope.catalogue.configurations.get(request.credential_configuration_id)
    if configuration is None:
        raise UnknownConfiguration()
    if configuration.format != _FORMAT:
        raise NoTypeMetadata(configuration.format)
    vct = f"{scope.tenant.base_url}/types/{request.name}"
    document = await _document(scope, configuration, request, vct)
    hashed = type_metadata.digest(type_metadata.octets(document))
    new = NewType(uuid7(scope.now(), scope.entropy(10)), vct, document, hashed, configuration.type_id)
    async with scope.unit() as unit:
        await unit.credential_types.publish(new)
        await unit.credential_types.choose(configuration.id, vct)
        unit.record(AuditEvent("credential_type.published", "credential_type", new.id))
        unit.changes_catalogue()
        await unit.commit()
    await scope.cache.forget("type_metadata", vct)
    return PublishedType(vct, type_metadata.integrity(hashed))


async def _document(
    scope: Scope, configuration: CredentialConfiguration, request: PublishType, vct: str
) -> dict[str, object]:
    integrity, parent = request.extends_integrity, None
    if request.extends and request.extends.startswith(f"{scope.tenant.base_url}/"):
        async with scope.unit() as unit:
            parent = await unit.credential_types.published(request.extends)
        if parent is None:
            raise UnknownType("extends")
        integrity = type_metadata.integrity(parent.digest)
    document = type_metadata.document(
        vct,
        configuration.display,
        configuration.claims,
        configuration.disclosable,
        (configuration.schema or {}).get("required", ()),
        name=request.title,
        description=request.description,
        **{"extends": request.extends, "extends#integrity": integrity},
    )
    if parent is not None:
        type_metadata.require_extends(document, parent.document)
    return document


@dataclass(frozen=True, slots=True)
class ChooseType:
    """Request: the vct that a configuration issues by: a URN of the tenant's, or an address that was published."""

    credential_configuration_id: str
    vct: str


async def choose_type(scope: Scope, request: ChooseType) -> UUID:
    """Raises UnknownConfiguration, UnknownType."""
    configuration = scope.catalogue.configurations.get(request.credential_configuration_id)
    if configuration is None:
        raise UnknownConfiguration()
    async with scope.unit() as unit:
        if not await unit.credential_types.choose(configuration.id, request.vct):
            raise UnknownType()
        unit.record(AuditEvent("credential_type.chosen", "credential_configuration", configuration.id, "update"))
        unit.changes_catalogue()
        await unit.commit()
    return configuration.id
