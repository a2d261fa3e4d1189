"""The `chancery` command as an operator has it: what it prints, and the number it ends with."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.houses import PERSON, Site, free_port
from tests.openid_providers import Forger
from tests.servers import Servers
from tests.wallets import Wallet

DONE, FAILED, USAGE, UNREACHABLE, PENDING = range(5)
QUERY = {
    "credentials": [
        {
            "id": "pid",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": ["urn:eudi:pid:1"]},
            "claims": [{"path": ["given_name"]}],
        }
    ]
}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


async def chancery(*words: str, given: str = "", **settings: str) -> Ended:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHANCERY_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agent.cli", *words),
        env=kept | settings,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(given.encode())
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


@dataclass(frozen=True, slots=True)
class Desk:
    """The command beside a server, as alpha's administrator."""

    home: Path

    async def __call__(self, *words: str, given: str = "", **settings: str) -> Ended:
        return await chancery(*words, given=given, CHANCERY_HOME=str(self.home), **settings)


def beside(home: Path, url: str, administrator: str, operator: str) -> Desk:
    """What `chancery up` leaves in the state folder for the command."""
    (home / "url").write_text(url + "\n")
    for name, key in (("admin.key", administrator), ("operator.key", operator)):
        (home / name).touch(0o600)
        (home / name).write_text(key + "\n")
    return Desk(home)


@pytest.fixture
def desk(site: Site, tmp_path: Path) -> Desk:
    return beside(tmp_path, site.url, site.alpha.api_key, site.operator_key)


@pytest_asyncio.fixture
async def own_desk(servers: Servers, tmp_path: Path) -> Desk:
    """Beside a server of its own process, that can be stopped."""
    await servers.start()
    return beside(tmp_path, servers.url, servers.tenant.api_key, servers.operator_key)


async def test_the_day_of_an_issuer_and_a_verifier(desk: Desk, tmp_path: Path) -> None:
    pem = await desk("ca")
    assert pem.code == DONE
    assert pem.out.startswith("-----BEGIN CERTIFICATE-----")
    (tmp_path / "ca.pem").write_text(pem.out)
    added = await desk("trust", "add", str(tmp_path / "ca.pem"), "--name", "ours", "--json")
    assert added.code == DONE
    assert f"{added.json['id']}  issue, request, status  ours" in (await desk("trust", "list")).out

    offered = await desk(
        "offer", "pid", "--claims", "-", "--tx-code", "--subject", "erika", "--json", given=json.dumps(PERSON)
    )
    assert offered.code == DONE
    assert offered.json["tx_code"]
    async with aiohttp.ClientSession() as session:
        wallet = Wallet(session)
        issued = await wallet.obtain(offered.json["credential_offer_uri"], offered.json["tx_code"])
        assert issued.status == 200
        (tmp_path / "query.json").write_text(json.dumps(QUERY))
        asked = await desk("request", str(tmp_path / "query.json"), "--json")
        assert asked.code == DONE
        assert (await desk("result", asked.json["presentation_id"], "--json")).code == PENDING
        credential = issued.body["credentials"][0]["credential"]
        answer = await wallet.present(asked.json["authorization_request_uri"], credential, {"given_name"})
        assert answer.status == 200
        result = await desk("result", asked.json["presentation_id"], "--json")
        assert result.code == DONE
        assert result.json["state"] == "verified"

        revoked = await desk("revoke", offered.json["issuance_id"], "--json")
        assert revoked.code == DONE
        assert len(revoked.json["credentials"]) == 1
        words = ("request", str(tmp_path / "query.json"), "--response-mode", "direct_post", "--json")
        again = await desk(*words, "--wallet", "https://wallet.example/authorize")
        assert again.json["authorization_request_uri"].startswith("https://wallet.example/authorize?client_id=")
        assert (await wallet.present(again.json["authorization_request_uri"], credential, {"given_name"})).status == 400
        assert (await desk("result", again.json["presentation_id"])).code == FAILED
    assert (await desk("trust", "remove", added.json["id"])).code == DONE
    assert (await desk("trust", "remove", added.json["id"])).code == FAILED


