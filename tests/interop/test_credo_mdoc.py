"""Credo as the wallet of mobile documents: received, kept, presented."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest

from tests.interop.peers import CredoWallet, WalletRefused
from tests.interop.story import Tenant, licence_request, repeat

NAMESPACE, DOCTYPE = "org.iso.18013.5.1", "org.iso.18013.5.1.mDL"
RETURN = "https://verifier.example/done"


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


async def test_credo_presents_two_formats_at_once_and_is_sent_back(
    tenant: Tenant, credo_wallet: CredoWallet, tmp_path: Path
) -> None:
    await take(tenant, credo_wallet)
    offer = await tenant.offer()
    await credo_wallet.accept_offer(offer["credential_offer_uri"], trust=tenant.anchor)
    (tmp_path / "both.json").write_text(json.dumps(await both(tenant)))
    words = ("request", str(tmp_path / "both.json"), "--response-mode", "direct_post.jwt", "--redirect-uri", RETURN)
    made = await tenant.commands(*words)
    answer = await credo_wallet.present(made["authorization_request_uri"], trust=await anchors(tenant))
    returned = urlsplit(answer.result["redirect_uri"])
    assert f"{returned.scheme}://{returned.netloc}{returned.path}" == RETURN
    assert (await tenant.result(made["presentation_id"]))["state"] == "answered"
    found = await redeemed(tenant, made["presentation_id"], dict(parse_qsl(returned.query))["response_code"])
    assert found["state"] == "verified", json.dumps(found)
    assert sorted(one["format"] for one in found["credentials"]) == ["dc+sd-jwt", "mso_mdoc"]


async def redeemed(tenant: Tenant, presentation: str, code: str) -> dict[str, Any]:
    """What the verifier's page learns when the person's browser comes back to it (OpenID4VP 1.0, 8.2)."""
    key = (tenant.commands.home / "admin.key").read_text(encoding="ascii").strip()
    url = f"{tenant.issuer.partition('/t/')[0]}/api/v1/presentation-requests/{presentation}/response-code"
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(url, json={"response_code": code}) as answer,
    ):
        return dict(await answer.json())


async def both(tenant: Tenant) -> dict[str, Any]:
    """A query for a name out of a pid, and out of a licence."""
    pid = {"meta": {"vct_values": [await tenant.vct("pid")]}, "claims": [{"path": ["family_name"]}]}
    licence = {"meta": {"doctype_value": DOCTYPE}, "claims": [{"path": [NAMESPACE, "family_name"]}]}
    return {
        "credentials": [{"id": "pid", "format": "dc+sd-jwt", **pid}, {"id": "mdl", "format": "mso_mdoc", **licence}]
    }


async def test_a_revoked_driving_licence_of_credo_is_refused(
    tenant: Tenant, credo_wallet: CredoWallet, tmp_path: Path
) -> None:
    credential = await take(tenant, credo_wallet)
    await tenant.commands("revoke", str(credential["issuance"]))
    made = await licence_request(tenant, tmp_path, "x509_hash", "direct_post.jwt")
    with pytest.raises(WalletRefused):
        await credo_wallet.present(made["authorization_request_uri"], trust=await anchors(tenant))
    assert (await tenant.result(made["presentation_id"]))["errors"] == ["credential_revoked"]
