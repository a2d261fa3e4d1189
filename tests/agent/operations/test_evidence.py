"""Evidence: exported by the server, checked by one command that asks nobody."""

import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import RawTestServer
from click.testing import CliRunner, Result

from agent.cli.main import main
from agent.cli.proving import _plugins
from agent.operations.verifying.evidence import Finding, check_evidence
from protocols.jose import jws, jwt
from tests.agent.operations import test_jwt_vc_json, test_ldp_vc
from tests.agent.operations.mobile_wallet import present, transcript_of
from tests.agent.operations.test_mobile_documents import ask as ask_for_a_licence
from tests.agent.operations.test_mobile_documents import issue, motor
from tests.elsewhere import Elsewhere
from tests.houses import CreatedTenant, Site, free_port
from tests.verifying import NAMES, ask, obtain
from tests.wallets import Wallet, b64, claims_of, header_of, unb64

__all__ = ["motor"]

PORT = free_port()
LIST = f"http://localhost:{PORT}/lists/1"


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"fetch_allow": f"localhost:{PORT}"}


@pytest.fixture
def wallet(site: Site) -> Wallet:
    return Wallet(site.session)


async def export(site: Site, presentation: str, key: str | None = None) -> str:
    status, package = await site.api("GET", f"/verification-reports/{presentation}/evidence", key=key)
    assert status == 200, package
    return str(package)


async def presented(site: Site, wallet: Wallet, credential: str, **changes: Any) -> str:
    """The presentation's id; what the wallet was answered is in the report."""
    made = await ask(site)
    request = await wallet.request(made["authorization_request_uri"])
    await wallet.respond(request, {"pid": [wallet.presentation(credential, request, NAMES, **changes)]})
    return str(made["presentation_id"])


async def again(site: Site, package: str, change: Callable[[dict[str, Any]], None]) -> Finding:
    """The package, changed and signed by the tenant after all: what a tenant that lies could hand out."""
    claims = claims_of(package)
    change(claims)
    key = (await site.scope()).catalogue.key("audit")
    prepared = jwt.render(header_of(package), claims)
    scope = await site.scope()
    return await check_evidence(jws.seal(prepared, await scope.keys.sign(key.handle, prepared)), _plugins())


def results(finding: Finding, *wanted: str) -> list[str]:
    lines = [line for _, one in finding.presentations for line in one.lines]
    return [line.check for line in [*finding.checks.lines, *lines] if line.result in wanted]


async def test_a_list_of_ours_is_in_the_package_as_anothers_is(site: Site, wallet: Wallet) -> None:
    package = await export(site, await presented(site, wallet, await obtain(site, wallet)))
    (token,) = claims_of(package)["status_tokens"]
    (one,) = claims_of(package)["report"]["presentations"]
    assert (token["sha256"], token["list"]) == (one["status"]["token_sha256"], one["status"]["list"])
    finding = await check_evidence(package, _plugins())
    assert finding.holds
    assert results(finding, "warned", "failed", "not_made") == ["certificates"]

    def other_token(claims: dict[str, Any]) -> None:
        octets = bytearray(unb64(claims["status_tokens"][0]["token"]))
        octets[-1] ^= 1
        claims["status_tokens"][0]["token"] = b64(bytes(octets))

    def other_place(claims: dict[str, Any]) -> None:
        claims["report"]["presentations"][0]["status"]["index"] += 1

    for change in (other_token, other_place):
        assert results(await again(site, package, change), "failed") == ["status"]


async def test_a_change_that_is_not_served_yet_has_no_token_to_show(site: Site, wallet: Wallet) -> None:
    """What the list's row says decides at once; a package never holds a token that says otherwise."""
    issued = await obtain(site, wallet)
    await presented(site, wallet, issued)
    _, listed = await site.api("GET", "/credentials")
    status, _ = await site.api("POST", f"/credentials/{listed['items'][0]['id']}/suspend", {})
    assert status == 200
    package = await export(site, await presented(site, wallet, issued))
    report = claims_of(package)["report"]
    assert report["errors"] == ["credential_revoked"]
    assert report["presentations"][0]["status"]["value"] == 2
    assert claims_of(package)["status_tokens"] == []


