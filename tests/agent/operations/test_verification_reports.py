"""The verification report: every check of every answer, for the operator; for the wallet an id."""

import json
import time
from base64 import b64decode
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import RawTestServer

from protocols import x509
from tests.elsewhere import Authority, Elsewhere
from tests.houses import Site, free_port
from tests.verifying import NAMES, ask, credential_query, obtain, query, result
from tests.wallets import HolderKey, Wallet, b64, compact, encrypt, header_of, unb64

PORT = free_port()
LIST = f"http://localhost:{PORT}/lists/1"
ARRIVAL = ["request_waits", "response_mode", "opened", "state", "vp_token"]
CREDENTIAL = ["form", "issuer_key", "signature", "disclosures", "validity"]
HOLDER = ["holder_key", "kb_form", "kb_time", "audience", "nonce", "sd_hash", "kb_signature"]


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"fetch_allow": f"localhost:{PORT}"}


@pytest.fixture
def wallet(site: Site) -> Wallet:
    return Wallet(site.session)


@pytest_asyncio.fixture
async def credential(site: Site, wallet: Wallet) -> str:
    return await obtain(site, wallet)


async def report(site: Site, which: str) -> dict[str, Any]:
    status, found = await site.api("GET", f"/verification-reports/{which}")
    assert status == 200, found
    return found


async def shown(site: Site, wallet: Wallet, credential: str, **changes: Any) -> tuple[Any, dict[str, Any]]:
    """(the answer to the wallet, the report)"""
    made = await ask(site)
    request = await wallet.request(made["authorization_request_uri"])
    token = {"pid": [wallet.presentation(credential, request, NAMES, **changes)]}
    return await wallet.respond(request, token), await report(site, made["presentation_id"])


def failed(found: dict[str, Any]) -> list[tuple[str, str]]:
    """(check, error) of every line that did not hold."""
    lines = [*found["checks"], *(line for one in found["presentations"] for line in one["checks"])]
    return [(line["check"], line["error"]) for line in lines if line["result"] == "failed"]


def checks(lines: list[dict[str, Any]], *results: str) -> list[str]:
    return [line["check"] for line in lines if line["result"] in (results or ("held",))]


async def test_a_report_has_every_check_in_its_order_and_what_decided(
    site: Site, wallet: Wallet, credential: str
) -> None:
    answer, found = await shown(site, wallet, credential)
    assert answer.status == 200
    assert (found["verdict"], found["errors"], found["policy"]) == ("verified", [], None)
    assert checks(found["checks"]) == ARRIVAL
    (one,) = found["presentations"]
    assert checks(one["checks"]) == [*CREDENTIAL, *HOLDER, "query", "schema", "certificates", "status"]
    assert {line["result"] for line in one["checks"]} == {"held"}
    lines = {line["check"]: line for line in one["checks"]}
    assert lines["audience"]["expected"] == lines["audience"]["seen"] == found["request"]["client_id"]
    assert lines["nonce"]["seen"] == found["request"]["nonce"]
    assert lines["signature"] == {"check": "signature", "result": "held", "expected": ["ES256"], "seen": "ES256"}
    chain = one["issuer_key"]["chain"]
    assert len(chain) == 2
    assert unb64(chain[0]) == b64decode(header_of(credential)["x5c"][0])
    assert one["issuer_key"]["anchor"]["id"] == lines["issuer_key"]["seen"]["anchor"]
    assert one["holder_key"]["jwk"]["x"] == wallet.key.jwk["x"]
    assert (one["status"]["value"], one["status"]["age"]) == (0, 0)
    assert one["status"]["list"].startswith(f"{site.url}/t/alpha/status-lists/")


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"nonce": "other"}, "nonce"),
        ({"aud": "x509_hash:other"}, "audience"),
        ({"sd_hash": "AAAA"}, "sd_hash"),
        ({"iat": int(time.time()) - 3600}, "kb_time"),
        ({"header": {"typ": "JWT"}}, "kb_form"),
        ({"key": HolderKey()}, "kb_signature"),
    ],
)
async def test_a_refusal_has_its_line_what_came_before_and_what_was_not_reached(
    site: Site, wallet: Wallet, credential: str, changes: dict[str, Any], check: str
) -> None:
    answer, found = await shown(site, wallet, credential, **changes)
    assert answer.status == 400
    assert (found["verdict"], found["errors"]) == ("refused", ["invalid_key_binding"])
    (one,) = found["presentations"]
    assert failed(found) == [(check, "invalid_key_binding")]
    expected = [*CREDENTIAL, *HOLDER, "query", "certificates", "status"]
    place = expected.index(check)
    assert checks(one["checks"], "held") == expected[:place]
    assert checks(one["checks"], "not_made") == expected[place + 1 :]
    # The wallet has the report's id and learns nothing by it; the operator reads by either id.
    assert (await report(site, answer.body["report"])) == found
    assert (await wallet.send("GET", f"{site.url}/api/v1/verification-reports/{found['report']}")).status == 401