async def test_configurations_are_made_changed_and_retired(desk: Desk, tmp_path: Path) -> None:
    body = {"credential_configuration_id": "badge", "format": "dc+sd-jwt", "type": "urn:example:badge"}
    (tmp_path / "badge.json").write_text(json.dumps(body))
    (tmp_path / "display.json").write_text(json.dumps([{"name": "Badge", "locale": "en"}]))
    assert (await desk("configuration", "create", str(tmp_path / "badge.json"))).code == DONE
    assert (await desk("configuration", "create", str(tmp_path / "badge.json"))).code == FAILED
    assert (await desk("configuration", "set", "badge", "--key-storage", "x")).code == USAGE
    display = ["--display", str(tmp_path / "display.json"), "--lifetime", "3600"]
    assert (await desk("configuration", "set", "badge", *display)).code == DONE
    assert (await desk("configuration", "set", "pid", "--attested", "--key-storage", "iso_18045_high")).code == DONE
    assert (await desk("configuration", "retire", "badge")).code == DONE
    assert "badge  dc+sd-jwt  urn:example:badge  retired" in (await desk("configuration", "list")).out
    badge, pid = (await desk("configuration", "list", "--json")).json["items"]
    assert (badge["lifetime"], badge["display"][0]["name"], badge["active"]) == (3600, "Badge", False)
    assert pid["key_attestations_required"] == {"key_storage": ["iso_18045_high"]}
    assert (await desk("configuration", "reopen", "badge")).code == DONE
    assert (await desk("configuration", "set", "pid", "--not-attested")).code == DONE
    assert (await desk("offer", "badge")).code == DONE


async def test_an_offer_is_taken_back_a_key_rotated_and_a_type_published(desk: Desk, tmp_path: Path) -> None:
    offered = await desk("offer", "pid", "--expires-in", "60", "--json")
    assert (await desk("cancel", offered.json["issuance_id"])).code == DONE
    assert (await desk("cancel", offered.json["issuance_id"])).code == FAILED
    rotated = await desk("key", "rotate", "--json")
    assert (rotated.code, rotated.json["state"]) == (DONE, "active")
    listed = (await desk("key", "list", "--json")).json["items"]
    (old,) = [one for one in listed if one["state"] == "retiring"]
    assert (await desk("key", "retire", old["id"])).code == DONE
    published = await desk("type", "publish", "pid", "pid-1", "--title", "PID", "--json")
    assert published.json["vct"].endswith("/t/alpha/types/pid-1")
    assert (await desk("type", "choose", "pid", "urn:eudi:pid:1")).code == DONE
    (tmp_path / "display.json").write_text(json.dumps([{"name": "Alpha", "locale": "en"}]))
    assert (await desk("issuer", "configure", "--display", str(tmp_path / "display.json"))).code == DONE


