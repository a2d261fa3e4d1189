"""What retention demands now: pure decisions, so that a dry run and a run cannot differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.scope import Scope
from agent.scope.archiving import MONTHLY, TIERS, RetentionPolicy, Segment, end_of
from protocols.errors import ProtocolError


class InvalidPolicy(ProtocolError):
    """No such table, or ages that contradict each other."""

    code = "invalid_input"
    status = 422


@dataclass(frozen=True, slots=True)
class Move:
    """A segment goes to another tier."""

    segment: Segment
    tier: str


@dataclass(frozen=True, slots=True)
class Erase:
    """A segment goes for good."""

    segment: Segment


Action = Move | Erase


def leaves_at(month: date, policies: Sequence[RetentionPolicy]) -> datetime:
    """When a month may leave its table: the tenants share it, so the most patient of them decides."""
    return end_of(month) + max((one.warm_after for one in policies), default=RetentionPolicy("").warm_after)


def due(policies: Mapping[str, RetentionPolicy], segments: Sequence[Segment], now: datetime) -> list[Action]:
    """What is to be done with segments now, in the order of the segments."""
    found: list[Action] = []
    for segment in segments:
        if segment.erased_at is not None:
            continue
        policy = policies.get(segment.table, RetentionPolicy(segment.table))
        age = now - end_of(segment.month)
        if policy.erase_mode == "after" and policy.erase_after is not None and age >= policy.erase_after:
            if not policy.legal_hold:
                found.append(Erase(segment))
            continue
        tier = "cold" if age >= policy.cold_after else "cool" if age >= policy.cool_after else "warm"
        if TIERS.index(tier) > TIERS.index(segment.tier):
            found.append(Move(segment, tier))
    return found


@dataclass(frozen=True, slots=True)
class Plan:
    """What retention will do to one tenant: months that leave at a time, what becomes of segments now, and how many
    Status List Tokens go, of whose time no report is left."""

    leaving: Sequence[tuple[str, date, datetime]]
    actions: Sequence[Action]
    status_tokens: int


async def show_plan(scope: Scope, _request: None) -> Plan:
    """The dry run: what the next run does, by the same decisions."""
    async with scope.unit() as unit:
        policies: Mapping[str, RetentionPolicy] = await unit.archive.policies()
        segments: Sequence[Segment] = await unit.archive.segments()
        months: Mapping[str, Sequence[date]] = await unit.archive.months()
        tokens: int = await unit.status_evidence.needless()
    leaving = [
        (table, month, leaves_at(month, [policies.get(table, RetentionPolicy(table))]))
        for table, found in months.items()
        for month in found
    ]
    return Plan(leaving, due(policies, segments, scope.now()), tokens)


async def list_policies(scope: Scope, _request: None) -> Sequence[RetentionPolicy]:
    """The policy of every monthly table, and of every other one that has any."""
    async with scope.unit() as unit:
        named: Mapping[str, RetentionPolicy] = await unit.archive.policies()
    return [named.get(table, RetentionPolicy(table)) for table in sorted({*MONTHLY, *named})]


async def set_policy(scope: Scope, policy: RetentionPolicy) -> None:
    """From now on. Raises InvalidPolicy."""
    if not policy.warm_after <= policy.cool_after <= policy.cold_after:
        raise InvalidPolicy("warm_after <= cool_after <= cold_after")
    if (policy.erase_mode == "after") != (policy.erase_after is not None):
        raise InvalidPolicy("erase_after goes with erase_mode after")
    if policy.erase_after is not None and policy.erase_after < policy.cold_after:
        raise InvalidPolicy("cold_after <= erase_after")
    metadata: dict[str, Any] = {"table": policy.table, "hold": policy.legal_hold}
    async with scope.unit() as unit:
        await unit.archive.put_policy(policy)
        unit.record(AuditEvent("retention.set", "retention_policy", None, "update", None, metadata))
        await unit.commit()


async def list_segments(scope: Scope, _request: None) -> Sequence[Segment]:
    """What lies in the archive."""
    async with scope.unit() as unit:
        found: Sequence[Segment] = await unit.archive.segments()
    return found


def month_of(text: str) -> date:
    """YYYY-MM. Raises InvalidPolicy."""
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        raise InvalidPolicy("a month is YYYY-MM") from None


def days(count: int) -> timedelta:
    """An age in days."""
    return timedelta(days=count)


def archived(segment: UUID, table: str, month: date, rows: int) -> AuditEvent:
    """The record of a month that was archived."""
    metadata = {"table": table, "month": f"{month:%Y-%m}", "rows": rows}
    return AuditEvent("archive.written", "archive_segment", segment, "archive", None, metadata)
