"""The targets of a `chancery up`, prepared as docs/conformance.md says: what they name is there, and works."""

import asyncio
import os
import sys
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from conformance import plan as plans
from conformance import runner, target
from conformance.http import Http
from conformance.registry import load_checks
from conformance.session import Session
from tests.houses import free_port
from tests.servers import Servers

TARGETS = resources.files("conformance") / "targets"
BY_HAIP = (
    "haip-scope-request",
    "haip-redirect-uri-query",
    "attestation-accepted",
    "deferred-issued",
    "issued-mdoc-chain",
    "fapi-refresh-again",
)
VERIFYING = (
    "post-wallet-nonce",
    "status-list-good",
    "mdoc-accepted-encrypted",
    "transaction-data-accepted",
    "return-code-redeemed",
    "digital-accepted-encrypted",
    "digital-unsigned-accepted",
)
PLANS = {"openid4vp-verifier": "demo", "openid4vp-verifier-haip": "haip", "openid4vci-issuer-haip": "haip"}
"""Not `openid4vci-issuer`: what it signs in with is the demo tenant's of a `chancery up`."""
BY_PREFIX = ("prefix-attestation-answered", "prefix-redirect-uri-answered", "prefix-by-value", "digital-multisigned")


def prepared(name: str, servers: Servers, hosting: int) -> target.Target:
    """The target that comes with the suite, at this server; the tenant of the test stands for the demo tenant."""
    text = (TARGETS / name).read_text(encoding="utf-8").replace("http://localhost:8000", servers.url)
    text = text.replace(":8099", f":{hosting}")
    document: dict[str, Any] = tomllib.loads(text.replace("/t/demo", f"/t/{servers.tenant.name}"))
    return target.parse(document, Path())


async def outcomes(name: str, aim: target.Target, *checks: str) -> dict[str, tuple[str, str]]:
    """(outcome, what was seen) of these checks of the plan, or of all."""
    plan = plans.load(name)
    async with Http() as http:
        session = Session(aim, http, response_mode=plan.response_mode, variants=plan.variants)
        findings = await runner.run(plan.only(list(checks) or None), session)
    return {one.requirement.id: (one.outcome, one.seen) for one in findings}


async def prepare(servers: Servers, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, target.Target]:
    """The server started and the script run; the targets by the tenants' names."""
    load_checks()
    hosting = free_port()
    servers.settings["CHANCERY_FETCH_ALLOW"] = f"localhost:{servers.port},localhost:{hosting}"
    await servers.start()
    (folder / "url").write_text(servers.url)
    for name, key in (("admin.key", servers.tenant.api_key), ("operator.key", servers.operator_key)):
        (folder / name).write_text(key)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("CHANCERY_HOME", str(folder))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    script = await asyncio.create_subprocess_exec("sh", str(TARGETS / "chancery.sh"))
    assert await script.wait() == 0
    files = {"demo": "chancery.toml", "haip": "chancery-haip.toml"}
    return {name: prepared(file, servers, hosting) for name, file in files.items()}


async def test_the_script_makes_what_the_targets_name(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = await prepare(servers, tmp_path, monkeypatch)
    for plan, tenant, checks in (
        ("openid4vci-issuer-haip", "haip", BY_HAIP),
        ("openid4vci-issuer", "demo", ("assertion-missing",)),
        ("openid4vp-verifier-haip", "haip", (*VERIFYING, "haip-redirect-uri")),
        ("openid4vp-verifier", "demo", (*VERIFYING, *BY_PREFIX)),
    ):
        assert await outcomes(plan, targets[tenant], *checks) == dict.fromkeys(checks, ("passed", ""))


@pytest.mark.nightly
async def test_the_plans_pass_at_the_targets_whole(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As docs/conformance.md tells; what is skipped does not apply."""
    targets = await prepare(servers, tmp_path, monkeypatch)
    for plan, tenant in PLANS.items():
        found = await outcomes(plan, targets[tenant])
        others = {name: one for name, one in found.items() if one[0] != "passed"}
        assert others.keys() <= {"request-x509-san-dns"}, (plan, others)
