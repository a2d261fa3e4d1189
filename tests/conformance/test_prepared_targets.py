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


def prepared(name: str, servers: Servers) -> target.Target:
    """The target that comes with the suite, at this server; the tenant of the test stands for the demo tenant."""
    text = (TARGETS / name).read_text(encoding="utf-8").replace("http://localhost:8000", servers.url)
    document: dict[str, Any] = tomllib.loads(text.replace("/t/demo", f"/t/{servers.tenant.name}"))
    return target.parse(document, Path())


async def outcomes(plan: str, aim: target.Target, *checks: str) -> dict[str, tuple[str, str]]:
    async with Http() as http:
        findings = await runner.run(plans.load(plan).only(list(checks)), Session(aim, http))
    return {one.requirement.id: (one.outcome, one.seen) for one in findings}


async def test_the_script_makes_what_the_targets_name(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_checks()
    await servers.start()
    (tmp_path / "url").write_text(servers.url)
    for name, key in (("admin.key", servers.tenant.api_key), ("operator.key", servers.operator_key)):
        (tmp_path / name).write_text(key)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHANCERY_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    script = await asyncio.create_subprocess_exec("sh", str(TARGETS / "chancery.sh"))
    assert await script.wait() == 0
    assert set(
        (await outcomes("openid4vci-issuer-haip", prepared("chancery-haip.toml", servers), *BY_HAIP)).values()
    ) == {("passed", "")}
    keyed = await outcomes("openid4vci-issuer", prepared("chancery.toml", servers), "assertion-missing")
    assert set(keyed.values()) == {("passed", "")}
