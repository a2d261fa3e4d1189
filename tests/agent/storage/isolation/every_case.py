"""All groups in one list, and running them over a world."""

from collections.abc import Iterable

import asyncpg

from tests.agent.storage.isolation import (
    erasing,
    erasing_tenants,
    expiring,
    months,
    privileges,
    rows,
    rules_of_checking,
    rules_of_issuing,
    sessions,
    whole_catalogue,
)
from tests.agent.storage.isolation.cases import Case
from tests.agent.storage.isolation.world import World

CASES: tuple[Case, ...] = (
    *rows.CASES,
    *privileges.CASES,
    *sessions.CASES,
    *whole_catalogue.CASES,
    *rules_of_issuing.CASES,
    *rules_of_checking.CASES,
    *erasing.CASES,
    *erasing_tenants.CASES,
    *months.CASES,
    *expiring.CASES,
)


async def failures(world: World, cases: Iterable[Case] = CASES) -> dict[str, str]:
    """The cases that do not hold in a world, by name, each with what was said."""
    found = {}
    for case in cases:
        try:
            await case.check(world)
        except (AssertionError, asyncpg.PostgresError) as error:
            found[case.name] = f"{type(error).__name__}: {error}"
    return found