async def test_what_waits_is_decided_at_the_desk(desk: Desk, tmp_path: Path) -> None:
    """A policy with a fee, a table, two people: one is paid and approved, one is denied."""
    fee = {"amount": "5", "currency": "EUR"}
    (tmp_path / "policy.json").write_text(
        json.dumps({"name": "looked-at", "approval": True, "interval": 1, "fee": fee})
    )
    (tmp_path / "people.csv").write_text("subject,given_name\nerika,Erika\nmax,Max\n")
    (tmp_path / "bad.csv").write_text("subject,given_name\nerika,=1\n")
    assert (await desk("issuer", "policy", str(tmp_path / "policy.json"))).out == "version 1\n"
    source = ("--kind", "table", "--setting", "table=people", "--policy", "looked-at")
    assert (await desk("issuer", "source", "pid", *source)).code == DONE
    bad = await desk("issuer", "claims", "upload", "people", str(tmp_path / "bad.csv"))
    assert bad.code == FAILED
    assert "line 2" in bad.err
    assert (await desk("issuer", "claims", "upload", "people", str(tmp_path / "people.csv"))).out == "2 lines\n"
    async with aiohttp.ClientSession() as session:
        for name in ("erika", "max"):
            offered = await desk("offer", "pid", "--subject", name, "--json")
            assert (await Wallet(session).obtain(offered.json["credential_offer_uri"])).status == 202
    first, second = (await desk("issuer", "approvals", "list", "--json")).json["items"]
    assert first["waiting_for"] == ["payment", "approval"]
    shown = await desk("issuer", "approvals", "show", first["id"], "--json")
    assert shown.json["claims"] == {"given_name": "Erika"}
    assert (await desk("issuer", "paid", first["issuance_id"])).code == DONE
    assert (await desk("issuer", "approvals", "approve", first["id"])).code == DONE
    assert (await desk("issuer", "approvals", "approve", first["id"])).code == FAILED
    assert (await desk("issuer", "approvals", "deny", second["id"], "--reason", "not_him")).code == DONE
    listed = await desk("issuer", "approvals", "list")
    assert listed.out.split() == [first["id"], "pid", "ready"]


async def test_a_person_is_told_and_forgotten(desk: Desk) -> None:
    offered = await desk("offer", "pid", "--claims", "-", "--subject", "erika", "--json", given=json.dumps(PERSON))
    assert offered.code == DONE
    told = await desk("person", "export", "--subject", "erika")
    assert told.json["issuances"][0]["claims"] == PERSON
    asked = await desk("person", "erase", "--subject", "erika", "--json")
    assert asked.code == DONE
    done = await desk("person", "approve", asked.json["id"], "--json")
    assert (done.code, done.json["state"]) == (DONE, "completed")
    assert (await desk("person", "export", "--subject", "erika")).code == FAILED
    assert (await desk("person", "export")).code == USAGE
    assert "completed" in (await desk("person", "erasures")).out


async def test_what_the_server_refuses_is_said_and_ends_one(desk: Desk) -> None:
    for words in (
        ("offer", "no-such-configuration"),
        ("result", "00000000-0000-4000-8000-000000000000"),
        ("revoke", "00000000-0000-4000-8000-000000000000"),
    ):
        ended = await desk(*words)
        assert (ended.code, ended.out) == (FAILED, ""), words
        assert ended.err.strip(), words
        assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    "words",
    [
        ("offer",),
        ("nonsense",),
        ("offer", "pid", "--claims", "/no/such/file"),
        ("offer", "pid", "--claims", "-"),
        ("request", "-"),
        ("serve", "--workers", "0"),
    ],
)
async def test_wrong_words_end_two(words: tuple[str, ...], tmp_path: Path) -> None:
    ended = await chancery(*words, given="{no json", CHANCERY_HOME=str(tmp_path))
    assert ended.code == USAGE
    assert "Traceback" not in ended.err


async def test_no_server_ends_three(tmp_path: Path) -> None:
    missing = await chancery("ca", CHANCERY_HOME=str(tmp_path))
    assert missing.code == UNREACHABLE
    assert "chancery up" in missing.err
    nobody = f"http://127.0.0.1:{free_port()}"
    ended = await chancery("ca", CHANCERY_HOME=str(tmp_path), CHANCERY_URL=nobody, CHANCERY_API_KEY="x")
    assert ended.code == UNREACHABLE
    assert "Traceback" not in ended.err


async def test_a_typo_in_a_setting_is_no_default(tmp_path: Path) -> None:
    ended = await chancery("serve", CHANCERY_HOME=str(tmp_path), CHANCERY_PROT="1")
    assert ended.code == FAILED
    assert "CHANCERY_PROT" in ended.err
    assert "Traceback" not in ended.err


