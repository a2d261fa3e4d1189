"""Every check of an agent passes on the correct implementation, and fails on the one that has its bug."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

import pytest
import pytest_asyncio

from agent.compose.house import House
from agent.config import Config
from conformance import plan as plans
from conformance import runner
from conformance.didcomm.contact import Contact, meet
from conformance.didcomm.contact_1 import Contact1, meet_1
from conformance.http import Http
from conformance.registry import load_checks
from conformance.session import Session
from tests.conformance.agents import Agents, standing
from tests.databases import Database
from tests.faults.agents import PLANS as AGENT_PLANS
from tests.houses import free_port

load_checks()
PLANS = {name: plans.load(name) for name in AGENT_PLANS}
REQUIREMENTS = {one.id: one for plan in PLANS.values() for one in plan.requirements}

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(slots=True)
class Looking:
    """The agent, and the relationships that most checks share."""

    agents: Agents
    contact: Contact
    contact_1: Contact1

    async def session(self, http: Http) -> Session:
        """A run that knows the agent already."""
        session = Session(self.agents.target, http)
        for name, contact in (("didcomm-v2", self.contact), ("didcomm-v1", self.contact_1)):
            contact.http = http
            await session.once(name, partial(_known, contact))
        return session


async def _known(contact: Contact | Contact1) -> Contact | Contact1:
    return contact


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def looking(shared_database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Looking]:
    port = free_port()
    config = Config(
        home=tmp_path_factory.mktemp("agents"),
        port=port,
        database_url=shared_database.dsn("app"),
        fetch_allow=f"localhost:{port}",
    )
    async with House(config, shared_database.addresses) as house:
        await house.found_system()
        async with standing(house) as agents, Http() as http:
            session = Session(agents.target, http)
            yield Looking(agents, await meet(session), await meet_1(session))


async def examine(looking: Looking, *checks: str) -> dict[str, runner.Finding]:
    async with Http() as http:
        session = await looking.session(http)
        return {one: await runner.examine(REQUIREMENTS[one], session) for one in checks}


@pytest.mark.parametrize("plan", PLANS)
async def test_every_check_passes_on_the_correct_implementation(looking: Looking, plan: str) -> None:
    looking.agents.plant(None)
    findings = await examine(looking, *(one.id for one in PLANS[plan].requirements))
    assert {
        name: (one.outcome, one.expected, one.seen) for name, one in findings.items() if one.outcome != "passed"
    } == {}


@pytest.mark.parametrize("check", sorted(REQUIREMENTS))
async def test_a_check_fails_on_the_implementation_that_has_its_bug(looking: Looking, check: str) -> None:
    looking.agents.plant(check)
    finding = (await examine(looking, check))[check]
    assert finding.outcome == runner.OUTCOMES[REQUIREMENTS[check].severity], finding
    assert finding.expected
    assert finding.seen
