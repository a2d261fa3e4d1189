"""The signed token of a list of ours, for evidence: the list itself decides as it stands in the database."""

from dataclasses import replace

from agent import telemetry
from agent.gather.status import SHAPE, SHORT_TTL, KnownList, StatusSeen, believed_list, keep_list, media_types
from agent.operations.issuing.serve_status_list import serve_status_list
from agent.scope import Scope
from protocols.ports import StatusMechanism, StatusReference
from protocols.status_list.request import StatusListRequest, StatusListToken


async def with_own_token(scope: Scope, seen: StatusSeen) -> StatusSeen:
    """What was seen, with the token that anybody is served, when that says the same; what it stands on is kept.

    A change is served a moment after it was made. Whatever hinders it, the verdict stands and has no token.
    """
    if seen.token is not None:
        return seen
    try:
        known = await _served(scope, seen.reference)
        content, bits = known.content, seen.reference.bits
        content = replace(content, bits=bits) if bits and bits != content.bits else content
        value = _mechanism(scope, seen.reference).read(content, seen.reference.index)
    except Exception:
        telemetry.failure("no_own_status_token", tenant=scope.tenant.name)
        return seen
    if value != seen.value:
        return seen
    told = (content.expires_at, content.ttl, known.token, known.chain, known.anchor)
    return StatusSeen(seen.reference, value, seen.issued_at, seen.read_at, *told)


def _mechanism(scope: Scope, reference: StatusReference) -> StatusMechanism:
    found: StatusMechanism = scope.plugins["status_mechanisms"][reference.mechanism]
    return found


async def _served(scope: Scope, reference: StatusReference) -> KnownList:
    """Believed as another's would be, and kept, once for each token."""
    accepted = (_mechanism(scope, reference).media_type,)
    served = (await serve_status_list(scope, StatusListRequest(reference.uri, accepted, None, (), False))).found

    async def believe() -> KnownList:
        return await _believed(scope, reference, served)

    found: KnownList = await scope.cache.get(
        "own_status_token", f"{reference.uri} {served.etag}", believe, SHORT_TTL, SHAPE
    )
    return found


async def _believed(scope: Scope, reference: StatusReference, served: StatusListToken) -> KnownList:
    own = _mechanism(scope, reference)
    readers = (one for one in scope.plugins["status_mechanisms"].values() if served.media_type in media_types(one))
    mechanism = next(one for one in readers if one.member == own.member)
    known = await believed_list(scope, mechanism, reference.uri, served.token)
    await keep_list(scope, known, served.media_type, served.token)
    return known
