"""Verification policies: drafted in versions, tried against what was accepted before, put in force, never changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.verifying.policy_rules import Facts, require_policy
from agent.operations.verifying.readings import PRESENTATION, REPORT, record_reports
from agent.operations.verifying.schemas import by_policy, partial, require_schemas
from agent.scope import Scope
from agent.scope.policies import DEFAULT, PolicyRules, Remembered, VerificationPolicy
from agent.scope.verifying import OpenRequest
from agent.tenancy import uuid7
from protocols.checks import Checks
from protocols.dcql.build import MDOC, mdoc_path, path
from protocols.encoding import render_stable_json
from protocols.errors import ProtocolError


class InvalidPolicy(ProtocolError):
    """The policy cannot be what decides."""

    code = "invalid_policy"
    status = 422

    def __init__(self, member: str, why: str) -> None:
        super().__init__(f"{member}: {why}")
        self.fields = {member: [why]}


class UnknownPolicy(ProtocolError):
    """There is no verification policy of this name in force."""

    code = "unknown_policy"
    status = 422


class NoSuchPolicy(ProtocolError):
    """There is no such verification policy."""

    code = "not_found"
    status = 404


class NoDraft(ProtocolError):
    """The version is no draft."""

    code = "not_a_draft"
    status = 409


@dataclass(frozen=True, slots=True)
class DraftPolicy:
    """Request: the next version of a name; `activate` puts it in force at once."""

    name: str
    rules: PolicyRules
    activate: bool = False


@dataclass(frozen=True, slots=True)
class TryPolicy:
    """Request: what a version says of the last so many accepted answers."""

    policy: UUID
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Tried:
    """One accepted answer under another policy: `refused` is the rule that refuses it, None where none does; `lines`
    are the rules' own, by Credential Query id."""

    presentation: str
    refused: str | None
    lines: Mapping[str, Sequence[Mapping[str, Any]]]


async def draft_policy(scope: Scope, request: DraftPolicy) -> VerificationPolicy:
    """Raises InvalidPolicy, Conflict for two at once."""
    _require_rules(scope, request.rules)
    new = VerificationPolicy(uuid7(scope.now(), scope.entropy(10)), request.name, 0, "draft", request.rules)
    async with scope.unit() as unit:
        version: int = await unit.verification_policies.draft(scope.catalogue.verifier_id, new)
        new = replace(new, version=version)
        unit.record(
            AuditEvent("verification_policy.drafted", "verification_policy", new.id, "create", None, _told(new))
        )
        if request.activate:
            new = await _activate(scope, unit, new.id)
        await unit.commit()
    return new


async def activate_policy(scope: Scope, policy: UUID) -> VerificationPolicy:
    """Raises NoSuchPolicy, NoDraft."""
    async with scope.unit() as unit:
        if await unit.verification_policies.get(policy) is None:
            raise NoSuchPolicy()
        found = await _activate(scope, unit, policy)
        await unit.commit()
    return found


async def _activate(scope: Scope, unit: Any, policy: UUID) -> VerificationPolicy:
    found: VerificationPolicy | None = await unit.verification_policies.activate(scope.catalogue.verifier_id, policy)
    if found is None:
        raise NoDraft()
    unit.record(
        AuditEvent("verification_policy.activated", "verification_policy", policy, "update", None, _told(found))
    )
    unit.changes_catalogue()
    return found


def _told(policy: VerificationPolicy) -> Mapping[str, Any]:
    return {"version": policy.version}


async def list_policies(scope: Scope, _request: None) -> Sequence[VerificationPolicy]:
    """Every version of every name."""
    async with scope.unit() as unit:
        found: Sequence[VerificationPolicy] = await unit.verification_policies.all()
    return found