async def elsewhere(site: Site, serve: Callable[..., Awaitable[RawTestServer]]) -> Elsewhere:
    other = Elsewhere(LIST)
    await other.authority.trusted(site, "issue", "status")
    await serve(other.serve, port=PORT)
    return other


async def test_an_sd_jwt_is_verified_again_with_its_chain_and_its_status_token(
    site: Site, wallet: Wallet, aiohttp_raw_server: Callable[..., Awaitable[RawTestServer]]
) -> None:
    other = await elsewhere(site, aiohttp_raw_server)
    policy = {"name": "default", "types": ["urn:eudi:pid:1"], "max_age_days": 3, "activate": True}
    assert (await site.api("POST", "/verification-policies", policy))[0] == 201
    issued = other.authority.credential(wallet.key, status={"status_list": {"idx": 0, "uri": LIST}})
    package = await export(site, await presented(site, wallet, issued))
    finding = await check_evidence(package, _plugins())
    assert finding.holds
    (again_,) = [[line.check for line in one.lines] for _, one in finding.presentations]
    assert again_ == [
        *("presentation", "form", "issuer_key", "signature", "disclosures", "validity"),
        *("holder_key", "kb_form", "kb_time", "audience", "nonce", "sd_hash", "kb_signature"),
        *("query", "policy_type", "policy_age", "status"),
    ]
    assert results(finding, "warned", "failed", "not_made") == []

    def other_token(claims: dict[str, Any]) -> None:
        other.packed = bytes([0b00000001]) + bytes(15)
        claims["status_tokens"][0]["token"] = b64(other.token())

    def other_credential(claims: dict[str, Any]) -> None:
        claims["presentations"][0] = claims["presentations"][0].replace("~", "~~", 1)

    def other_nonce(claims: dict[str, Any]) -> None:
        claims["report"]["presentations"][0]["binding"]["nonce"] = "other"

    def other_chain(claims: dict[str, Any]) -> None:
        key = claims["report"]["presentations"][0]["issuer_key"]
        key["chain"][-1] = b64(type(other.authority)("Other").root)

    def other_policy(claims: dict[str, Any]) -> None:
        claims["report"]["policy"]["rules"]["types"] = ["urn:other:1"]

    def later(claims: dict[str, Any]) -> None:
        claims["report"]["decided_at"] = "2040-01-01T00:00:00Z"

    def failed_line(claims: dict[str, Any]) -> None:
        claims["report"]["presentations"][0]["checks"][2]["result"] = "failed"

    lies: Mapping[Callable[[dict[str, Any]], None], str] = {
        other_token: "status",
        other_credential: "presentation",
        other_nonce: "nonce",
        other_chain: "issuer_key",
        other_policy: "policy_type",
        later: "issuer_key",
        failed_line: "lines",
    }
    for lie, line in lies.items():
        lied = await again(site, package, lie)
        assert (lied.holds, results(lied, "failed")) == (False, [line]), lie


async def test_a_mobile_document_is_verified_again_in_its_session(
    site: Site, motor: CreatedTenant, wallet: Wallet
) -> None:
    (credential,), _ = await issue(site, motor, wallet)
    made = await ask_for_a_licence(site, motor)
    request = await wallet.request(made["authorization_request_uri"])
    shown = present(credential, wallet.key, transcript_of(request))
    assert (await wallet.respond(request, {"mdl": [shown]})).status == 200
    finding = await check_evidence(await export(site, made["presentation_id"], motor.api_key), _plugins())
    assert finding.holds
    assert {"issuer_key", "digests", "device_signature", "query"} <= set(results(finding, "held"))
    # What revocation lists said of certificates is the tenant's word, and the line says so.
    assert results(finding, "warned") == ["certificates"]


