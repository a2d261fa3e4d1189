"""Quality of a tenant's data: rules checked each day, a notice where one holds no more, a report with its trend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent, DataAccess
from agent.operations.issuing.claims import InvalidClaims, require_fit
from agent.operations.keeping.tell_notices import QUALITY_BELOW, tell
from agent.scope import Scope
from agent.scope.quality import CLAIMS_FIT, PROFILED, Profile, Result, Rule
from agent.scope.tenants import CredentialConfiguration
from protocols.errors import ProtocolError

_TREND = 30
_NEWEST = 500
"""Of each table, so many rows are opened in one look."""


class NoSuchRule(ProtocolError):
    """There is no such rule."""

    code = "not_found"
    status = 404


@dataclass(frozen=True, slots=True)
class ChangeRule:
    """Request: which rule, and what to set of it."""

    rule: UUID
    threshold: float | None = None
    active: bool | None = None


@dataclass(frozen=True, slots=True)
class QualityReport:
    """Rules with their results, and tables as they are now."""

    rules: Sequence[Rule]
    profiles: Sequence[Profile]


async def check_quality(scope: Scope) -> int:
    """Check every active rule: how many do not hold. One that held the last time, or is new, is told when it does not.

    A rule that this version has no check for is left alone.
    """
    below = 0
    async with scope.unit() as unit:
        await unit.quality.begin()
        await unit.commit()
    async with scope.unit() as unit:
        rules: Sequence[Rule] = await unit.quality.rules(1)
    for rule in rules:
        if not rule.active:
            continue
        async with scope.unit() as unit:  # each by itself: a slow one holds no transaction of the others open
            try:
                look = _claims_fit(scope, unit) if rule.check == CLAIMS_FIT else unit.quality.look(rule)
                result: Result = await look
            except KeyError:
                continue
            await unit.quality.keep(rule, result)
            if result.share > rule.threshold:
                below += 1
                if rule.kept is not False:
                    details = {"rule": str(rule.id), "dimension": rule.dimension, "failed": result.failed}
                    details |= {"checked": result.checked}
                    unit.record(AuditEvent(QUALITY_BELOW, "quality_rule", rule.id, "warn", metadata=details))
                    tell(scope, unit, QUALITY_BELOW, details)
            await unit.commit()
    return below


async def _claims_fit(scope: Scope, unit: Any) -> Result:
    """Uploaded claims, the newest of each table, against the types that are issued from it, as they are now."""
    using: dict[str, list[CredentialConfiguration]] = {}
    for one in scope.catalogue.configurations.values():
        if one.claim_source and one.claim_source.kind == "table" and one.schema is not None:
            using.setdefault(one.claim_source.settings["table"], []).append(one)
    wrong: list[UUID] = []
    opened: list[UUID] = []
    for table, configurations in using.items():
        for key, claims in await unit.claim_records.newest(table, _NEWEST):
            opened.append(key)
            if not all(_fit(scope, one, claims) for one in configurations):
                wrong.append(key)
    if opened:
        field = ("claim_records.claims_sealed",)
        accesses = [DataAccess(key, field, "data_quality", "legal_obligation") for key in opened]
        unit.record(AuditEvent("quality.claims_checked", "quality_rule", None, "read"), *accesses)
    return Result(scope.now(), len(opened), len(wrong), [str(key) for key in wrong])


def _fit(scope: Scope, configuration: CredentialConfiguration, claims: Mapping[str, Any]) -> bool:
    try:
        require_fit(scope.catalogue, configuration.credential_configuration_id, claims)
    except InvalidClaims:
        return False
    return True


async def report_quality(scope: Scope, _request: None) -> QualityReport:
    """What is known, without looking anew; profiles are of this moment."""
    async with scope.unit() as unit:
        rules = await unit.quality.rules(_TREND)
        return QualityReport(rules, [await unit.quality.profile(table) for table in PROFILED])


async def check_now(scope: Scope, _request: None) -> QualityReport:
    """Check, then report."""
    await check_quality(scope)
    return await report_quality(scope, None)


async def change_rule(scope: Scope, request: ChangeRule) -> None:
    """Raises NoSuchRule."""
    async with scope.unit() as unit:
        if not await unit.quality.change(request.rule, request.threshold, request.active):
            raise NoSuchRule()
        unit.record(AuditEvent("quality.rule_changed", "quality_rule", request.rule, "update"))
        await unit.commit()
