"""Statistics: what happened, counted from the audit log, by day, credential type and reason; never by person."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Any

from agent.scope.reporting import Figure, Happened

METRICS = {
    "offer.created": "offered",
    "credential.issued": "issued",
    "credential.secured": "issued",
    "anoncreds.issued": "issued",
    "issuance.deferred": "deferred",
    "credential.revoked": "revoked",
    "anoncreds.revoked": "revoked",
    "credential.suspended": "suspended",
    "credential.reinstated": "reinstated",
    "presentation.requested": "requested",
    "presentation.verified": "verified",
    "anoncreds.verified": "verified",
    "presentation.refused": "refused",
    "anoncreds.refused": "refused",
    "presentation.answer_ignored": "ignored",
}
"""Event types that are counted, and the metric of each."""
PRESENTED = "presented"
"""Credentials in verified presentations, by their type."""
EVENTS = sorted(METRICS)

Enter = Callable[[], AbstractAsyncContextManager[Any]]
"""Begins a unit as the role that may write counts."""


async def count_activity(enter: Enter) -> int:
    """Count what settled since the last time: how many events. Two at once count nothing twice."""
    async with enter() as unit:
        happened = await unit.statistics.pass_on(EVENTS)
        await unit.statistics.add(figures(happened))
        await unit.commit()
    return sum(one.amount for one in happened)


async def recount_day(enter: Enter, day: date) -> bool:
    """Count a whole day again from the log; whether the counts had been right. They are afterwards."""
    async with enter() as unit:
        counted = figures(await unit.statistics.recorded(day, EVENTS))
        right = sorted(await unit.statistics.between(day, day)) == sorted(counted)
        if not right:
            await unit.statistics.put(day, counted)
        await unit.commit()
    return right


def figures(happened: Sequence[Happened]) -> list[Figure]:
    """What events add to the counts."""
    counts: Counter[tuple[date, str, str, str]] = Counter()
    for one in happened:
        reasons = one.words.get("errors") or [one.words.get("reason", "")]
        kind, reason = _cut(one.words.get("type", ""), 1024), _cut(reasons[0], 128)
        counts[one.day, METRICS[one.event_type], kind, reason] += one.amount
        for presented in one.words.get("types", ()):
            counts[one.day, PRESENTED, _cut(presented, 1024), ""] += one.amount
    return [Figure(*key, amount) for key, amount in sorted(counts.items())]


def _cut(word: str, most: int) -> str:
    """At most so many bytes: what is longer, an issuer of another made, and it must not stop the counting."""
    return word.encode()[:most].decode(errors="ignore")
