"""Every check passes on the correct implementation, and fails on the one that has its bug."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
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
from conformance.http import Http
from conformance.registry import CHECKS, load_checks
from conformance.session import Session
from protocols.x509 import render_pem
from tests.databases import Database
from tests.faults.front import Front
from tests.faults.issuer import ISSUER
from tests.faults.issuing import ISSUING
from tests.faults.verifier import VERIFIER
from tests.faults.weaknesses import TENANT, WEAKNESSES, weakened
from tests.houses import PERSON, free_port

load_checks()
BUGS = {**ISSUER, **VERIFIER}
PLANS = {name: plans.load(name) for name in ("openid4vci-issuer", "openid4vp-verifier")}
ALL = {one.id: one for plan in PLANS.values() for one in plan.requirements}
REQUIREMENTS = {name: one for name, one in ALL.items() if name not in ISSUING}
"""Those in ISSUING have a test module of their own."""
OTHER_PREFIX = {"request-x509-san-dns"}
"""Checks that need another client identifier prefix than the server's default."""
QUERY = {
    "credentials": [
        {
            "id": "pid",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": ["urn:eudi:pid:1"]},
            "claims": [{"path": ["given_name"]}, {"path": ["family_name"]}],
        }
    ]
}


@dataclass(frozen=True, slots=True)
class Faulty:
    """The faulty implementation, and a target for each of its tenants."""

    house: House

    async def _anchor(self, tenant: str) -> str:
        """The tenant's certificate authority, in a file."""
        scope = await self.house.scope_of(tenant, WORKER)
        file = self.house.config.home / f"{tenant}.pem"
        file.write_text(render_pem(scope.catalogue.key("ca").x5c[0]))
        return str(file)

    async def target(self, tenant: str, prefix: str = "x509_hash") -> target.Target:
        """A tenant that is made now, and how the suite reaches it."""
        made = await create_tenant(await self.house.control(), CreateTenant(tenant, tenant.title()))
        base, headers = f"{self.house.origin}/api/v1", {"Authorization": f"Bearer {made.api_key}"}
        offers: dict[str, Any] = {
            "offer": {},
            "offer_by_value": {"by_value": True},
            "offer_with_tx_code": {"tx_code": True},
        }
        body = {"credential_configuration_ids": ["pid"], "claims": PERSON}
        asked = {"dcql_query": "{dcql_query}", "response_mode": "{response_mode}", "client_id_prefix": prefix}
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
                "verifier": {
                    "dcql_query": QUERY,
                    "request": {
                        **called,
                        "url": f"{base}/presentation-requests",
                        "body": asked,
                        "uri": "authorization_request_uri",
                        "id": "presentation_id",
                    },
                    "result": {
                        "method": "GET",
                        "headers": headers,
                        "url": f"{base}/presentation-requests/{{id}}",
                        "state": "state",
                    },
                },
                "trust": {"pem": await self._anchor(tenant)},
            }
        )


@asynccontextmanager
async def served(house: House) -> AsyncIterator[None]:
    """The real server, its steps weakened for some, behind the front."""
    handle = handler(house)

    async def inside(request: BaseRequest) -> Any:
        path = request.raw_path
        found = path.split("/t/")[1].split("/")[0].split("?")[0] if "/t/" in path else ""
        token = TENANT.set(found)
        try:
            return await handle(request)
        finally:
            TENANT.reset(token)

    real = RawTestServer(inside)
    await real.start_server()
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        front = RawTestServer(Front(str(real.make_url("")).rstrip("/"), session, BUGS), port=house.config.port)
        await front.start_server()
        try:
            yield
        finally:
            await front.close()
            await real.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def faulty(shared_database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Faulty]:
    port = free_port()
    config = Config(
        home=tmp_path_factory.mktemp("faulty"),
        port=port,
        database_url=shared_database.dsn("app"),
        fetch_allow=f"localhost:{port}",
    )
    with weakened():
        async with House(config, shared_database.addresses) as house:
            await house.found_system()
            async with served(house):
                yield Faulty(house)


async def examine(aim: target.Target, *checks: str) -> dict[str, runner.Finding]:
    async with Http() as http:
        session = Session(aim, http)
        return {one: await runner.examine(REQUIREMENTS[one], session) for one in checks}


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("prefix", ["x509_hash", "x509_san_dns"])
async def test_every_check_passes_on_the_correct_implementation(faulty: Faulty, prefix: str) -> None:
    aim = await faulty.target(f"correct-{prefix.replace('_', '-')}", prefix)
    findings = await examine(aim, *REQUIREMENTS)
    outcomes = {name: (one.outcome, one.seen) for name, one in findings.items() if one.outcome != "passed"}
    other = {"x509_hash": "request-x509-san-dns", "x509_san_dns": "request-x509-hash"}[prefix]
    assert outcomes == {other: ("skipped", f"the client identifier prefix is not {other[8:].replace('-', '_')}")}


@pytest.mark.parametrize("check", sorted(REQUIREMENTS))
async def test_a_check_fails_on_the_implementation_that_has_its_bug(faulty: Faulty, check: str) -> None:
    aim = await faulty.target(check, "x509_san_dns" if check in OTHER_PREFIX else "x509_hash")
    finding = (await examine(aim, check))[check]
    assert finding.outcome == runner.OUTCOMES[REQUIREMENTS[check].severity], finding
    assert finding.expected
    assert finding.seen


async def test_every_check_has_its_bug_and_every_bug_its_check() -> None:
    assert sorted([*BUGS, *ISSUING, *WEAKNESSES]) == sorted(CHECKS)
    assert CHECKS.keys() == ALL.keys()
