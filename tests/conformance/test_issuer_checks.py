"""The checks of issuers by their plans: each passes on the correct implementation, and fails on the one with its bug."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from agent.compose.house import House
from agent.config import Config
from conformance import plan as plans
from conformance import runner, target
from conformance.http import Http
from conformance.registry import load_checks
from conformance.session import Session
from tests.conformance.issuers import Issuers, standing
from tests.databases import Database
from tests.faults.planted import ISSUING
from tests.houses import free_port

load_checks()
PLANS = {"plain": plans.load("openid4vci-issuer"), "haip": plans.load("openid4vci-issuer-haip")}
REQUIREMENTS = {one.id: one for plan in reversed(PLANS.values()) for one in plan.requirements}
KINDS = {one.id: kind for kind, plan in reversed(PLANS.items()) for one in plan.requirements}
OF_STRANGERS = ("par-client-unknown", "par-redirect-uri-unregistered", "authorize-open-redirector")

PASSED = "UPDATE deferred_issuances SET polled_at = polled_at - make_interval(secs => $1)"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def issuers(shared_database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Issuers]:
    port = free_port()
    config = Config(
        home=tmp_path_factory.mktemp("issuers"),
        port=port,
        database_url=shared_database.dsn("app"),
        fetch_allow=f"localhost:{port}",
    )
    async with House(config, shared_database.addresses) as house:
        await house.found_system()
        async with standing(house, shared_database) as found:
            yield found


class Impatient(Session):
    """A wallet that was told to wait, and for whom that time has passed already."""

    database: Database

    async def wait(self, seconds: float) -> None:
        connection = await self.database.connect_admin()
        try:
            await connection.execute(PASSED, float(seconds))
        finally:
            await connection.close()


async def examine(issuers: Issuers, aim: target.Target, *checks: str) -> dict[str, runner.Finding]:
    async with Http() as http:
        session = Impatient(aim, http)
        session.database = issuers.database
        return {one: await runner.examine(REQUIREMENTS[one], session) for one in checks}


@pytest.mark.parametrize("kind", PLANS)
async def test_every_check_passes_on_the_correct_implementation(issuers: Issuers, kind: str) -> None:
    aim = await issuers.target(kind)
    issuers.front.plant(None)
    findings = await examine(
        issuers, aim, *(one.id for one in PLANS[kind].requirements if kind != "plain" or one.id in ISSUING)
    )
    assert {
        name: (one.outcome, one.expected, one.seen) for name, one in findings.items() if one.outcome != "passed"
    } == {}


@pytest.mark.parametrize("check", sorted(ISSUING))
async def test_a_check_fails_on_the_implementation_that_has_its_bug(issuers: Issuers, check: str) -> None:
    aim = await issuers.target(KINDS[check])
    issuers.front.plant(check)
    finding = (await examine(issuers, aim, check))[check]
    assert finding.outcome == runner.OUTCOMES[REQUIREMENTS[check].severity], finding
    assert finding.expected
    assert finding.seen


async def test_clients_that_need_no_registration_are_not_held_to_one(issuers: Issuers) -> None:
    aim = await issuers.target("plain")
    issuers.front.plant(None)
    open_to_all = replace(aim, issuing=replace(aim.issuing, unregistered_clients=True))
    findings = await examine(issuers, open_to_all, *OF_STRANGERS)
    told = ("skipped", "the target file says that clients need no registration")
    assert {(one.outcome, one.seen) for one in findings.values()} == {told}