async def test_a_forged_credential_with_a_key_of_its_own_is_refused_at_the_issuers_key(
    site: Site, wallet: Wallet
) -> None:
    forger = Authority("Forger")
    for header, more in (
        ({}, {}),
        ({"x5c": None, "jwk": forger.leaf.jwk}, {"iss": "https://issuer.example"}),
        ({"x5c": None, "kid": "did:jwk:" + b64(compact(forger.leaf.jwk)) + "#0"}, {"iss": "did:jwk:x"}),
    ):
        answer, found = await shown(site, wallet, forger.credential(wallet.key, header=header, **more))
        assert answer.status == 400
        assert found["errors"] == ["untrusted_issuer"]
        assert failed(found) == [("issuer_key", "untrusted_issuer")]
        assert "signature" in checks(found["presentations"][0]["checks"], "not_made")


async def test_what_a_revoked_certificate_signed_is_refused_here_and_elsewhere(
    site: Site, wallet: Wallet, credential: str
) -> None:
    _, there = await site.api("GET", "/keys")
    (key,) = [one["id"] for one in there["items"] if one["purpose"] == "issuer"]
    assert (await site.api("POST", f"/keys/{key}/revoke"))[0] == 409, "it signs"
    assert (await site.api("POST", "/keys", {}))[0] == 201
    site.house.cache.clear()
    answer, found = await shown(site, wallet, credential)
    (line,) = [one for one in found["presentations"][0]["checks"] if one["check"] == "certificates"]
    address = line["seen"][0]["address"]
    assert (answer.status, line["result"], line["expected"]) == (200, "held", "if_present")
    assert address.startswith(f"{site.alpha.credential_issuer}/ca/")
    assert (await site.api("POST", f"/keys/{key}/revoke"))[0] == 204
    assert (await site.api("POST", f"/keys/{key}/revoke"))[0] == 404, "once"
    answer, found = await shown(site, wallet, credential)
    assert (answer.status, failed(found)) == (400, [("certificates", "certificate_revoked")])
    # For the world it stands in the list.
    async with site.session.get(address) as served:
        assert (served.status, served.content_type) == (200, "application/pkix-crl")
        read = x509.read_crl(await served.read(), (await site.scope()).catalogue.key("ca").x5c[0], datetime.now(UTC))
    assert read.serials == {x509.serial_of(b64decode(header_of(credential)["x5c"][0]))}
    fresh, _ = await shown(site, wallet, await obtain(site, wallet))
    assert fresh.status == 200, "what the new key signs is good"


@pytest.mark.parametrize(
    ("certificates", "status", "line"),
    [
        ("if_present", 400, ("failed", "certificate_status_unavailable")),
        ("mandatory", 400, ("failed", "certificate_status_unavailable")),
        ("best_effort", 200, ("warned", "certificate_status_unavailable")),
        ("off", 200, ("held", None)),
    ],
)
async def test_the_policy_says_what_becomes_of_a_certificate_whose_list_cannot_be_had(
    site: Site, wallet: Wallet, certificates: str, status: int, line: tuple[str, str | None]
) -> None:
    other = Authority(crl=f"http://localhost:{PORT}/none.crl")
    await other.trusted(site, "issue")
    body = {"name": "default", "certificates": certificates, "activate": True}
    assert (await site.api("POST", "/verification-policies", body))[0] == 201
    site.house.cache.clear()
    answer, found = await shown(site, wallet, other.credential(wallet.key))
    (seen,) = [one for one in found["presentations"][0]["checks"] if one["check"] == "certificates"]
    assert (answer.status, seen["result"], seen.get("error")) == (status, *line)


async def test_a_credential_that_expired_in_1970_is_refused_at_its_validity(site: Site, wallet: Wallet) -> None:
    other = Authority()
    await other.trusted(site, "issue")
    answer, found = await shown(site, wallet, other.credential(wallet.key, exp=86_400))
    assert answer.status == 400
    assert [check for check, _ in failed(found)] == ["validity"]
    (line,) = [one for one in found["presentations"][0]["checks"] if one["check"] == "validity"]
    assert (line["seen"]["exp"], line["detail"]) == (86_400, "exp has passed")
    assert line["expected"].startswith("20")


async def test_a_credential_whose_status_list_is_unreachable_or_unsigned_is_refused_at_its_status(
    site: Site, wallet: Wallet, aiohttp_raw_server: Callable[..., Awaitable[RawTestServer]]
) -> None:
    other = Elsewhere(LIST)
    await other.authority.trusted(site, "issue", "status")
    issued = other.authority.credential(wallet.key, status={"status_list": {"idx": 0, "uri": LIST}})
    answer, found = await shown(site, wallet, issued)
    assert (answer.status, failed(found)) == (400, [("status", "status_unavailable")])
    assert found["presentations"][0]["checks"][-1]["detail"].startswith("FetchFailed")
    await aiohttp_raw_server(other.serve, port=PORT)
    other.header = {"alg": "none"}
    answer, found = await shown(site, wallet, issued)
    assert (answer.status, failed(found)) == (400, [("status", "status_unavailable")])
    assert found["presentations"][0]["checks"][-1]["seen"]["list"] == LIST
    other.header = {}
    answer, found = await shown(site, wallet, issued)
    assert (answer.status, failed(found)) == (200, [])
    status = found["presentations"][0]["status"]
    assert (status["value"], len(unb64(status["token_sha256"]))) == (0, 32)
    assert status["anchor"]
    revoked = other.authority.credential(wallet.key, status={"status_list": {"idx": 1, "uri": LIST}})
    answer, found = await shown(site, wallet, revoked)
    assert (answer.status, failed(found)) == (400, [("status", "credential_revoked")])
    assert found["presentations"][0]["status"]["value"] == 1


