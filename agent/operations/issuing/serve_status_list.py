"""GET /status-lists/{number} and /status-lists: the tenant's status lists as signed tokens, and where they are."""

import zlib
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

import cbor2

from agent.operations.issuing.publish_status_list import VALIDITY, Serialization, publish, serializations
from agent.scope import Scope, Shape
from agent.scope.status import PublishedToken
from agent.scope.tenants import StatusRegistry
from protocols.errors import ProtocolError
from protocols.status_list.request import StatusListRequest, StatusListResponse, StatusListToken

_FRESH_SECONDS = 5.0
_JSON = ("application/ld+json", "application/json")
"""What a credential with a Data Integrity proof is too, for who does not know `application/vc`."""
_REGISTRY_SECONDS = 3600.0


class NoSuchList(ProtocolError):
    """There is no such status list, or none from that time."""

    code = "not_found"
    status = 404


class NotAcceptable(ProtocolError):
    """The status list is not served in a media type that was asked for."""

    code = "not_acceptable"
    status = 406


_SHAPE = Shape(
    lambda one: cbor2.dumps([one.token, one.gzipped, one.media_type, one.etag, one.issued_at, one.fresh]),
    lambda data: StatusListToken(*cbor2.loads(data)),
)


async def serve_status_list(scope: Scope, request: StatusListRequest) -> StatusListResponse:
    """The token of the newest content, or of a time. Raises NoSuchList, NotAcceptable."""
    registry = await _registry(scope, request.uri)
    how, media_type = _asked(serializations(scope, registry), request.accepted)
    if request.time is not None:
        async with scope.unit() as unit:
            past = await unit.status_lists.published(registry.id, how.media_type, request.time)
        if past is None:
            raise NoSuchList("nothing from that time")
        return StatusListResponse(request, replace(_token(registry, past), media_type=media_type))

    async def look() -> StatusListToken:
        return _token(registry, await _newest(scope, registry, how))

    key = f"{how.media_type} {registry.uri}"
    found: StatusListToken = await scope.cache.get("status_list", key, look, _FRESH_SECONDS, _SHAPE)
    named = found if found.media_type == media_type else replace(found, media_type=media_type)
    return StatusListResponse(request, named)


async def serve_status_lists(scope: Scope, _request: None) -> Sequence[str]:
    """The addresses of all lists of the issuer (draft-ietf-oauth-status-list, 9)."""
    async with scope.unit() as unit:
        uris: Sequence[str] = await unit.status_lists.uris()
    return uris


async def _registry(scope: Scope, uri: str) -> StatusRegistry:
    """Found once: an address never changes its list. Raises NoSuchList, which is not remembered."""

    async def find() -> StatusRegistry:
        async with scope.unit() as unit:
            registry: StatusRegistry | None = await unit.status_lists.find(uri)
        if registry is None:
            raise NoSuchList()
        return registry

    found: StatusRegistry = await scope.cache.get("status_registry", uri, find, _REGISTRY_SECONDS)
    return found


def _asked(known: Sequence[Serialization], accepted: Sequence[str]) -> tuple[Serialization, str]:
    """The serialization that the caller likes best, and what to call it. Raises NotAcceptable."""
    for media_type in accepted or ("*/*",):
        for one in known:
            if media_type in (one.media_type, "application/*", "*/*"):
                return one, one.media_type
            if one.cryptosuite is not None and media_type in _JSON:
                return one, media_type
    raise NotAcceptable()


async def _newest(scope: Scope, registry: StatusRegistry, how: Serialization) -> PublishedToken:
    """What was published last, when it says all there is to say and has at least half of its life to live."""
    async with scope.unit() as unit:
        version = await unit.status_lists.version(registry.id)
        last: PublishedToken | None = await unit.status_lists.published(registry.id, how.media_type, None)
    if last is not None and last.version >= version and last.expires_at - scope.now() > VALIDITY / 2:
        return last
    return await publish(scope, registry, how)


def _token(registry: StatusRegistry, published: PublishedToken) -> StatusListToken:
    compressor = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    return StatusListToken(
        token=published.token,
        gzipped=compressor.compress(published.token) + compressor.flush(),
        media_type=published.media_type,
        etag=f'"{sha256(published.token).hexdigest()[:32]}"',
        issued_at=published.issued_at,
        fresh=min(int(registry.ttl.total_seconds()), 60),
    )
