"""Ask for AnonCreds presentations, and verify them: once for each request."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from agent import gather
from agent.audit import AuditEvent
from agent.operations.issuing.anoncreds.issue import Effect, NoSuchExchange, settled
from agent.operations.issuing.anoncreds.publish import format_of
from agent.operations.trusting.anoncreds import find, list_at, require_trusted
from agent.scope import Scope
from agent.scope.anoncreds import Exchange
from agent.scope.limits import VERIFICATIONS
from agent.scope.settings import VERIFYING
from agent.tenancy import uuid7
from protocols import anoncreds
from protocols.anoncreds import Identifier, Interval, NotProved, PresentationTerms
from protocols.errors import ProtocolError
from protocols.ports.exchanges import RegistryObjects


@dataclass(frozen=True, slots=True)
class PresentationRequested:
    """A presentation request for a holder, and the exchange that goes on with the presentation."""

    id: UUID
    request: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class VerifyAnonCreds:
    """Request: what a holder presented, in the exchange that our request began."""

    exchange: UUID
    presentation: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class VerifiedAnonCreds:
    """The answer: whether it holds, what was shown by referent, and what refused it."""

    verified: bool
    shown: Mapping[str, Any] = field(default_factory=dict, repr=False)
    error: str = ""


async def request_presentation(scope: Scope, terms: PresentationTerms) -> PresentationRequested:
    """A request with a fresh nonce. Raises InvalidAnonCreds."""
    return await settled(scope, await prepare_presentation_request(scope, terms))


async def prepare_presentation_request(scope: Scope, terms: PresentationTerms) -> tuple[PresentationRequested, Effect]:
    """The request, and what begins its exchange. Raises InvalidAnonCreds, FeatureOff, LimitReached."""
    scope.catalogue.tenant.require(VERIFYING)
    await scope.quotas.take(scope, VERIFICATIONS)
    nonce = await gather.finished(scope, format_of(scope).new_nonce())
    request = anoncreds.render_presentation_request(terms, nonce, int(scope.now().timestamp()))
    exchange = Exchange(uuid7(scope.now(), scope.entropy(10)), "verifier", "requested", {"request": request})

    async def begin(unit: Any) -> None:
        await unit.anoncreds.begin(exchange)
        unit.record(AuditEvent("anoncreds.proof_requested", "anoncreds_exchange", exchange.id, "create"))

    return PresentationRequested(exchange.id, request), begin


async def verify_presentation(scope: Scope, request: VerifyAnonCreds) -> VerifiedAnonCreds:
    """The one answer that a request has: who presents first has presented.

    Raises NoSuchExchange, Conflict; what is wrong with the presentation is the answer.
    """
    return await settled(scope, await prepare_verdict(scope, request))


async def prepare_verdict(scope: Scope, request: VerifyAnonCreds) -> tuple[VerifiedAnonCreds, Effect]:
    """The answer, and what records it. Raises NoSuchExchange."""
    async with scope.unit() as unit:
        exchange = await unit.anoncreds.exchange(request.exchange, "verifier")
    if exchange is None or exchange.state != "requested":
        raise NoSuchExchange()
    try:
        found = VerifiedAnonCreds(True, await _verified(scope, exchange.details["request"], request.presentation))
    except ProtocolError as error:
        found = VerifiedAnonCreds(False, error=error.code)
    state = "verified" if found.verified else "refused"
    details = {**exchange.details, "shown": dict(found.shown), "error": found.error}
    answered = replace(exchange, state=state, details=details)

    async def settle(unit: Any) -> None:
        await unit.anoncreds.settle(answered, "requested")
        unit.record(AuditEvent(f"anoncreds.{state}", "anoncreds_exchange", answered.id, "verify"))

    return found, settle


async def _verified(scope: Scope, wanted: dict[str, Any], presentation: Mapping[str, Any]) -> Mapping[str, Any]:
    # 1. whose credentials they are: nothing is fetched for an issuer whom nobody believes
    identifiers = anoncreds.parse_identifiers(presentation)
    for one in identifiers:
        require_trusted(scope, one.definition, one.schema)
    # 2. the objects, which must be of one another
    schemas = {one.schema: await find(scope, "schema", one.schema) for one in identifiers}
    definitions = {one.definition: await find(scope, "definition", one.definition) for one in identifiers}
    if any(definitions[one.definition]["schemaId"] != one.schema for one in identifiers):
        raise NotProved("a definition of another schema")
    # 3. revocation: of the time that was asked for, for every credential that can be revoked
    registries, lists = await _revocation(scope, wanted, presentation, definitions)
    objects = RegistryObjects(schemas, definitions, registries, lists)
    # 4. the proof
    shown: Mapping[str, Any] = await gather.finished(
        scope, format_of(scope).verify(_widened(wanted, lists), presentation, objects)
    )
    return shown


async def _revocation(
    scope: Scope, wanted: Mapping[str, Any], presentation: Mapping[str, Any], definitions: Mapping[str, Any]
) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    """Registries, and the lists that were proved against; each was in force in the interval."""
    asked = anoncreds.intervals_by_credential(wanted, presentation)
    registries: dict[str, Any] = {}
    lists: dict[tuple[str, int], Mapping[str, Any]] = {}
    for number, one in enumerate(anoncreds.parse_identifiers(presentation)):
        interval = asked.get(number)
        if interval is not None and anoncreds.revocable(definitions[one.definition]):
            registry, status_list = await _in_force(scope, one, interval)
            registries[str(one.registry)] = registry
            lists[str(one.registry), status_list["timestamp"]] = status_list
        elif one.timestamp is not None:
            raise NotProved("a proof about revocation that was not asked for")
    return registries, list(lists.values())


async def _in_force(scope: Scope, one: Identifier, interval: Interval) -> tuple[Any, Mapping[str, Any]]:
    if one.registry is None or one.timestamp is None:
        raise NotProved("nothing says that the credential is not revoked")
    if one.timestamp > interval.end:
        raise NotProved("a status list of another time")
    registry = await find(scope, "registry", one.registry)
    if registry["credDefId"] != one.definition:
        raise NotProved("a registry of another definition")
    status_list = await list_at(scope, one.registry, one.timestamp)
    if status_list["timestamp"] != one.timestamp:
        raise NotProved("no status list of that time")
    if one.timestamp < interval.start:
        begun = await list_at(scope, one.registry, interval.start)
        if begun["timestamp"] != one.timestamp:
            raise NotProved("a status list that was followed by another before the time")
    return registry, status_list


def _widened(wanted: Mapping[str, Any], lists: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The request with intervals that begin with the lists: that those were in force was decided above.

    The library compares the lists' own timestamps, which are older than the interval when nothing was revoked since.
    """
    oldest = min((one["timestamp"] for one in lists), default=None)

    def wider(part: Mapping[str, Any]) -> dict[str, Any]:
        interval = part.get("non_revoked")
        if interval is None or oldest is None:
            return dict(part)
        return {**part, "non_revoked": {**interval, "from": min(interval.get("from") or 0, oldest)}}

    parts = {name: {ref: wider(one) for ref, one in wanted.get(name, {}).items()} for name in _PARTS}
    return {**wider(wanted), **parts}


_PARTS = ("requested_attributes", "requested_predicates")