async def test_credentials_of_the_w3c_are_verified_again_by_dids_that_are_keys(site: Site) -> None:
    for module, holder, kind in (
        (test_ldp_vc, test_ldp_vc.Holder(site), "credential"),
        (test_jwt_vc_json, test_jwt_vc_json.JwtHolder(site), "jwt"),
    ):
        if module is test_ldp_vc:
            await test_ldp_vc.configured(site)
            name = "v2-eddsa"
        else:
            await test_jwt_vc_json.configured(site)
            name = "degree"
        status, found = await module.present(site, holder, await getattr(holder, kind)(name))
        assert status == 200, found
        package = await export(site, found["presentation_id"])
        finding = await check_evidence(package, _plugins())
        assert finding.holds, finding.presentations[0][1].render()
        assert results(finding, "warned", "failed", "not_made") == []
        assert {"issuer_key", "signature", "holder_key", "query"} <= set(results(finding, "held"))

        def another_nonce(claims: dict[str, Any]) -> None:
            claims["report"]["presentations"][0]["binding"]["nonce"] = "other"

        assert not (await again(site, package, another_nonce)).holds


async def test_a_refusal_has_its_evidence_without_the_presentation(site: Site, wallet: Wallet) -> None:
    presentation = await presented(site, wallet, await obtain(site, wallet), nonce="other")
    package = await export(site, presentation)
    finding = await check_evidence(package, _plugins())
    assert (finding.holds, claims_of(package)["presentations"]) == (True, [])
    assert results(finding, "not_made") == ["presentations"]


def verify(path: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["evidence", "verify", str(path), *options])


async def test_one_command_checks_a_file_without_a_server(
    site: Site, wallet: Wallet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = await export(site, await presented(site, wallet, await obtain(site, wallet)))
    _, authority = await site.api("GET", "/certificate-authority")
    _, stranger = await site.api("GET", "/certificate-authority", key=site.beta.api_key)
    for name in ("CHANCERY_URL", "CHANCERY_API_KEY", "CHANCERY_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CHANCERY_HOME", str(tmp_path / "nothing"))
    files = {"good": package, "pem": authority["pem"], "other": stranger["pem"]}
    files["jwk"] = json.dumps(header_of(package)["jwk"])
    head, payload, signature = package.split(".")
    files["turned"] = f"{head}.{payload}.{b64(bytes(64)) if signature else ''}"
    files["altered"] = f"{head}.{b64(unb64(payload).replace(b'verified', b'answered'))}.{signature}"
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    import asyncio

    async def run(file: str, *options: str) -> Result:
        return await asyncio.to_thread(verify, tmp_path / file, *options)

    for key in ("pem", "jwk"):
        found = await run("good", "--key", str(tmp_path / key), "--json")
        assert found.exit_code == 0, found.output
        assert (json.loads(found.output)["holds"], json.loads(found.output)["key_trusted"]) == (True, True)
    found = await run("good")
    assert found.exit_code == 0
    assert "name a key you trust" in found.output
    assert (await run("good", "--key", str(tmp_path / "other"))).exit_code == 1
    for name in ("turned", "altered", "pem"):
        found = await run(name, "--key", str(tmp_path / "jwk"))
        assert found.exit_code == 1, name
        assert "does NOT hold" in found.output


async def test_evidence_is_its_tenants_own_and_its_export_is_on_record(site: Site, wallet: Wallet) -> None:
    presentation = await presented(site, wallet, await obtain(site, wallet))
    await export(site, presentation)
    status, _ = await site.api("GET", f"/verification-reports/{presentation}/evidence", key=site.beta.api_key)
    assert status == 404
    admin = await site.database.connect_admin()
    try:
        rows = await admin.fetch("SELECT resource_id FROM agent.audit_logs WHERE event_type = 'evidence.exported'")
    finally:
        await admin.close()
    assert [str(row["resource_id"]) for row in rows] == [presentation]
