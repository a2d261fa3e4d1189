"""Offer, then issue for the request that comes back; revoke."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from uuid import UUID

from agent import gather
from agent.audit import AuditEvent
from agent.operations.issuing.anoncreds.publish import NoSuchObject, format_of, identifier
from agent.operations.messaging.notify_revoked import notice_of_place
from agent.scope import Conflict, Scope
from agent.scope.anoncreds import Exchange, RegistryObject
from agent.scope.limits import CREDENTIALS
from agent.tenancy import uuid7
from protocols.anoncreds import InvalidAnonCreds, revocable
from protocols.encoding import parse_json_object, render_json
from protocols.errors import ProtocolError
from protocols.ports.exchanges import NewDefinition, NewRegistry, Revocation

_TRIES = 5
_LONGEST = 10_000


class NoSuchExchange(ProtocolError):
    """There is no such exchange in this state."""

    code = "not_found"
    status = 404


class RegistryFull(ProtocolError):
    """No place is left in the definition's newest revocation registry."""

    code = "registry_full"
    status = 409


@dataclass(frozen=True, slots=True)
class OfferAnonCreds:
    """Request: of which definition of ours, with which values (text by attribute)."""

    definition: UUID
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Offered:
    """An offer for a holder, and the exchange that goes on with its request."""

    id: UUID
    offer: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class IssueAnonCreds:
    """Request: a holder's credential request, in the exchange that its offer began; the DIDComm `thread` that it came
    in, where the holder shall be told of a revocation."""

    exchange: UUID
    request: Mapping[str, Any]
    thread: str | None = None


async def _definition(scope: Scope, definition: UUID) -> RegistryObject:
    async with scope.unit() as unit:
        found: RegistryObject | None = await unit.anoncreds.object("definition", definition)
    if found is None:
        raise NoSuchObject()
    return found


_T = TypeVar("_T")
Effect = Callable[[Any], Awaitable[None]]
"""What writes something in the caller's transaction; Conflict when it was written before."""


async def offer_anoncreds(scope: Scope, request: OfferAnonCreds) -> Offered:
    """The values must be those of the schema, no more and no less. Raises NoSuchObject, InvalidAnonCreds."""
    return await settled(scope, await prepare_offer(scope, request))


async def settled(scope: Scope, prepared: tuple[_T, Effect]) -> _T:
    """What was prepared, written in a transaction of its own."""
    found, write = prepared
    async with scope.unit() as unit:
        await write(unit)
        await unit.commit()
    return found


async def prepare_offer(scope: Scope, request: OfferAnonCreds) -> tuple[Offered, Effect]:
    """The offer, and what begins its exchange. Raises NoSuchObject, InvalidAnonCreds."""
    from agent.operations.trusting.anoncreds import find

    plugin, definition = format_of(scope), await _definition(scope, request.definition)
    document = parse_json_object(definition.content)
    schema = await find(scope, "schema", document["schemaId"])
    if request.values.keys() != set(schema["attrNames"]):
        raise InvalidAnonCreds("the values are not the schema's attributes")
    if not all(isinstance(one, str) and len(one) <= _LONGEST for one in request.values.values()):
        raise InvalidAnonCreds("values are texts")
    named = identifier(scope, "definition", definition.id)
    offer = await gather.finished(scope, plugin.offer(document["schemaId"], named, definition.secret))
    details = {"offer": offer, "values": dict(request.values)}
    exchange = Exchange(uuid7(scope.now(), scope.entropy(10)), "issuer", "offered", details, definition.id)

    async def begin(unit: Any) -> None:
        await unit.anoncreds.begin(exchange)
        unit.record(AuditEvent("anoncreds.offered", "anoncreds_exchange", exchange.id, "create"))

    return Offered(exchange.id, offer), begin


async def issue_anoncreds(scope: Scope, request: IssueAnonCreds) -> Mapping[str, Any]:
    """The credential, once for an offer. Raises NoSuchExchange, InvalidAnonCreds, RegistryFull, Conflict."""
    return await settled(scope, await prepare_credential(scope, request))