async def test_tenants_are_the_operators(desk: Desk, site: Site) -> None:
    made = await desk("tenant", "create", "gamma", "--display-name", "Gamma", "--json")
    assert made.code == DONE
    assert made.json["api_key"].startswith("chy_gamma_")
    listed = await desk("tenant", "list", "--json")
    assert {one["name"] for one in listed.json["items"]} >= {"alpha", "beta", "gamma"}
    refused = await desk("tenant", "list", CHANCERY_API_KEY=site.alpha.api_key)
    assert refused.code == FAILED
    assert "gamma" not in refused.out
    assert (await desk("tenant", "create", "gamma")).code == FAILED


async def test_plugins_say_where_they_come_from(desk: Desk) -> None:
    ended = await desk("plugins", "--json")
    found = {(one["family"], one["name"]): one for one in ended.json["items"]}
    assert found["credential_formats", "dc+sd-jwt"]["enabled"] is True
    assert found["key_stores", "pkcs11"]["distribution"] == "chancery"
    assert "on  credential_formats/dc+sd-jwt (chancery)" in (await desk("plugins")).out


async def test_an_export_is_proved_without_the_server(own_desk: Desk, servers: Servers, tmp_path: Path) -> None:
    assert (await own_desk("offer", "pid", "--json")).code == DONE
    here = await own_desk("audit", "verify", "--json")
    assert here.code == DONE
    assert here.json["valid"]
    assert here.json["key_trusted"]
    export = await own_desk("audit", "export")
    (tmp_path / "audit.jsonl").write_text(export.out)
    (tmp_path / "ca.pem").write_text((await own_desk("ca")).out)
    await servers.kill()
    file, ca = str(tmp_path / "audit.jsonl"), str(tmp_path / "ca.pem")
    elsewhere = {"CHANCERY_HOME": str(tmp_path / "elsewhere")}
    proved = await chancery("audit", "verify", file, "--key", ca, "--json", **elsewhere)
    assert proved.code == DONE
    assert proved.json["valid"]
    assert proved.json["rows"] + proved.json["unsealed"] > 0
    believed = await chancery("audit", "verify", file, **elsewhere)
    assert believed.code == DONE
    assert "believed" in believed.out
    (tmp_path / "noise").write_text("nothing\n")
    assert (await chancery("audit", "verify", str(tmp_path / "noise"), **elsewhere)).code == FAILED


async def test_the_doctor_names_the_fault_and_the_fix(own_desk: Desk, servers: Servers, tmp_path: Path) -> None:
    database = {
        "CHANCERY_DATABASE_URL": servers.database.dsn("app"),
        "CHANCERY_DATABASE_OWNER_URL": servers.database.dsn("owner"),
    }
    well = await own_desk("doctor", "--json", **database)
    assert well.code == DONE, well.out
    (tmp_path / "admin.key").chmod(0o644)
    open_key = await own_desk("doctor", **database)
    assert open_key.code == FAILED
    assert "chmod 600" in open_key.out
    (tmp_path / "admin.key").chmod(0o600)
    await servers.stop()
    down = await own_desk("doctor", "--json", **database)
    wrong = [one for one in down.json["findings"] if not one["well"]]
    assert down.code == FAILED
    assert [one["what"] for one in wrong] == ["server"]
    assert "chancery up" in wrong[0]["fix"]


def test_every_verb_has_help() -> None:
    from click.testing import CliRunner

    from agent.cli.main import main

    listed = CliRunner().invoke(main, ["--help"])
    assert listed.exit_code == DONE
    context = main.make_context("chancery", ["--help"], resilient_parsing=True)
    for verb in main.list_commands(context):
        shown = CliRunner().invoke(main, [verb, "--help"])
        assert shown.exit_code == DONE, verb
        assert len(shown.output.splitlines()) > 4, verb


