"""Hold AnonCreds: ask for the offered credential, receive it, present it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from agent import gather
from agent.audit import AuditEvent
from agent.operations.issuing.anoncreds.issue import Effect, NoSuchExchange, settled
from agent.operations.issuing.anoncreds.publish import format_of
from agent.operations.trusting.anoncreds import find, list_at, tails
from agent.scope import Scope
from agent.scope.anoncreds import Exchange
from agent.tenancy import uuid7
from protocols import anoncreds
from protocols.anoncreds import InvalidAnonCreds, NotProved
from protocols.encoding import b64url, parse_b64url, parse_json_object
from protocols.ports.exchanges import Chosen, RegistryObjects, Requested


@dataclass(frozen=True, slots=True)
class CredentialRequested:
    """A credential request for the issuer, and the exchange that goes on with the credential."""

    id: UUID
    request: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReceiveAnonCreds:
    """Request: what the issuer answered, in the exchange that our request began."""

    exchange: UUID
    credential: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HeldAnonCreds:
    """A credential that the tenant holds."""

    id: UUID
    schema_id: str
    cred_def_id: str
    rev_reg_id: str | None
    values: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PresentAnonCreds:
    """Request: a verifier's presentation request, and which held credential answers each referent of it."""

    request: Mapping[str, Any]
    chosen: Mapping[str, UUID]


async def _link_secret(scope: Scope) -> bytes:
    """The tenant's one, made when first needed: of two that are made at once one stays."""
    async with scope.unit() as unit:
        found: bytes | None = await unit.anoncreds.link_secret()
    if found is not None:
        return found
    made = await gather.finished(scope, format_of(scope).new_link_secret())
    async with scope.unit() as unit:
        await unit.anoncreds.keep(uuid7(scope.now(), scope.entropy(10)), "link_secret", made)
        kept: bytes = await unit.anoncreds.link_secret()
        await unit.commit()
    return kept


async def request_anoncreds(scope: Scope, offer: Mapping[str, Any]) -> CredentialRequested:
    """Ask for what was offered. Raises InvalidAnonCreds, RegistryUnavailable, InvalidRegistryObject."""
    return await settled(scope, await prepare_request(scope, offer))


async def prepare_request(scope: Scope, offer: Mapping[str, Any]) -> tuple[CredentialRequested, Effect]:
    """The request, and what begins its exchange. Raises as `request_anoncreds`."""
    named, schema = offer.get("cred_def_id"), offer.get("schema_id")
    if not isinstance(named, str) or not isinstance(schema, str):
        raise InvalidAnonCreds("credential offer")
    plugin, definition = format_of(scope), await find(scope, "definition", named)
    if definition["schemaId"] != schema:
        raise InvalidAnonCreds("the offer is of another schema than its definition")
    step = plugin.request(offer, definition, await _link_secret(scope), b64url(scope.entropy(16)))
    made: Requested = await gather.finished(scope, step)
    details = {"cred_def_id": named, "schema_id": schema, "secret": b64url(made.secret)}
    exchange = Exchange(uuid7(scope.now(), scope.entropy(10)), "holder", "requested", details)

    async def begin(unit: Any) -> None:
        await unit.anoncreds.begin(exchange)
        unit.record(AuditEvent("anoncreds.requested", "anoncreds_exchange", exchange.id, "create"))

    return CredentialRequested(exchange.id, made.request), begin


async def receive_anoncreds(scope: Scope, request: ReceiveAnonCreds) -> UUID:
    """Check and keep; the credential's id here. Raises NoSuchExchange, InvalidAnonCreds, Conflict."""
    return await settled(scope, await prepare_receipt(scope, request))


async def prepare_receipt(scope: Scope, request: ReceiveAnonCreds) -> tuple[UUID, Effect]:
    """The id that a checked credential will have, and what keeps it. Raises NoSuchExchange, InvalidAnonCreds."""
    async with scope.unit() as unit:
        exchange = await unit.anoncreds.exchange(request.exchange, "holder")
    if exchange is None or exchange.state != "requested":
        raise NoSuchExchange()
    credential, known = request.credential, exchange.details
    if any(credential.get(name) != known[name] for name in ("cred_def_id", "schema_id")):
        raise InvalidAnonCreds("the credential is of another definition than was asked for")
    definition = await find(scope, "definition", known["cred_def_id"])
    registry = await _registry_of(scope, credential, definition, known["cred_def_id"])
    step = format_of(scope).receive(
        credential, parse_b64url(known["secret"]), await _link_secret(scope), definition, registry
    )
    kept: bytes = await gather.finished(scope, step)
    held = uuid7(scope.now(), scope.entropy(10))
    received = replace(exchange, state="received", details={})

    async def keep(unit: Any) -> None:
        await unit.anoncreds.settle(received, "requested")
        await unit.anoncreds.keep(held, "credential", kept)
        unit.record(AuditEvent("anoncreds.received", "anoncreds_holding", held, "create"))

    return held, keep


