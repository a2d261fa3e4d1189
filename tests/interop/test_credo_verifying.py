"""Credo presents what its own issuer made, confirms transactions, and answers with several: what our verifier makes of
it; and the DCQL engine that Credo rests on, for a second opinion on queries and matches."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.interop.credo.install import install
from tests.interop.peers import CredoWallet, WalletRefused
from tests.interop.story import PERSON, Tenant

VCT = "urn:example:membership:1"
TYPE = "org.example.payment"


async def ask(tenant: Tenant, folder: Path, *flags: str, **changes: Any) -> dict[str, Any]:
    claims = [{"path": ["given_name"]}, {"path": ["family_name"]}]
    one = {"id": "member", "format": "dc+sd-jwt", "meta": {"vct_values": [VCT]}, "claims": claims, **changes}
    (folder / "query.json").write_text(json.dumps({"credentials": [one]}))
    return dict(await tenant.commands("request", str(folder / "query.json"), *flags))


async def trusted(tenant: Tenant, wallet: CredoWallet, folder: Path) -> str:
    """The tenant believes Credo's issuer: the anchor's identifier."""
    (folder / "credo.pem").write_text(await wallet.provider_ca())
    await tenant.commands("trust", "add", str(folder / "credo.pem"), "--role", "issue", "--name", "credo")
    return (await anchors(tenant))["credo"]


async def anchors(tenant: Tenant) -> dict[str, str]:
    """Identifiers of what the tenant believes, by name."""
    return {one["name"]: one["identifier"] for one in (await tenant.commands("trust", "list"))["items"]}


async def policy(tenant: Tenant, folder: Path, name: str, **rules: Any) -> None:
    (folder / "policy.json").write_text(json.dumps({"name": name, **rules}))
    await tenant.commands("policy", "store", str(folder / "policy.json"), "--activate")


async def test_another_vendors_credential_is_accepted_by_a_policy_that_trusts_it_and_by_no_other(
    other_tenant: Tenant, credo_wallet: CredoWallet, tmp_path: Path
) -> None:
    await credo_wallet.issue(VCT, PERSON)
    made = await ask(other_tenant, tmp_path)
    with pytest.raises(WalletRefused):
        await credo_wallet.present(made["authorization_request_uri"], trust=other_tenant.anchor)
    assert (await other_tenant.result(made["presentation_id"]))["errors"] == ["untrusted_issuer"]
    anchor = await trusted(other_tenant, credo_wallet, tmp_path)
    own = [identifier for name, identifier in (await anchors(other_tenant)).items() if name != "credo"]
    await policy(other_tenant, tmp_path, "theirs", trust_list=[anchor], types=[VCT])
    await policy(other_tenant, tmp_path, "ours", trust_list=own)
    made = await ask(other_tenant, tmp_path, "--policy", "theirs")
    await credo_wallet.present(made["authorization_request_uri"], trust=other_tenant.anchor)
    found = await other_tenant.result(made["presentation_id"])
    assert found["state"] == "verified"
    assert found["credentials"][0]["claims"] == {name: PERSON[name] for name in ("given_name", "family_name")}
    made = await ask(other_tenant, tmp_path, "--policy", "ours")
    with pytest.raises(WalletRefused):
        await credo_wallet.present(made["authorization_request_uri"], trust=other_tenant.anchor)
    report = await other_tenant.commands("report", made["presentation_id"], codes=(1,))
    (failed,) = [one for one in report["presentations"][0]["checks"] if one["result"] == "failed"]
    assert (failed["check"], failed["error"]) == ("issuer_key", "untrusted_issuer")


async def test_credo_confirms_a_transaction(other_tenant: Tenant, credo_wallet: CredoWallet, tmp_path: Path) -> None:
    await credo_wallet.issue(VCT, PERSON)
    await trusted(other_tenant, credo_wallet, tmp_path)
    (tmp_path / "verifier.json").write_text(json.dumps({"transaction_data_types": {TYPE: {}}}))
    await other_tenant.commands("verifier", "configure", str(tmp_path / "verifier.json"))
    payment = {
        "type": TYPE,
        "credential_ids": ["member"],
        "amount": "12.00",
        "transaction_data_hashes_alg": ["sha-256"],
    }
    (tmp_path / "transactions.json").write_text(json.dumps([payment]))
    made = await ask(other_tenant, tmp_path, "--transaction-data", str(tmp_path / "transactions.json"))
    await credo_wallet.present(made["authorization_request_uri"], trust=other_tenant.anchor)
    report = await other_tenant.commands("report", made["presentation_id"])
    lines = {one["check"]: one["result"] for one in report["presentations"][0]["checks"]}
    assert lines["transaction_data"] == "held"


async def test_credo_answers_a_query_for_several(
    other_tenant: Tenant, credo_wallet: CredoWallet, tmp_path: Path
) -> None:
    for given in ("Erika", "Max"):
        await credo_wallet.issue(VCT, {**PERSON, "given_name": given})
    await trusted(other_tenant, credo_wallet, tmp_path)
    made = await ask(other_tenant, tmp_path, multiple=True)
    await credo_wallet.present(made["authorization_request_uri"], trust=other_tenant.anchor)
    found = await other_tenant.result(made["presentation_id"])
    assert found["state"] == "verified"
    assert {one["claims"]["given_name"] for one in found["credentials"]} <= {"Erika", "Max"}


async def test_a_verdict_about_credos_presentation_is_evidence(
    other_tenant: Tenant, credo_wallet: CredoWallet, tmp_path: Path
) -> None:
    await credo_wallet.issue(VCT, PERSON)
    await trusted(other_tenant, credo_wallet, tmp_path)
    made = await ask(other_tenant, tmp_path)
    await credo_wallet.present(made["authorization_request_uri"], trust=other_tenant.anchor)
    await other_tenant.commands("evidence", "export", made["presentation_id"], "--out", str(tmp_path / "evidence"))
    found = await other_tenant.commands("evidence", "verify", str(tmp_path / "evidence"))
    assert found["holds"]


async def opinions(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    scripts, node = await asyncio.to_thread(install)
    process = await asyncio.create_subprocess_exec(
        *(node.node, str(scripts / "dcql.mjs")), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate(json.dumps({"cases": cases}).encode())
    return list(json.loads(printed))


async def test_the_dcql_engine_of_another_vendor_finds_the_matches_that_ours_does(
    vectors: Callable[[str], Any], credo_wallet: CredoWallet
) -> None:
    """Ours is held to the same vectors in tests/protocols/dcql."""
    cases = vectors("dcql/match.json")
    for case, opinion in zip(cases, await opinions(cases), strict=True):
        held = [one["id"] for one in case["wallet"]]
        expected = {
            name: [held.index(match["credential"]) for match in found]
            for name, found in case["expected"]["matches"].items()
        }
        assert opinion["valid"], case["id"]
        assert {name: found for name, found in opinion["matches"].items() if found} == expected, case["id"]
        assert opinion["satisfied"] == case["expected"]["satisfied"], case["id"]