def test_version_is_the_distributions() -> None:
    from importlib.metadata import version

    from click.testing import CliRunner

    from agent.cli.main import main

    assert version("chancery") in CliRunner().invoke(main, ["--version"]).output


@pytest.mark.parametrize("settings", [{"fetch_allow": "localhost"}])
async def test_a_tenant_brings_its_identity_provider_and_stops_an_account(desk: Desk) -> None:
    provider = ("issuer", "identity-provider")
    async with Forger() as forger:
        planned = await desk(*provider, "redirect-uri", forger.issuer)
        words = (
            "add",
            forger.issuer,
            "--client-id",
            "chancery",
            "--name",
            "The Office",
            "--secret-file",
            "-",
            "--json",
        )
        added = await desk(*provider, *words, given="a secret of ours\n")
        assert added.code == DONE, added.err
        assert added.json["redirect_uri"] == planned.out.strip()
        assert added.json["scope"] == "openid profile"
        twice = await desk(*provider, *words, given="a secret of ours\n")
        assert (twice.code, twice.out) == (FAILED, "")
    listed = await desk(*provider, "list")
    assert listed.out.split() == [added.json["id"], added.json["issuer"]]
    assert (await desk(*provider, "remove", added.json["id"])).code == DONE
    assert (await desk(*provider, "remove", added.json["id"])).code == FAILED
    user = (await desk("user", "create", "erika@example.org", "--json")).json["id"]
    assert "/passkeys?code=" in (await desk("user", "passkey-link", user)).out
    assert (await desk("user", "sign-out", user)).code == DONE
    assert (await desk("user", "set", user, "suspended")).code == DONE
    assert f"{user}  suspended  erika@example.org" in (await desk("user", "list")).out
    assert (await desk("user", "passkey-link", user)).code == FAILED


@pytest.mark.parametrize("settings", [{"client_certificate_header": "Client-Cert"}])
async def test_a_client_is_registered_by_what_its_certificate_names(desk: Desk) -> None:
    words = ("client", "create", "portal", "--method", "tls_client_auth")
    assert (await desk(*words)).code == FAILED
    made = await desk(*words, "--subject-dn", "CN=portal,O=Example", "--redirect-uri", "https://portal.example/cb")
    assert made.code == DONE, made.err
    assert (await desk(*words[:2], "other", *words[3:], "--san-dns", "portal.example")).code == DONE


@pytest.mark.parametrize("settings", [{"plugin_settings": (("WEBVH_PLAIN_HTTP", "localhost"),)}])
async def test_a_did_is_made_changed_and_ended(desk: Desk) -> None:
    service = '{"id": "#shop", "type": "LinkedDomains", "serviceEndpoint": "https://shop.example"}'
    made = await desk("did", "create", "main", "--portable", "--web", "--service", service, "--json")
    assert made.code == DONE, made.err
    did = made.json["did"]
    assert did in (await desk("did", "list")).out
    rotated = await desk("did", "rotate", "main", "--json")
    assert rotated.json["version_id"].startswith("2-")
    updated = await desk("did", "update", did, "--also-known-as", "https://alpha.example")
    assert (updated.code, "version 3-" in updated.out) == (DONE, True)
    resolved = await desk("did", "resolve", did, "--json")
    assert resolved.code == DONE, resolved.err
    assert resolved.json["didDocument"]["alsoKnownAs"] == ["https://alpha.example"]
    assert (await desk("did", "witness")).out.startswith("did:key:z6Mk")
    ended = await desk("did", "deactivate", "main", "--yes", "--json")
    assert ended.json["version_id"].startswith("4-")
    assert (await desk("did", "rotate", "nothing")).code == USAGE
    assert (await desk("did", "create", "other", "--service", "{")).code == USAGE
    refused = await desk("did", "resolve", "did:web:127.0.0.1")
    assert (refused.code, refused.err.strip()) == (FAILED, "INVALID_DID: The DID is not of its method's form.")