async def prepare_credential(scope: Scope, request: IssueAnonCreds) -> tuple[Mapping[str, Any], Effect]:
    """The credential, and what ends its exchange.

    Raises NoSuchExchange, InvalidAnonCreds, RegistryFull, LimitReached.
    """
    async with scope.unit() as unit:
        exchange = await unit.anoncreds.exchange(request.exchange, "issuer")
    if exchange is None or exchange.state != "offered" or exchange.definition is None:
        raise NoSuchExchange()
    await scope.quotas.take(scope, CREDENTIALS)
    definition = await _definition(scope, exchange.definition)
    public = parse_json_object(definition.content)
    place = await _place(scope, definition.id) if revocable(public) else None
    step = format_of(scope).issue(
        NewDefinition(public, definition.secret),
        exchange.details["offer"],
        request.request,
        exchange.details["values"],
        place[1] if place else None,
    )
    credential: Mapping[str, Any] = await gather.finished(scope, step)
    issued = replace(
        exchange,
        state="issued",
        details={"thread": request.thread} if request.thread else {},
        registry=place[0] if place else None,
        index=place[1].index if place else None,
    )

    async def settle(unit: Any) -> None:
        await unit.anoncreds.settle(issued, "offered")
        unit.record(AuditEvent("anoncreds.issued", "anoncreds_exchange", issued.id, "issue"))

    return credential, settle


async def _place(scope: Scope, definition: UUID) -> tuple[UUID, Revocation]:
    """A place of its own in the newest registry; spent even when nothing is issued."""
    async with scope.unit() as unit:
        taken = await unit.anoncreds.take_index(definition)
        if taken is None:
            raise RegistryFull()
        await unit.commit()
    registry, status_list = await _registry(scope, taken[0])
    document = parse_json_object(registry.content)
    named = identifier(scope, "registry", registry.id)
    return registry.id, Revocation(named, document, registry.secret, status_list, taken[1])


async def _registry(scope: Scope, registry: UUID) -> tuple[RegistryObject, Mapping[str, Any]]:
    """A registry and its newest list, of one moment."""
    async with scope.unit() as unit:
        found: RegistryObject | None = await unit.anoncreds.object("registry", registry)
        newest: bytes | None = await unit.anoncreds.status_list(registry, 2**40)
    if found is None or newest is None:
        raise NoSuchObject()
    return found, parse_json_object(newest)


async def revoke_anoncreds(scope: Scope, exchanges: Sequence[UUID]) -> Sequence[UUID]:
    """Revoke what was issued in these exchanges: those that are now revoked, and were not before.

    The accumulator follows in one step with the rows: a list is made of the newest one, and settled only when that
    still is the newest. Raises Conflict when others were first again and again.
    """
    async with scope.unit() as unit:
        found = [await unit.anoncreds.exchange(one, "issuer") for one in exchanges]
    wanted = [one for one in found if one is not None and one.state == "issued" and one.registry is not None]
    revoked: list[UUID] = []
    for registry in {one.registry for one in wanted if one.registry is not None}:
        revoked += await _revoke(scope, registry, [one for one in wanted if one.registry == registry])
    return revoked


async def _revoke(scope: Scope, registry_id: UUID, wanted: Sequence[Exchange]) -> Sequence[UUID]:
    for _ in range(_TRIES):
        registry, newest = await _registry(scope, registry_id)
        indexes = [one.index for one in wanted if one.index is not None and not newest["revocationList"][one.index]]
        if not indexes or registry.parent is None:
            return ()
        definition = await _definition(scope, registry.parent)
        # Two lists of one second would be one list to the world.
        now = max(int(scope.now().timestamp()), int(newest["timestamp"]) + 1)
        known = NewRegistry(parse_json_object(registry.content), registry.secret, b"", newest)
        step = format_of(scope).revoke(parse_json_object(definition.content), known, indexes, now)
        following = await gather.finished(scope, step)
        notices = {one.id: await _notices(scope, one) for one in wanted}
        try:
            async with scope.unit() as unit:
                await unit.anoncreds.next_status_list(registry_id, registry.version, now, render_json(dict(following)))
                changed = await unit.anoncreds.revoke([one.id for one in wanted])
                for one in changed:
                    unit.record(AuditEvent("anoncreds.revoked", "anoncreds_exchange", one.id, "revoke"))
                    for notice in notices[one.id]:
                        await notice(unit)
                await unit.commit()
        except Conflict:
            continue
        return [one.id for one in changed]
    raise Conflict("other revocations were first")


async def _notices(scope: Scope, issued: Exchange) -> Sequence[Effect]:
    """What tells the holder, where the credential went out over DIDComm."""
    thread = issued.details.get("thread")
    if thread is None or issued.registry is None or issued.index is None:
        return ()
    return await notice_of_place(scope, UUID(thread), identifier(scope, "registry", issued.registry), issued.index)
