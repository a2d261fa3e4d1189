"""Every check passes on the correct implementation, and fails on the one that has its bug."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp.test_utils import RawTestServer
from aiohttp.web_request import BaseRequest

from agent.compose.house import House
from agent.compose.server import handler
from agent.config import Config
from agent.operations.administering.create_tenant import create_tenant
from agent.scope.administering import CreateTenant
from agent.tenancy import WORKER
from conformance import plan as plans
from conformance import runner, target
from conformance.registry import CHECKS, load_checks
from conformance.session import Session
from protocols.x509 import render_pem
from tests.conformance.verifiers import Verifying, Watching
from tests.databases import Database
from tests.faults.agents import PLANS as AGENT_PLANS
from tests.faults.front import Front
from tests.faults.issuer import ISSUER
from tests.faults.planted import ISSUING
from tests.faults.reasons import REASONS
from tests.faults.verifier import VERIFIER
from tests.faults.verifying import VERIFYING
from tests.faults.weaknesses import PLANTED, WEAKNESSES, weakened
from tests.houses import PERSON, free_port

load_checks()
BUGS = {**ISSUER, **VERIFIER, **VERIFYING}
ALL = {name: plans.load(name) for name in plans.names()}
PLANS = {
    name: replace(one, requirements=tuple(r for r in one.requirements if r.id not in ISSUING))
    for name, one in ALL.items()
    if name != "openid4vci-issuer-haip" and not name.startswith("didcomm-")
}
"""Without the checks whose bugs are in ISSUING: those have a test module of their own."""
REQUIREMENTS = {one.id: one for plan in PLANS.values() for one in plan.requirements}
OTHER_PREFIX = {"request-x509-san-dns"}
"""Checks that need another client identifier prefix than the server's default."""
SKIPPED = {"request-x509-san-dns": "the client identifier prefix is not x509_san_dns"}
"""What says nothing of the correct implementation, and why."""


@dataclass(frozen=True, slots=True)
class Faulty:
    """The faulty implementation, and a target for each client identifier prefix that it asks under."""

    house: House
    verifying: Verifying
    front: Front
    made: dict[str, target.Target] = field(default_factory=dict)

    async def planted(self, check: str | None, prefix: str = "x509_hash") -> target.Target:
        """A target that has this check's bug, and none after it."""
        self.front.planted = None
        if prefix not in self.made:
            self.made[prefix] = await self._make(f"tenant-{prefix.replace('_', '-')}", prefix)
        self.front.planted = check
        return self.made[prefix]

    async def _anchor(self, tenant: str) -> str:
        """The tenant's certificate authority, in a file."""
        scope = await self.house.scope_of(tenant, WORKER)
        file = self.house.config.home / f"{tenant}.pem"
        file.write_text(render_pem(scope.catalogue.key("ca").x5c[0]))
        return str(file)

    async def _make(self, tenant: str, prefix: str) -> target.Target:
        """A tenant, and how the suite reaches it."""
        made = await create_tenant(await self.house.control(), CreateTenant(tenant, tenant.title()))
        await self.verifying.trusted(self.house, tenant)
        base, headers = f"{self.house.origin}/api/v1", {"Authorization": f"Bearer {made.api_key}"}
        offers: dict[str, Any] = {
            "offer": {},
            "offer_by_value": {"by_value": True},
            "offer_with_tx_code": {"tx_code": True},
        }
        body = {"credential_configuration_ids": ["pid"], "claims": PERSON}
        called = {"headers": headers, "method": "POST"}
        return target.parse(
            {
                "name": tenant,
                "issuer": {
                    "url": made.credential_issuer,
                    "configuration": "pid",
                    **{
                        name: {
                            **called,
                            "url": f"{base}/credential-offers",
                            "body": {**body, **more},
                            "uri": "credential_offer_uri",
                            **({"tx_code": "tx_code"} if "tx_code" in more else {}),
                        }
                        for name, more in offers.items()
                    },
                },
                **self.verifying.tables(base, headers, prefix),
                "trust": {"pem": await self._anchor(tenant)},
            }
        )


