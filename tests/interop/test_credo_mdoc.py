"""Credo as the wallet of mobile documents: received, kept, presented."""

import json
from pathlib import Path

import pytest

from tests.interop.peers import CredoWallet, WalletRefused
from tests.interop.story import Tenant, licence_request, repeat

NAMESPACE = "org.iso.18013.5.1"


async def anchors(tenant: Tenant) -> str:
    """The PEM of what signs requests, and of what signs documents."""
    return f"{tenant.anchor}\n{(await tenant.commands('ca', '--iaca'))['pem']}"


async def take(tenant: Tenant, wallet: CredoWallet) -> dict[str, object]:
    offer = dict(await tenant.commands("offer", "mdl"))
    answer = await wallet.accept_offer(offer["credential_offer_uri"], trust=await anchors(tenant))
    (credential,) = answer.result["credentials"]
    return {**credential, "issuance": offer["issuance_id"]}


async def test_credo_takes_a_driving_licence(tenant: Tenant, credo_wallet: CredoWallet) -> None:
    credential = await take(tenant, credo_wallet)
    assert credential["doctype"] == "org.iso.18013.5.1.mDL"
    claims = credential["claims"][NAMESPACE]  # type: ignore[index]  # JSON
    assert claims["family_name"] == "Mustermann"
    assert claims["un_distinguishing_sign"] == "D"
    assert claims["portrait"].startswith("iVBOR")
    assert [one["id"] for one in await credo_wallet.list()] == [credential["id"]]


async def test_credo_refuses_documents_of_an_authority_that_it_does_not_trust(
    tenant: Tenant, credo_wallet: CredoWallet
) -> None:
    offer = dict(await tenant.commands("offer", "mdl"))
    with pytest.raises(WalletRefused, match="rust"):
        await credo_wallet.accept_offer(offer["credential_offer_uri"], trust=tenant.anchor)


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt"])
@pytest.mark.parametrize("prefix", ["x509_hash", "redirect_uri"])
async def test_credo_presents_a_driving_licence(
    tenant: Tenant, credo_wallet: CredoWallet, tmp_path: Path, prefix: str, mode: str
) -> None:
    await take(tenant, credo_wallet)
    made = await licence_request(tenant, tmp_path, prefix, mode)
    answer = await credo_wallet.present(made["authorization_request_uri"], trust=await anchors(tenant))
    found = await tenant.result(made["presentation_id"])
    assert found["state"] == "verified", json.dumps(found)
    (shown,) = found["credentials"]
    assert shown["format"] == "mso_mdoc"
    assert shown["claims"][NAMESPACE].keys() == {"family_name", "portrait", "driving_privileges"}
    status, _ = await repeat([one for one in answer.exchanges if one.method == "POST"][-1])
    assert status == 400


async def test_a_revoked_driving_licence_of_credo_is_refused(
    tenant: Tenant, credo_wallet: CredoWallet, tmp_path: Path
) -> None:
    credential = await take(tenant, credo_wallet)
    await tenant.commands("revoke", str(credential["issuance"]))
    made = await licence_request(tenant, tmp_path, "x509_hash", "direct_post.jwt")
    with pytest.raises(WalletRefused):
        await credo_wallet.present(made["authorization_request_uri"], trust=await anchors(tenant))
    assert (await tenant.result(made["presentation_id"]))["errors"] == ["credential_revoked"]
