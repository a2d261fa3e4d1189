"""The command: what it lists and explains, the reports it writes, and the codes it ends with."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from conformance import plan as plans
from conformance import target as targets
from conformance.registry import load_checks
from tests.houses import free_port
from tests.servers import Servers

load_checks()
TARGET = """
name = "a server of this test"

[issuer]
url = "{url}/t/alpha"
configuration = "pid"

[issuer.offer]
method = "POST"
url = "{url}/api/v1/credential-offers"
headers = {{ Authorization = "Bearer {{env:API_KEY}}" }}
body = {{ credential_configuration_ids = ["pid"] }}
uri = "credential_offer_uri"
"""
CHECKS = ("offer-issuer", "token-code-single-use", "sd-jwt-typ")


def test_the_target_of_this_server_makes_the_suite_an_issuer() -> None:
    found = targets.load("chancery")
    assert found.self_issued
    assert found.documents
    assert found.hosting
    assert found.self_issued.authority == found.documents.authority == ".conformance/authority.pem"
    assert found.hosting.port != 8000
    assert found.self_issued.vct in found.dcql_query["credentials"][0]["meta"]["vct_values"]


def conformance(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command as a user runs it, without anything of ours to import but the suite."""
    command = [sys.executable, "-m", "conformance", *words]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=variables, timeout=120)


@pytest.mark.parametrize("plan", plans.names())
def test_a_plan_is_listed(plan: str) -> None:
    listed = json.loads(conformance("list", "--plan", plan, "--json").stdout)
    assert listed["plan"] == plan
    assert [one["id"] for one in listed["checks"]] == [one.id for one in plans.load(plan).requirements]
    assert all(one["spec"] and one["section"] and one["text"] for one in listed["checks"])


def test_a_check_is_explained() -> None:
    explained = conformance("explain", "token-code-single-use")
    assert explained.returncode == 0
    assert "The same code a second time." in explained.stdout
    assert conformance("explain", "no-such-check").returncode == 2


def test_a_target_that_does_not_answer_is_no_result(tmp_path: Path) -> None:
    target = tmp_path / "target.toml"
    target.write_text(TARGET.format(url=f"http://localhost:{free_port()}"))
    ended = conformance("run", "--plan", "openid4vci-issuer", "--target", str(target), API_KEY="none")
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr


async def test_a_run_reports_to_people_and_to_machines(servers: Servers, tmp_path: Path) -> None:
    await servers.start()
    target, found, junit = (tmp_path / name for name in ("target.toml", "found.json", "junit.xml"))
    target.write_text(TARGET.format(url=servers.url))
    words = ("run", "--plan", "openid4vci-issuer", "--target", str(target), "--json", str(found), "--junit", str(junit))
    key = servers.tenant.api_key
    ended = conformance(*words, "--only", *CHECKS, API_KEY=key)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert all(check in ended.stdout for check in CHECKS)
    report = json.loads(found.read_text())
    assert {one["check"]: one["outcome"] for one in report["findings"]} == dict.fromkeys(CHECKS, "passed")
    suite = ElementTree.parse(junit).getroot()  # our own report
    assert {case.get("name") for case in suite.iter("testcase")} == set(CHECKS)
    assert key not in ended.stdout + found.read_text() + junit.read_text()
    # Without the anchor nothing can be said of the chain: that is a skip, and nothing but skips is no success.
    skipped = conformance(*words, "--only", "sd-jwt-chain", API_KEY=key)
    assert json.loads(found.read_text())["findings"][0]["outcome"] == "skipped"
    assert skipped.returncode == 1
