"""Credo gets VCDM 1.1 credentials as JWTs and presents them; what it refuses, the server got wrong."""

import pytest

from tests.agent.operations.test_jwt_vc_json import CLAIMS, configured, query
from tests.houses import Site
from tests.interop.peers import CredoWallet


@pytest.mark.parametrize("name", ["degree", "degree-es256", "degree-ld"])
async def test_credo_gets_and_presents_a_jwt_vc(site: Site, credo_wallet: CredoWallet, name: str) -> None:
    await configured(site)
    body = {"credential_configuration_ids": [name], "claims": CLAIMS}
    _, made = await site.api("POST", "/credential-offers", body)
    _, authority = await site.api("GET", "/certificate-authority")
    answer = await credo_wallet.accept_offer(made["credential_offer_uri"], trust=authority["pem"], binding="did:key")
    (credential,) = answer.result["credentials"]
    assert credential["claims"]["degree"]["name"] == "Bachelor of Arts"

    status, asked = await site.api("POST", "/presentation-requests", {"dcql_query": query()})
    assert status == 201
    await credo_wallet.present(asked["authorization_request_uri"], trust=authority["pem"])
    _, found = await site.api("GET", f"/presentation-requests/{asked['presentation_id']}")
    assert found["state"] == "verified"
    (shown,) = found["credentials"]
    assert shown["claims"]["credentialSubject"]["id"].startswith("did:key:")
    assert "holder_binding" in shown["checks"]
