"""Credo gets a VCDM 1.1 credential under Ed25519Signature2020 and presents it; what it refuses, the server got wrong."""

from typing import Any

from tests.agent.operations.test_ldp_vc import CLAIMS, QUERY, configured
from tests.houses import Site
from tests.interop.peers import CredoWallet


async def test_credo_gets_and_presents_an_ldp_vc(site: Site, credo_wallet: CredoWallet) -> None:
    await configured(site)
    body = {"credential_configuration_ids": ["credo"], "claims": CLAIMS}
    _, made = await site.api("POST", "/credential-offers", body)
    _, authority = await site.api("GET", "/certificate-authority")
    answer = await credo_wallet.accept_offer(made["credential_offer_uri"], trust=authority["pem"], binding="did:key")
    (credential,) = answer.result["credentials"]
    assert credential["claims"]["achievement"]["name"] == "Diver"
    assert credential["credential"]["proof"]["type"] == "Ed25519Signature2020"

    status, asked = await site.api("POST", "/presentation-requests", {"dcql_query": QUERY})
    assert status == 201
    await credo_wallet.present(asked["authorization_request_uri"], trust=authority["pem"])
    _, found = await site.api("GET", f"/presentation-requests/{asked['presentation_id']}")
    assert found["state"] == "verified"
    (shown,) = found["credentials"]
    subject: dict[str, Any] = shown["claims"]["credentialSubject"]
    assert subject["id"].startswith("did:key:")
    assert "holder_binding" in shown["checks"]
