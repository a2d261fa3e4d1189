"""Objects of AnonCreds registries over HTTP: ours from the database, others' from their address, cached."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from agent.scope import Scope, Shape
from protocols import anoncreds
from protocols.anoncreds import Places, places
from protocols.encoding import parse_json_object, render_json
from protocols.errors import ProtocolError
from protocols.ports import Purpose
from protocols.ports.tools import FetchFailed, FetchRefused

_JSON = "application/json"
# Objects never change, lists of the past neither; kept a day, so that nothing of theirs lives for ever.
_SECONDS, _CURRENT_SECONDS = 86_400.0, 30.0
_SHAPE = Shape(lambda value: render_json(dict(value)), parse_json_object)
_BYTES = Shape(bytes, bytes)
_PARSERS: Mapping[str, Callable[[bytes, str], Mapping[str, Any]]] = {
    "schema": anoncreds.parse_schema,
    "definition": anoncreds.parse_definition,
    "registry": anoncreds.parse_registry,
}


class RegistryUnavailable(ProtocolError):
    """An object of the registry cannot be had."""

    code = "registry_unavailable"


class UntrustedIssuer(ProtocolError):
    """The issuer is not trusted for this."""

    code = "untrusted_issuer"


async def find(scope: Scope, kind: str, identifier: str) -> Mapping[str, Any]:
    """A schema, definition or registry. Raises RegistryUnavailable, InvalidRegistryObject."""
    places.issuer_of(identifier)
    own = _own(scope, kind, identifier)
    if own is not None:
        async with scope.unit() as unit:
            found = await unit.anoncreds.object(kind, own)
        if found is None:
            raise RegistryUnavailable("no such object here")
        return parse_json_object(found.content)

    async def fetch() -> Mapping[str, Any]:
        return _PARSERS[kind](await _get(scope, identifier, anoncreds.MAX_BYTES), identifier)

    document: Mapping[str, Any] = await scope.cache.get(f"anoncreds_{kind}", identifier, fetch, _SECONDS, _SHAPE)
    return document


def _own(scope: Scope, kind: str, identifier: str) -> UUID | None:
    prefix = Places(scope.tenant.base_url).root(kind)
    if not identifier.startswith(prefix):
        return None
    try:
        return UUID(identifier.removeprefix(prefix))
    except ValueError:
        raise RegistryUnavailable("no such object here") from None


async def _get(scope: Scope, url: str, most: int, accept: str = _JSON) -> bytes:
    try:
        answer = await scope.fetch.get(url, accept, most)
    except (FetchFailed, FetchRefused) as error:
        raise RegistryUnavailable(type(error).__name__) from None
    if answer.status != 200 or answer.media_type != accept:
        raise RegistryUnavailable(f"status {answer.status} or media type of the answer")
    return answer.body


async def list_at(scope: Scope, registry: str, at: int) -> Mapping[str, Any]:
    """The status list in force at a time. Raises RegistryUnavailable, InvalidRegistryObject."""
    own = _own(scope, "registry", registry)
    if own is not None:
        async with scope.unit() as unit:
            content = await unit.anoncreds.status_list(own, at)
        if content is None:
            raise RegistryUnavailable("no list of that time here")
        return parse_json_object(content)

    async def fetch() -> Mapping[str, Any]:
        body = await _get(scope, places.status_list(registry, at), anoncreds.MAX_BYTES)
        return anoncreds.parse_status_list(body, registry, at)

    past = at < int(scope.now().timestamp()) - places.SETTLED
    seconds = _SECONDS if past else _CURRENT_SECONDS
    found: Mapping[str, Any] = await scope.cache.get("anoncreds_list", f"{registry} {at}", fetch, seconds, _SHAPE)
    return found


async def tails(scope: Scope, identifier: str, registry: Mapping[str, Any]) -> bytes:
    """A registry's file, of the hash that its definition states. Raises RegistryUnavailable, InvalidRegistryObject."""
    own = _own(scope, "registry", identifier)

    async def fetch() -> bytes:
        size = anoncreds.tails_bytes(registry)
        if own is None:
            location = registry["value"]["tailsLocation"]
            octets = await _get(scope, location, size + 1000, "application/octet-stream")
        else:
            async with scope.unit() as unit:
                octets = await unit.anoncreds.tails(own) or b""
        anoncreds.require_tails(registry, octets)
        return octets

    found: bytes = await scope.cache.get("anoncreds_tails", identifier, fetch, _SECONDS, _BYTES)
    return found


def require_trusted(scope: Scope, definition_id: str, schema_id: str) -> None:
    """The issuer is the tenant itself, or the identifier of an anchor of the tenant's, for credentials of the schema.

    Raises UntrustedIssuer.
    """
    issuer = places.issuer_of(definition_id)
    if issuer == scope.tenant.base_url:
        return
    if not any(one.identifier == issuer and one.fits(Purpose.ISSUE, schema_id) for one in scope.catalogue.anchors):
        raise UntrustedIssuer("no anchor for this issuer and schema")