@asynccontextmanager
async def served(house: House) -> AsyncIterator[Front]:
    """The real server, its steps weakened for some, behind the front."""
    handle = handler(house)

    async def inside(request: BaseRequest) -> Any:
        token = PLANTED.set(front.planted if "/t/" in request.raw_path else None)
        try:
            return await handle(request)
        finally:
            PLANTED.reset(token)

    real = RawTestServer(inside)
    await real.start_server()
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        front = Front(str(real.make_url("")).rstrip("/"), session, BUGS)
        outside = RawTestServer(front, port=house.config.port)
        await outside.start_server()
        try:
            yield front
        finally:
            await outside.close()
            await real.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def faulty(shared_database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Faulty]:
    port = free_port()
    verifying = Verifying.made(tmp_path_factory.mktemp("authority"), free_port())
    config = Config(
        home=tmp_path_factory.mktemp("faulty"),
        port=port,
        database_url=shared_database.dsn("app"),
        fetch_allow=f"localhost:{port},localhost:{verifying.port}",
    )
    with weakened():
        async with House(config, shared_database.addresses) as house:
            await house.found_system()
            async with served(house) as front:
                yield Faulty(house, verifying, front)


async def examine(aim: target.Target, plan: plans.Plan, told: dict[str, list[str]]) -> list[runner.Finding]:
    """Every finding; `told` is filled with what the operator learned of the last answer in each check."""
    async with Watching() as http:
        session = Session(aim, http, response_mode=plan.response_mode, variants=plan.variants)
        findings = []
        for requirement in plan.requirements:
            http.told.clear()
            findings.append(await runner.examine(requirement, session))
            told[requirement.id] = list(http.told)
        return findings


def others(findings: list[runner.Finding]) -> dict[str, tuple[str, str]]:
    """What did not pass."""
    return {one.requirement.id: (one.outcome, one.seen) for one in findings if one.outcome != "passed"}


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("plan", PLANS)
async def test_every_check_passes_on_the_correct_implementation(faulty: Faulty, plan: str) -> None:
    """And what has to be refused is refused for the reason that the check is about, as the operator is told."""
    aim, told = await faulty.planted(None), dict[str, list[str]]()
    expected = {check: ("skipped", why) for check, why in SKIPPED.items() if check in ids(plan)}
    assert others(await examine(aim, PLANS[plan], told)) == expected
    because = {check: reason for check, reason in REASONS.items() if check in told}
    assert {check: told[check] for check in because} == {check: [reason] for check, reason in because.items()}


async def test_another_client_identifier_prefix_is_as_good(faulty: Faulty) -> None:
    aim = await faulty.planted(None, "x509_san_dns")
    plan = PLANS["openid4vp-verifier"]
    chosen = [one for one in plan.requirements if one.id.startswith(("request-", "response-"))]
    skipped = {"request-x509-hash": ("skipped", "the client identifier prefix is not x509_hash")}
    assert others(await examine(aim, replace(plan, requirements=tuple(chosen)), {})) == skipped


@pytest.mark.parametrize("check", sorted(REQUIREMENTS))
async def test_a_check_fails_on_the_implementation_that_has_its_bug(faulty: Faulty, check: str) -> None:
    aim = await faulty.planted(check, "x509_san_dns" if check in OTHER_PREFIX else "x509_hash")
    holder = next(plan for name, plan in PLANS.items() if check in ids(name))
    (finding,) = await examine(aim, holder.only([check]), {})
    assert finding.outcome == runner.OUTCOMES[REQUIREMENTS[check].severity], finding
    assert finding.expected
    assert finding.seen


def ids(plan: str) -> set[str]:
    return {one.id for one in PLANS[plan].requirements}


async def test_every_check_has_its_bug_and_every_bug_its_check() -> None:
    of_agents = {one.id for name in AGENT_PLANS for one in ALL[name].requirements}
    assert sorted([*BUGS, *ISSUING, *WEAKNESSES, *of_agents]) == sorted(CHECKS)
    assert CHECKS.keys() == {one.id for plan in ALL.values() for one in plan.requirements}
