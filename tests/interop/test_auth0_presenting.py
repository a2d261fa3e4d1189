"""A second vendor's holder over OpenID4VP: @auth0/mdl presents mobile documents to a running verifier of ours."""

import base64
from collections.abc import Iterator

import cbor2
import pytest

from protocols.cose.cbor import embed
from protocols.encoding import b64url
from protocols.x509 import render_pem
from tests.agent.operations.mobile_wallet import transcript_of
from tests.documents import MDL, NAMESPACE, Country
from tests.houses import Site
from tests.interop.auth0_mdl import install as auth0_mdl
from tests.interop.credo.install import CannotInstall
from tests.interop.test_mdoc_peers import Ask, peer, private
from tests.wallets import Wallet


@pytest.fixture(scope="module")
def holder() -> Iterator[Ask]:
    def command() -> list[str]:
        script, node = auth0_mdl.install()
        return [node, str(script)]

    yield from peer(command, CannotInstall)


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt"])
@pytest.mark.parametrize("prefix", ["x509_hash", "x509_san_dns", "decentralized_identifier"])
async def test_what_auth0_mdl_presents_is_verified_under_a_policy_that_trusts_its_authority_alone(
    site: Site, holder: Ask, mode: str, prefix: str
) -> None:
    country, wallet = Country(), Wallet(site.session)
    anchor = {"certificate": render_pem(country.iaca), "roles": ["issue"], "name": "country"}
    assert (await site.api("POST", "/trust-anchors", anchor))[0] == 201
    site.house.cache.clear()
    _, anchors = await site.api("GET", "/trust-anchors")
    known = {one["name"]: one["identifier"] for one in anchors["items"]}
    for name, identifier in known.items():
        body = {"name": name.split(" ")[0], "trust_list": [identifier], "certificates": "off", "activate": True}
        assert (await site.api("POST", "/verification-policies", body))[0] == 201
    claims = [{"path": [NAMESPACE, "family_name"], "intent_to_retain": False}]
    asked = {"id": "mdl", "format": "mso_mdoc", "meta": {"doctype_value": MDL}, "claims": claims}
    for name in known:
        body = {"dcql_query": {"credentials": [asked]}, "client_id_prefix": prefix, "response_mode": mode}
        status, made = await site.api("POST", "/presentation-requests", {**body, "policy": name.split(" ")[0]})
        assert status == 201, made
        request = await wallet.request(made["authorization_request_uri"])
        session = embed(cbor2.dumps(transcript_of(request)))
        answer = holder(
            {
                "act": "present",
                "doctype": MDL,
                "namespace": NAMESPACE,
                "claims": {"family_name": "Mustermann", "given_name": "Erika", "issuing_country": "DE"},
                "certificate": render_pem(country.chain[0]),
                "issuer": private(country.signer),
                "device": private(country.holder),
                "elements": ["family_name"],
                "transcript": base64.b64encode(session).decode(),
            }
        )
        assert answer["ok"], answer
        presented = b64url(base64.b64decode(answer["result"]))
        answered = await wallet.respond(request, {"mdl": [presented]})
        _, found = await site.api("GET", f"/verification-reports/{made['presentation_id']}")
        expected = (200, []) if name == "country" else (400, ["untrusted_issuer"])
        assert (answered.status, found["errors"]) == expected
