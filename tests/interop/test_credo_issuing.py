"""Credo as the wallet of what an offer or a tenant may want beside one credential at once."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.authorizing import PASSWORD
from tests.interop.peers import CredoWallet, WalletRefused
from tests.interop.story import PERSON, Tenant
from tests.interop.test_credo import by_code

WALLET = "https://wallet.example"


SECOND = {
    "credential_configuration_id": "pid_again",
    "format": "dc+sd-jwt",
    "type": "urn:eudi:pid:1",
    "display": [{"name": "The same once more", "locale": "en"}],
    "binding_methods": ["jwk"],
    "proof_types": {"jwt": ["ES256"]},
}


async def test_credo_takes_two_configurations_of_one_offer(
    other_tenant: Tenant, credo_wallet: CredoWallet, tmp_path: Path
) -> None:
    (tmp_path / "second.json").write_text(json.dumps(SECOND))
    (tmp_path / "claims.json").write_text(json.dumps(PERSON))
    await other_tenant.commands("configuration", "create", str(tmp_path / "second.json"))
    offer = await other_tenant.offer("pid_again", "--claims", str(tmp_path / "claims.json"))
    answer = await credo_wallet.accept_offer(offer["credential_offer_uri"], trust=other_tenant.anchor)
    assert sorted(one["configuration"] for one in answer.result["credentials"]) == ["pid", "pid_again"]
    assert len(await credo_wallet.list()) == 2


async def test_credo_is_attested_where_only_attested_wallets_are_served(
    other_tenant: Tenant, credo_wallet: CredoWallet, tmp_path: Path
) -> None:
    (tmp_path / "claims.json").write_text(json.dumps(PERSON))
    (tmp_path / "provider.pem").write_text(await credo_wallet.provider_ca())
    await other_tenant.commands("trust", "add", str(tmp_path / "provider.pem"), "--role", "attest_wallet")
    await other_tenant.commands("issuer", "configure", "--require", "require_client_attestation")
    offer = await other_tenant.offer("--claims", str(tmp_path / "claims.json"))
    with pytest.raises(WalletRefused) as refused:
        await credo_wallet.accept_offer(offer["credential_offer_uri"], trust=other_tenant.anchor)
    assert json.loads(refused.value.last.answer or "")["error"] == "invalid_client"
    answer = await credo_wallet.accept_offer(offer["credential_offer_uri"], trust=other_tenant.anchor, attested=WALLET)
    assert answer.result["token_type"] == "DPoP"
    assert len(await credo_wallet.list()) == 1


async def test_credo_comes_back_with_a_refreshed_token(
    other_tenant: Tenant, credo_wallet: CredoWallet, tmp_path: Path
) -> None:
    fee = {"amount": "5", "currency": "EUR"}
    (tmp_path / "policy.json").write_text(json.dumps({"name": "paid", "interval": 1, "fee": fee}))
    (tmp_path / "password").write_text(PASSWORD)
    (tmp_path / "claims.json").write_text(json.dumps(PERSON))
    account = ("--password-file", str(tmp_path / "password"), "--claims", str(tmp_path / "claims.json"))
    for words in (
        ("issuer", "configure", "--allow", "public_clients"),
        ("issuer", "policy", str(tmp_path / "policy.json")),
        ("issuer", "source", "pid", "--policy", "paid"),
        ("user", "create", "erika@example.org", *account),
    ):
        await other_tenant.commands(*words)
    landed = await by_code(other_tenant, credo_wallet)
    answer = await credo_wallet.accept_code(landed, trust=other_tenant.anchor)
    assert answer.result["credentials"] == []
    (waiting,) = (await other_tenant.commands("issuer", "approvals", "list"))["items"]
    await other_tenant.commands("issuer", "paid", waiting["issuance_id"])
    await asyncio.sleep(1)
    (credential,) = (await credo_wallet.collect(trust=other_tenant.anchor, refresh=True)).result["credentials"]
    assert PERSON.items() <= credential["claims"].items()
