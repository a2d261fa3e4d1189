"""All waiting done for a verification: KeyReference to believed key, StatusReference to what the list says.

An operation calls these between a format's pure steps.  Whatever cannot be found out is a refusal.
"""

from datetime import datetime
from typing import Any

import cbor2

from agent.scope import Scope, Shape
from protocols.errors import ProtocolError
from protocols.jose.jwk import verify_signature
from protocols.ports import KeyReference, Purpose, Sandboxed, StatusList, StatusMechanism, StatusReference, TrustedKey
from protocols.ports.tools import FetchFailed, FetchRefused

_SHORT_TTL = 300.0
_SEEN_SECONDS = 7 * 86_400.0
_TIME = Shape(cbor2.dumps, cbor2.loads)
_HEAVY_SECONDS = 0.75
_SHAPE = Shape(
    lambda one: cbor2.dumps([one.uri, one.bits, one.packed, one.issued_at, one.expires_at, one.ttl]),
    lambda data: StatusList(*cbor2.loads(data)),
)


class UnknownIssuer(ProtocolError):
    """The issuer's key cannot be traced to anything trusted."""

    code = "untrusted_issuer"


class StatusUnavailable(ProtocolError):
    """The credential's status cannot be found out."""

    code = "status_unavailable"


class Revoked(ProtocolError):
    """The credential was revoked or suspended by its issuer."""

    code = "credential_revoked"


class UnknownHolder(ProtocolError):
    """The holder's key cannot be found out."""

    code = "unknown_holder_key"


class TooSlow(ProtocolError):
    """The document takes too long to be processed."""

    code = "too_complex"


async def finished(scope: Scope, answer: Any) -> Any:
    """What a pure step answers, its heavy part done in the sandbox. Raises TooSlow, and what the step raises."""
    while isinstance(answer, Sandboxed):
        try:
            done = await scope.sandbox.run(answer.function, *answer.arguments, seconds=answer.seconds or _HEAVY_SECONDS)
        except TimeoutError:
            raise TooSlow("killed") from None
        except (EOFError, OSError):
            raise TooSlow("the sandbox ended") from None
        answer = answer.then(done)
    return answer


async def issuer_key(scope: Scope, reference: KeyReference, purpose: Purpose = Purpose.ISSUE) -> TrustedKey:
    """The believed key behind a reference. Raises UnknownIssuer."""
    return await _key(scope, reference, purpose, UnknownIssuer)


async def holder_key(scope: Scope, reference: KeyReference | None) -> TrustedKey:
    """The holder's key, which needs no anchor. Raises UnknownHolder, also when there is no reference."""
    if reference is None:
        raise UnknownHolder("no holder's key is named")
    return await _key(scope, reference, Purpose.HOLD, UnknownHolder)


async def _key(scope: Scope, reference: KeyReference, purpose: Purpose, unknown: type[ProtocolError]) -> TrustedKey:
    resolver = scope.plugins["trust_resolvers"].get(reference.kind)
    if resolver is None:
        raise unknown(f"no resolver for {reference.kind}")
    try:
        found: TrustedKey = await resolver.resolve(reference, purpose, scope.catalogue.anchors, scope.now().timestamp())
    except ProtocolError as error:
        raise unknown(error.detail or type(error).__name__) from None
    except (FetchFailed, FetchRefused) as error:
        raise unknown(type(error).__name__) from None
    return found


async def require_status(scope: Scope, reference: StatusReference | None) -> None:
    """Nothing when the credential has no status or a good one. Raises Revoked, StatusUnavailable."""
    if reference is None:
        return
    mechanism = scope.plugins["status_mechanisms"].get(reference.mechanism)
    if mechanism is None:
        raise StatusUnavailable("unknown mechanism")
    try:
        value = await _value(scope, mechanism, reference)
    except ProtocolError as error:
        raise StatusUnavailable(error.detail or type(error).__name__) from None
    except (FetchFailed, FetchRefused) as error:
        raise StatusUnavailable(f"{type(error).__name__} {error}") from None
    if value != 0:
        raise Revoked()


async def _value(scope: Scope, mechanism: StatusMechanism, reference: StatusReference) -> int:
    """Our own list as it stands in the database at this moment; another's from its address."""
    if not reference.uri.startswith(f"{scope.tenant.base_url}/status-lists/"):
        return mechanism.read(await _list(scope, mechanism, reference), reference.index)
    async with scope.unit() as unit:
        found: tuple[int, bytes] | None = await unit.status_lists.byte(reference.uri, reference.index)
    if found is None:
        raise StatusUnavailable("no list of ours")
    bits, packed = found
    return mechanism.read(StatusList(reference.uri, bits, packed, scope.now()), reference.index % (8 // bits))


async def _list(scope: Scope, mechanism: StatusMechanism, reference: StatusReference) -> StatusList:
    """Fetched, believed, and cached for its ttl."""

    async def fetch() -> StatusList:
        return await _fetch(scope, mechanism, reference.uri)

    found: StatusList = await scope.cache.get("foreign_status_list", reference.uri, fetch, _SHORT_TTL, _SHAPE)
    age = (scope.now() - found.issued_at).total_seconds()
    if (found.expires_at and found.expires_at <= scope.now()) or (found.ttl and age > max(found.ttl, _SHORT_TTL)):
        await scope.cache.forget("foreign_status_list", reference.uri)
        found = await scope.cache.get("foreign_status_list", reference.uri, fetch, _SHORT_TTL, _SHAPE)
    return found


async def _fetch(scope: Scope, mechanism: StatusMechanism, uri: str) -> StatusList:
    answer = await scope.fetch.get(uri, mechanism.media_type)
    if answer.status != 200 or answer.media_type != mechanism.media_type:
        raise StatusUnavailable("status or media type of the answer")
    opened = mechanism.open(answer.body, uri, scope.now())
    trusted = await issuer_key(scope, opened.signer, Purpose.STATUS)
    if not verify_signature(trusted.jwk, opened.algorithm, opened.signing_input, opened.signature):
        raise StatusUnavailable("signature")
    await _require_newest(scope, opened.content)
    return opened.content


async def _require_newest(scope: Scope, status: StatusList) -> None:
    """A list never goes back to what it said before: who can serve an old token must not undo a revocation."""

    async def this() -> str:
        return status.issued_at.isoformat()

    seen = datetime.fromisoformat(await scope.cache.get("foreign_status_seen", status.uri, this, _SEEN_SECONDS, _TIME))
    if status.issued_at < seen:
        raise StatusUnavailable("older than the newest seen")
    if status.issued_at > seen:
        await scope.cache.forget("foreign_status_seen", status.uri)
        await scope.cache.get("foreign_status_seen", status.uri, this, _SEEN_SECONDS, _TIME)
