"""Every case of isolation, each against a database that two tenants share."""

import asyncio

import pytest

from tests.agent.storage.isolation.cases import Case
from tests.agent.storage.isolation.every_case import CASES
from tests.agent.storage.isolation.world import World, build
from tests.databases import Database


@pytest.fixture(scope="module")
def world(shared_database: Database) -> World:
    return asyncio.run(build(shared_database))


def test_there_are_one_hundred_and_twenty_three_cases_and_no_two_have_one_name() -> None:
    assert len(CASES) == 123
    assert len({case.name for case in CASES}) == 123


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_isolation_holds(case: Case, world: World) -> None:
    await case.check(world)