async def _registry_of(
    scope: Scope, credential: Mapping[str, Any], definition: Mapping[str, Any], definition_id: str
) -> Mapping[str, Any] | None:
    named = credential.get("rev_reg_id")
    if named is None:
        return None
    if not isinstance(named, str) or not anoncreds.revocable(definition):
        raise InvalidAnonCreds("rev_reg_id")
    registry = await find(scope, "registry", named)
    if registry["credDefId"] != definition_id:
        raise InvalidAnonCreds("the registry is of another definition")
    return registry


async def list_anoncreds(scope: Scope, _request: None) -> Sequence[HeldAnonCreds]:
    """What the tenant holds."""
    async with scope.unit() as unit:
        found = await unit.anoncreds.held()
    return [_held(held, parse_json_object(content)) for held, content in found]


def _held(held: UUID, credential: Mapping[str, Any]) -> HeldAnonCreds:
    values = {name: one["raw"] for name, one in credential["values"].items()}
    return HeldAnonCreds(held, credential["schema_id"], credential["cred_def_id"], credential.get("rev_reg_id"), values)


async def present_anoncreds(scope: Scope, request: PresentAnonCreds) -> Mapping[str, Any]:
    """Show what was asked, of the credentials that were chosen.

    Raises InvalidAnonCreds for a request, NotProved when a credential does not fit it or was revoked.
    """
    wanted = anoncreds.parse_presentation_request(dict(request.request))
    attributes, predicates = wanted.get("requested_attributes", {}), wanted.get("requested_predicates", {})
    if request.chosen.keys() != {*attributes, *predicates}:
        raise NotProved("a credential for each referent, and no other")
    async with scope.unit() as unit:
        held = dict(await unit.anoncreds.held())
    if not held.keys() >= set(request.chosen.values()):
        raise NotProved("no such credential is held")
    chosen = []
    for one in sorted(set(request.chosen.values())):
        referents = {name for name, which in request.chosen.items() if which == one}
        answers = Chosen(
            held[one],
            dict.fromkeys(sorted(referents & attributes.keys()), True),
            tuple(sorted(referents & predicates.keys())),
        )
        chosen.append(await _proving(scope, answers, wanted, referents))
    credentials = [parse_json_object(one.credential) for one in chosen]
    schemas = {one["schema_id"]: await find(scope, "schema", one["schema_id"]) for one in credentials}
    definitions = {one["cred_def_id"]: await find(scope, "definition", one["cred_def_id"]) for one in credentials}
    objects = RegistryObjects(schemas, definitions)
    step = format_of(scope).present(wanted, chosen, await _link_secret(scope), objects)
    presentation: Mapping[str, Any] = await gather.finished(scope, step)
    return presentation


async def _proving(scope: Scope, answers: Chosen, wanted: Mapping[str, Any], referents: set[str]) -> Chosen:
    """With what proves that the credential is not revoked, where one of its referents asks that."""
    credential, asked = parse_json_object(answers.credential), anoncreds.intervals(wanted)
    ends = [interval.end for name in referents if (interval := asked[name]) is not None]
    named = credential.get("rev_reg_id")
    if not ends or not isinstance(named, str):
        return answers
    registry = await find(scope, "registry", named)
    at = min(*ends, int(scope.now().timestamp()))
    status_list = await list_at(scope, named, at)
    index = _index(credential)
    if index is None or index >= len(status_list["revocationList"]) or status_list["revocationList"][index]:
        raise NotProved("the credential is revoked")
    file = await tails(scope, named, registry)
    return replace(answers, index=index, registry=registry, status_list=status_list, tails=file)


def _index(credential: Mapping[str, Any]) -> int | None:
    signature = credential.get("signature", {}).get("r_credential")
    found = signature.get("i") if isinstance(signature, dict) else None
    return found if type(found) is int else None