async def try_policy(scope: Scope, request: TryPolicy) -> Sequence[Tried]:
    """What the version says of answers that were accepted, the newest first; nothing changes. Raises NoSuchPolicy."""
    async with scope.unit() as unit:
        policy: VerificationPolicy | None = await unit.verification_policies.get(request.policy)
        if policy is None:
            raise NoSuchPolicy()
        remembered: Sequence[Remembered] = await unit.presentations.accepted(request.limit)
        told = [one.report for one in remembered]
        if record_reports(unit, "verification_policy.tested", told, (REPORT, PRESENTATION)):
            await unit.commit()
    return [_tried(policy.rules, one) for one in remembered]


def _tried(rules: PolicyRules, one: Remembered) -> Tried:
    refused, lines = None, {}
    for told, kept in zip(one.report["presentations"], one.credentials, strict=True):
        checks = Checks()
        try:
            with checks:
                facts = facts_of(told, kept["claims"], one.report["decided_at"])
                require_policy(rules, facts, checks)
                require_schemas(by_policy(facts, rules.schemas), facts, checks)
                _require_status(rules, told, checks)
        except ProtocolError as error:
            refused = refused or error.detail
        lines[told["query_id"]] = checks.render()
    return Tried(one.report["presentation_id"], refused, lines)


def _require_status(rules: PolicyRules, told: Mapping[str, Any], checks: Checks) -> None:
    """An answer whose status could not be found out was accepted by a policy that let it."""
    unknown = any(line["check"] == "status" and line["result"] == "warned" for line in told["checks"])
    checks.begin("policy_status", rules.revocation, "unavailable" if unknown else "known")
    if unknown and rules.revocation not in ("best_effort", "off"):
        raise InvalidPolicy("status", "unavailable")


def facts_of(told: Mapping[str, Any], claims: Mapping[str, Any], at: str) -> Facts:
    """The facts of a presentation as its report tells them."""
    key, issued, expires = told["issuer_key"] or {}, told["issued_at"], told["expires_at"]
    return Facts(
        format=told["format"],
        types=tuple(told["types"]),
        algorithm=key.get("algorithm"),
        claims=claims,
        issued_at=datetime.fromisoformat(issued) if issued else None,
        anchor=(key.get("anchor") or {}).get("identifier"),
        at=datetime.fromisoformat(at),
        expires_at=datetime.fromisoformat(expires) if expires else None,
        has_status=not any(line["check"] == "status" and line.get("seen") == "none" for line in told["checks"]),
    )


def chosen(scope: Scope, name: str | None) -> VerificationPolicy | None:
    """The policy in force that a request goes by. Raises UnknownPolicy for a name that is not."""
    found = scope.catalogue.verification_policies.get(name or DEFAULT)
    if found is None and name is not None:
        raise UnknownPolicy(name)
    return found


async def policy_of(scope: Scope, request: OpenRequest) -> VerificationPolicy | None:
    """The version that a request was made under, in force still or not."""
    if request.policy_id is None:
        return None
    for one in scope.catalogue.verification_policies.values():
        if one.id == request.policy_id:
            return one
    async with scope.unit() as unit:
        found: VerificationPolicy | None = await unit.verification_policies.get(request.policy_id)
    if found is None:
        raise NoSuchPolicy()  # a policy that cannot be read decides nothing
    return found


def _require_rules(scope: Scope, rules: PolicyRules) -> None:
    unknown = set(rules.formats) - scope.plugins["credential_formats"].keys()
    if unknown:
        raise InvalidPolicy("formats", "not known here")
    known = {one.identifier for one in scope.catalogue.anchors}
    if not known.issuperset(rules.trust_list):
        raise InvalidPolicy("trust_list", "not an identifier of one of the tenant's trust anchors")
    for name, schema in rules.schemas.items():
        try:
            partial(render_stable_json(schema))
        except ValueError:
            raise InvalidPolicy("schemas", f"not a JSON Schema that stands alone: {name}") from None
    if rules.short_lived_hours is not None and rules.revocation != "mandatory":
        raise InvalidPolicy("short_lived_hours", "goes with a mandatory status")
    for words in rules.claims:
        try:
            mdoc_path(words) if MDOC in rules.formats and "/" in words else path(words)
        except ProtocolError:
            raise InvalidPolicy("claims", "not a path") from None
