"""GET /statistics: counts of what happened, of days, by what is asked for."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from agent.scope import Scope
from agent.scope.reporting import Figure
from protocols.errors import Malformed

LONGEST = timedelta(days=3660)
SECONDS = 60.0
"""How long an answer is kept for who asks the same."""


@dataclass(frozen=True, slots=True)
class ActivityAsked:
    """Request: days, the last one included, by default the thirty until today; a metric or all; which of day, type
    and reason stay apart."""

    since: date | None
    until: date | None
    metric: str | None
    by: frozenset[str]


async def report_activity(scope: Scope, request: ActivityAsked) -> Sequence[Figure]:
    """Counts in order; what is not asked apart is summed, its day then the first one. Raises Malformed."""
    until = request.until or scope.now().date()
    since = request.since or until - timedelta(days=29)
    if not timedelta() <= until - since <= LONGEST:
        raise Malformed("until is not before since, and at most ten years after it")
    key = f"{since}:{until}:{request.metric}:{','.join(sorted(request.by))}"

    async def read() -> Sequence[Figure]:
        async with scope.unit() as unit:
            return _summed(await unit.statistics.between(since, until), since, request)

    found: Sequence[Figure] = await scope.cache.get("statistics", key, read, SECONDS)
    return found


def _summed(found: Sequence[Figure], since: date, request: ActivityAsked) -> Sequence[Figure]:
    counts: Counter[tuple[date, str, str, str]] = Counter()
    for one in found:
        if request.metric in (None, one.metric):
            day = one.day if "day" in request.by else since
            kind = one.type if "type" in request.by else ""
            counts[day, one.metric, kind, one.reason if "reason" in request.by else ""] += one.amount
    return [Figure(*key, amount) for key, amount in sorted(counts.items())]
