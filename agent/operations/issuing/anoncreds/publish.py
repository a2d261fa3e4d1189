"""Publish schemas, credential definitions and revocation registries: immutable, named by their addresses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from agent import gather
from agent.audit import AuditEvent
from agent.scope import Scope
from agent.scope.anoncreds import RegistryObject
from agent.tenancy import uuid7
from protocols.anoncreds import Places, places
from protocols.encoding import parse_json_object, render_json
from protocols.errors import ProtocolError
from protocols.ports.exchanges import ExchangesCredentials, NewDefinition

FORMAT = "anoncreds"


class NoSuchObject(ProtocolError):
    """There is no such object in this registry."""

    code = "not_found"
    status = 404


class FormatOff(ProtocolError):
    """The format is not switched on here."""

    code = "unsupported_credential_format"
    status = 422


class NotRevocable(ProtocolError):
    """Credentials of this definition cannot be revoked."""

    code = "invalid_input"
    status = 422


@dataclass(frozen=True, slots=True)
class PublishSchema:
    """Request: a schema's name, version and attributes."""

    name: str
    version: str
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PublishDefinition:
    """Request: whose schema (of ours or of another registry), and how many credentials can be revoked (none: 0)."""

    schema_id: str
    tag: str = "default"
    capacity: int = 0


@dataclass(frozen=True, slots=True)
class Published:
    """An object of the registry, by its identifier."""

    id: UUID
    identifier: str
    document: Mapping[str, Any]


def format_of(scope: Scope) -> ExchangesCredentials:
    """The plugin. Raises FormatOff."""
    found: ExchangesCredentials | None = scope.plugins["credential_exchanges"].get(FORMAT)
    if found is None:
        raise FormatOff()
    return found


def identifier(scope: Scope, kind: str, object_id: UUID) -> str:
    """The address of an object of ours."""
    return Places(scope.tenant.base_url).of(kind, object_id)


async def publish_schema(scope: Scope, request: PublishSchema) -> Published:
    """Raises InvalidRegistryObject."""
    schema = format_of(scope).new_schema(scope.tenant.base_url, request.name, request.version, request.attributes)
    made = RegistryObject(uuid7(scope.now(), scope.entropy(10)), "schema", render_json(dict(schema)))
    return await _published(scope, made)


async def _published(scope: Scope, made: RegistryObject) -> Published:
    async with scope.unit() as unit:
        await unit.anoncreds.publish(made)
        unit.record(AuditEvent(f"anoncreds.{made.kind}_published", "anoncreds_object", made.id, "create"))
        await unit.commit()
    return Published(made.id, identifier(scope, made.kind, made.id), parse_json_object(made.content))


async def publish_definition(scope: Scope, request: PublishDefinition) -> Published:
    """Make keys, which takes seconds, and publish; a registry with it when credentials shall be revocable.

    Raises RegistryUnavailable, InvalidRegistryObject.
    """
    from agent.operations.trusting.anoncreds import find

    plugin, base = format_of(scope), scope.tenant.base_url
    schema = await find(scope, "schema", request.schema_id)
    revocable = request.capacity > 0
    step = plugin.new_definition(base, request.schema_id, schema, request.tag, revocable)
    made: NewDefinition = await gather.finished(scope, step)
    row = RegistryObject(
        uuid7(scope.now(), scope.entropy(10)), "definition", render_json(dict(made.public)), made.secret
    )
    published = await _published(scope, row)
    if revocable:
        await _open_registry(scope, published, request.capacity, "1")
    return published


async def add_registry(scope: Scope, request: tuple[UUID, int]) -> str:
    """Another registry of a definition and capacity, when the newest is full; its identifier.

    Raises NoSuchObject, NotRevocable.
    """
    definition, capacity = request
    async with scope.unit() as unit:
        found = await unit.anoncreds.object("definition", definition)
    if found is None:
        raise NoSuchObject()
    document = parse_json_object(found.content)
    if document["value"].get("revocation") is None:
        raise NotRevocable()
    published = Published(definition, identifier(scope, "definition", definition), document)
    return await _open_registry(scope, published, capacity, str(int(scope.now().timestamp())))


async def _open_registry(scope: Scope, definition: Published, capacity: int, tag: str) -> str:
    registry_id, now = uuid7(scope.now(), scope.entropy(10)), int(scope.now().timestamp())
    named = identifier(scope, "registry", registry_id)
    step = format_of(scope).new_registry(
        named, definition.identifier, definition.document, tag, capacity, places.tails(named), now
    )
    made = await gather.finished(scope, step)
    async with scope.unit() as unit:
        await unit.anoncreds.publish_registry(registry_id, definition.id, made, capacity)
        unit.record(AuditEvent("anoncreds.registry_published", "anoncreds_object", registry_id, "create"))
        await unit.commit()
    return named


async def list_definitions(scope: Scope, _request: None) -> Sequence[str]:
    """The identifiers of our definitions."""
    async with scope.unit() as unit:
        found = await unit.anoncreds.objects("definition")
    return [identifier(scope, "definition", one) for one in found]