async def test_of_two_credentials_each_has_its_lines(site: Site, wallet: Wallet, credential: str) -> None:
    made = await ask(site, {"credentials": [credential_query("a"), credential_query("b")]})
    request = await wallet.request(made["authorization_request_uri"])
    good = wallet.presentation(credential, request, NAMES)
    assert (await wallet.respond(request, {"a": [good], "b": ["no credential"]})).status == 400
    found = await report(site, made["presentation_id"])
    first, second = found["presentations"]
    assert checks(first["checks"], "held") == CREDENTIAL
    assert checks(second["checks"], "failed") == ["form"]
    assert checks(second["checks"], "not_made")[0] == "issuer_key"


async def test_answers_that_change_nothing_have_reports_too(site: Site, wallet: Wallet, credential: str) -> None:
    made = await ask(site)
    request = await wallet.request(made["authorization_request_uri"])
    token = {"pid": [wallet.presentation(credential, request, NAMES)]}
    assert (await wallet.respond({**request, "state": "other"}, token)).status == 400
    assert (await wallet.respond(request, token)).status == 200
    assert (await wallet.respond(request, token)).status == 400
    status, found = await site.api("GET", f"/presentation-requests/{made['presentation_id']}/reports")
    assert status == 200
    assert [one["verdict"] for one in found["items"]] == ["ignored", "verified", "ignored"]
    assert [failed(one) for one in found["items"]] == [
        [("state", "invalid_request")],
        [],
        [("request_waits", "invalid_request")],
    ]
    assert (await report(site, made["presentation_id"]))["verdict"] == "verified"


async def test_what_the_wallet_says_instead_is_a_line(site: Site, wallet: Wallet) -> None:
    made = await ask(site)
    request = await wallet.request(made["authorization_request_uri"])
    assert (await _error(wallet, request)).status == 200
    found = await report(site, made["presentation_id"])
    assert (found["errors"], failed(found)) == (["wallet_declined", "access_denied"], [("answered", "wallet_declined")])


async def _error(wallet: Wallet, request: dict[str, Any]) -> Any:
    told = {"error": "access_denied", "state": request["state"]}
    form = {"response": encrypt(request["client_metadata"], told)}
    return await wallet.send("POST", request["response_uri"], data=form)


async def test_a_report_is_sealed_and_the_audit_log_names_it(site: Site, wallet: Wallet, credential: str) -> None:
    _, found = await shown(site, wallet, credential)
    admin = await site.database.connect_admin()
    try:
        sealed = await admin.fetchval("SELECT checks_sealed FROM agent.verification_results WHERE is_valid")
        metadata = await admin.fetchval(
            "SELECT metadata FROM agent.audit_logs WHERE event_type = 'presentation.verified'"
        )
    finally:
        await admin.close()
    assert len(sealed) > 1000
    assert b"nonce" not in sealed
    assert json.loads(metadata)["report"] == found["report"]


async def test_a_report_is_its_tenants_own(site: Site, wallet: Wallet, credential: str) -> None:
    _, found = await shown(site, wallet, credential)
    for which in (found["report"], found["presentation_id"], str(site.alpha.id)):
        status, _ = await site.api("GET", f"/verification-reports/{which}", key=site.beta.api_key)
        assert status == 404
    status, _ = await site.api(
        "GET", f"/presentation-requests/{found['presentation_id']}/reports", key=site.beta.api_key
    )
    assert status == 404
    for which in ("ffffffff-ffff-ffff-ffff-ffffffffffff", "no-id"):
        assert (await site.api("GET", f"/verification-reports/{which}"))[0] == 404


async def test_what_was_sent_cannot_make_a_line_long(site: Site, wallet: Wallet, credential: str) -> None:
    _, found = await shown(site, wallet, credential, nonce="x" * 50_000, aud=[["y" * 500] * 10] * 50)
    assert len(json.dumps(found)) < 20_000
    assert (await result(site, {"presentation_id": found["presentation_id"]}))["state"] == "refused"


async def test_without_holder_binding_its_lines_are_not_missed(site: Site, wallet: Wallet) -> None:
    forger = Authority("Forger").credential(wallet.key)
    made = await ask(site, query(require_cryptographic_holder_binding=False))
    request = await wallet.request(made["authorization_request_uri"])
    assert (await wallet.respond(request, {"pid": [forger]})).status == 400
    lines = (await report(site, made["presentation_id"]))["presentations"][0]["checks"]
    assert not {"holder_key", *HOLDER} & {one["check"] for one in lines}
