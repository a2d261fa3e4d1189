"""How a presentation is asked for: prefixes, profiles, named queries, the Digital Credentials API by a verifier's own
page, and what of them is refused."""

import json
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
import pytest_asyncio

from agent.operations.verifying.identity import identity_of
from protocols import x509
from protocols.errors import Malformed
from protocols.jose import jwk, jws
from protocols.openid4vp import transaction_data
from protocols.sd_jwt import digest
from tests.houses import Site
from tests.verifying import (
    NAMES,
    ask,
    configure,
    digital_answer,
    digital_parameters,
    obtain,
    parameters,
    query,
    result,
)
from tests.wallets import HolderKey, Wallet, claims_of, header_of

ORIGIN = "https://shop.example"


@pytest.fixture
def wallet(site: Site) -> Wallet:
    return Wallet(site.session)


@pytest_asyncio.fixture
async def credential(site: Site, wallet: Wallet) -> str:
    return await obtain(site, wallet)


async def prepared(site: Site, prefix: str) -> None:
    """What a prefix needs of the verifier's settings."""
    if prefix == "pre-registered":
        await configure(site, client_id="example-client")
    if prefix == "verifier_attestation":
        scope = await site.scope()
        key = dict(scope.catalogue.key("verifier").jwk)
        claims = {"iss": "https://attester.example", "sub": "verifier.example", "exp": 4_000_000_000}
        made = HolderKey().jwt({"typ": "verifier-attestation+jwt"}, {**claims, "cnf": {"jwk": key}})
        await configure(site, attestation=made)


SIGNED = ("x509_hash", "x509_san_dns", "decentralized_identifier", "verifier_attestation", "pre-registered")


@pytest.mark.parametrize("by_value", [False, True])
@pytest.mark.parametrize("prefix", SIGNED)
async def test_every_prefix_signs_with_the_key_that_it_leads_to(
    site: Site, wallet: Wallet, credential: str, prefix: str, by_value: bool
) -> None:
    await prepared(site, prefix)
    made = await ask(site, client_id_prefix=prefix, by_value=by_value)
    link = parameters(made["authorization_request_uri"])
    token = link["request"] if by_value else (await wallet.send("GET", link["request_uri"])).body
    request = claims_of(token)
    assert link["client_id"] == request["client_id"] == made["client_id"]
    scope = await site.scope()
    signer = scope.plugins["client_id_prefixes"][prefix].signer(request["client_id"], header_of(token))
    key = scope.catalogue.key("verifier").jwk
    if signer.kind == "x5c":
        assert jwk.from_certificate(signer.value[0]) == key
    elif signer.kind == "jwk":
        assert signer.value == key
    elif signer.kind == "did_url":
        method = json.loads(urlsafe_b64decode(signer.issuer.removeprefix("did:jwk:") + "=="))
        assert method == key
    jws.verify(jws.parse(token), key, {"ES256"})
    assert ("vp_formats_supported" in request["client_metadata"]) == (prefix != "pre-registered")
    presented = {"pid": [wallet.presentation(credential, request, NAMES)]}
    assert (await wallet.respond(request, presented)).status == 200


async def test_g3_a_client_id_that_the_header_does_not_carry_is_no_signer(site: Site) -> None:
    scope = await site.scope()
    identity = await identity_of(scope, "https://x")
    for name in ("x509_hash", "x509_san_dns", "decentralized_identifier"):
        prefix = scope.plugins["client_id_prefixes"][name]
        header = prefix.signing(identity).header
        assert prefix.signer(prefix.client_id(identity), header)
        with pytest.raises(Malformed):
            prefix.signer(f"{name}:other.example", header)


WALLETS = (
    "https://wallet.example/authorize",
    "https://wallet.example/?via=code",
    "haip-vp://authorize",
    "mdoc-openid4vp://",
)


@pytest.mark.parametrize("prefix", ["x509_hash", "redirect_uri"])
async def test_a_link_leads_to_the_wallet_that_is_named(
    site: Site, wallet: Wallet, credential: str, prefix: str
) -> None:
    """Section 5: the wallet's authorization endpoint, where it is not the scheme that every wallet may have."""
    for endpoint in WALLETS:
        named = {"authorization_endpoint": endpoint, "client_id_prefix": prefix}
        made = await ask(site, **named)
        link, start = made["authorization_request_uri"], f"{endpoint}{'&' if '?' in endpoint else '?'}client_id="
        assert link.startswith(f"{start}{prefix}%3A")
        assert (await wallet.present(link, credential, NAMES)).status == 200
        begun = await ask(site, **named, same_device=True)
        async with site.session.get(begun["start_uri"]) as page:
            assert f'href="{start}{prefix}%3A' in unescape(await page.text())
    by_value = await ask(site, authorization_endpoint=WALLETS[0], by_value=True)
    assert by_value["authorization_request_uri"].startswith(f"{WALLETS[0]}?client_id=x509_hash%3A")


@pytest.mark.parametrize(
    "endpoint",
    [
        *(
            "javascript://x/%0aalert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "blob:x",
            "file:///etc",
        ),
        *(
            "http://wallet.example",
            "https://",
            "https://wallet.example/#x",
            "wallet",
            "//wallet.example",
            "https://a@b.c",
        ),
        *("haip-vp:", "haip-vp://a b", 'haip-vp://a"b', "haip vp://", "", "x" * 600),
    ],
)
async def test_what_is_no_wallets_endpoint_is_no_link(site: Site, endpoint: str) -> None:
    body = {"dcql_query": query(), "authorization_endpoint": endpoint}
    status, problem = await site.api("POST", "/presentation-requests", body)
    assert (status, problem["code"]) in {(422, "invalid_request_terms"), (422, "invalid_input")}


async def test_the_page_of_a_browser_has_the_link_that_was_told(site: Site) -> None:
    made = await ask(site, same_device=True, request_uri_method="post")
    assert made["authorization_request_uri"].endswith("&request_uri_method=post")
    async with site.session.get(made["start_uri"]) as page:
        assert made["authorization_request_uri"] in unescape(await page.text())


async def test_a_request_describes_the_formats_that_it_asks_for_and_no_other(site: Site, wallet: Wallet) -> None:
    """A wallet that reads client_metadata strictly stumbles over no format that nobody asks it for."""
    mdl = {"id": "mdl", "format": "mso_mdoc", "meta": {"doctype_value": "org.iso.18013.5.1.mDL"}}
    for asked, formats in (
        (query(), {"dc+sd-jwt"}),
        ({"credentials": [*query()["credentials"], mdl]}, {"dc+sd-jwt", "mso_mdoc"}),
    ):
        made = await ask(site, asked)
        request = await wallet.request(made["authorization_request_uri"])
        assert request["client_metadata"]["vp_formats_supported"].keys() == formats


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"client_id_prefix": "unheard-of"}, "unknown_client_id_prefix"),
        ({"client_id_prefix": "origin"}, "invalid_request_terms"),
        ({"client_id_prefix": "pre-registered"}, "invalid_request"),
        ({"client_id_prefix": "verifier_attestation"}, "invalid_request"),
        ({"client_id_prefixes": ["x509_hash", "x509_san_dns"]}, "invalid_request_terms"),
        ({"response_mode": "dc_api", "client_id_prefix": "redirect_uri"}, "invalid_request_terms"),
        ({"response_mode": "dc_api", "origins": ["http://shop.example"]}, "invalid_request_terms"),
        ({"response_mode": "dc_api", "origins": ["https://shop.example/path"]}, "invalid_request_terms"),
        ({"origins": [ORIGIN]}, "invalid_request_terms"),
        ({"verifier_info": [{"format": "jwt"}]}, "invalid_request_terms"),
        ({"verifier_info": [{"format": "jwt", "data": "x", "credential_ids": ["other"]}]}, "invalid_request_terms"),
        ({"query": "unknown", "dcql_query": None}, "unknown_query"),
        # issued under this name, asked for and presented as jwt_vc_json
        ({"dcql_query": query(format="jwt_vc_json-ld", meta={"type_values": [["urn:a"]]})}, "unknown_format"),
    ],
)
async def test_terms_that_do_not_go_together(site: Site, body: dict[str, Any], code: str) -> None:
    full = {"dcql_query": query(), **body}
    status, problem = await site.api("POST", "/presentation-requests", {n: v for n, v in full.items() if v is not None})
    assert (status >= 400, problem["code"]) == (True, code)


HAIP = {"profile": "haip-1.0"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"redirect_uri": "https://shop.example/cb"}, 201),
        ({"same_device": True}, 201),
        ({}, 422),
        ({"redirect_uri": "https://shop.example/cb", "client_id_prefix": "x509_san_dns"}, 422),
        ({"redirect_uri": "https://shop.example/cb", "response_mode": "direct_post"}, 422),
        ({"response_mode": "dc_api.jwt"}, 201),
        ({"response_mode": "dc_api.jwt", "client_id_prefix": "origin"}, 201),
        ({"response_mode": "dc_api"}, 422),
        ({"response_mode": "fragment"}, 422),
    ],
)
@pytest.mark.parametrize("by_tenant", [True, False])
async def test_haip_limits_every_request(site: Site, body: dict[str, Any], status: int, by_tenant: bool) -> None:
    if by_tenant:
        await configure(site, profiles=["openid4vp-1.0", "haip-1.0"])
    asked = {"dcql_query": query(), **body, **({} if by_tenant else HAIP)}
    answered, problem = await site.api("POST", "/presentation-requests", asked)
    assert answered == status, problem
    assert status == 201 or problem["code"] == "not_by_profile"


async def test_a_haip_presentation(site: Site, wallet: Wallet, credential: str) -> None:
    made = await ask(site, redirect_uri="https://shop.example/cb", **HAIP)
    request = await wallet.request(made["authorization_request_uri"])
    (key,) = request["client_metadata"]["jwks"]["keys"]
    assert (key["crv"], key["alg"], key["use"]) == ("P-256", "ECDH-ES", "enc")
    assert request["client_metadata"]["encrypted_response_enc_values_supported"] == ["A128GCM", "A256GCM"]
    answer = await wallet.respond(request, {"pid": [wallet.presentation(credential, request, NAMES)]})
    assert answer.status == 200
    assert "response_code=" in answer.body["redirect_uri"]


async def test_verifier_info_goes_with_every_request(site: Site, wallet: Wallet) -> None:
    own, more = {"format": "jwt", "data": "own"}, {"format": "jwt", "data": "more", "credential_ids": ["pid"]}
    await configure(site, verifier_info=[own])
    made = await ask(site, verifier_info=[more])
    assert (await wallet.request(made["authorization_request_uri"]))["verifier_info"] == [own, more]


async def test_a_query_in_plain_words_is_stored_in_versions_and_used_by_name(
    site: Site, wallet: Wallet, credential: str
) -> None:
    words = [{"type": "pid", "claims": ["given_name"]}]
    status, first = await site.api("POST", "/dcql-queries", {"name": "who", "credentials": words})
    assert (status, first["version"]) == (201, 1)
    assert first["dcql_query"]["credentials"][0]["meta"] == {"vct_values": ["urn:eudi:pid:1"]}
    words[0]["claims"] = ["given_name", "family_name"]
    body = {"name": "who", "credentials": words, "purpose": {"en": "To greet you."}}
    assert (await site.api("POST", "/dcql-queries", body))[1]["version"] == 2
    _, listed = await site.api("GET", "/dcql-queries")
    assert [(one["version"], one["state"]) for one in listed["items"]] == [(1, "retired"), (2, "active")]
    assert (await site.api("GET", "/dcql-queries", key=site.beta.api_key))[1]["items"] == []
    status, made = await site.api("POST", "/presentation-requests", {"query": "who"})
    request = await wallet.request(made["authorization_request_uri"])
    assert [one["path"] for one in request["dcql_query"]["credentials"][0]["claims"]] == [
        ["given_name"],
        ["family_name"],
    ]
    assert (await wallet.present(made["authorization_request_uri"], credential, NAMES)).status == 200


DIGITAL = {
    "openid4vp-v1-unsigned": {"client_id_prefix": "origin"},
    "openid4vp-v1-signed": {"client_id_prefix": "x509_hash"},
    "openid4vp-v1-multisigned": {"client_id_prefixes": ["x509_hash", "decentralized_identifier"]},
}


@pytest.mark.parametrize("mode", ["dc_api", "dc_api.jwt"])
@pytest.mark.parametrize("protocol", DIGITAL)
async def test_d18_the_digital_credentials_api_binds_to_the_origin(
    site: Site, wallet: Wallet, credential: str, protocol: str, mode: str
) -> None:
    made = await ask(site, response_mode=mode, origins=[ORIGIN], **DIGITAL[protocol])
    path = f"/presentation-requests/{made['presentation_id']}"
    _, asked = await site.api("GET", f"{path}/digital-credential-request")
    assert asked["protocol"] == protocol
    request = digital_parameters(asked)
    unsigned = protocol == "openid4vp-v1-unsigned"
    assert request.get("expected_origins") == (None if unsigned else [ORIGIN])
    assert not {"state", "response_uri", "redirect_uri"} & request.keys()
    assert ("client_id" in request) == (protocol == "openid4vp-v1-signed")
    good = digital_answer(wallet, credential, asked, ORIGIN)
    # The page's origin is not one that may ask.
    status, _ = await site.api("POST", f"{path}/digital-credential", {"origin": "https://evil.example", "data": good})
    assert status == 400
    # What is posted to the response endpoint came another way than was asked.
    assert (await result(site, made))["ignored"] == ["answer_malformed"]
    status, found = await site.api("POST", f"{path}/digital-credential", {"origin": ORIGIN, "data": good})
    assert status < 300, found
    assert (found["state"], found["flow"]) == ("verified", "digital_credentials_api")


async def test_d18_an_answer_made_for_another_origin_is_refused(site: Site, wallet: Wallet, credential: str) -> None:
    made = await ask(site, response_mode="dc_api", origins=[ORIGIN])
    path = f"/presentation-requests/{made['presentation_id']}"
    _, asked = await site.api("GET", f"{path}/digital-credential-request")
    relayed = digital_answer(wallet, credential, asked, "https://evil.example")
    assert (await site.api("POST", f"{path}/digital-credential", {"origin": ORIGIN, "data": relayed}))[0] == 400
    assert (await result(site, made))["errors"] == ["invalid_key_binding"]


async def test_several_identities_sign_one_payload(site: Site) -> None:
    prefixes = ["x509_hash", "x509_san_dns", "decentralized_identifier"]
    info = [{"format": "jwt", "data": "x"}]
    made = await ask(site, response_mode="dc_api", origins=[ORIGIN], client_id_prefixes=prefixes, verifier_info=info)
    _, asked = await site.api("GET", f"/presentation-requests/{made['presentation_id']}/digital-credential-request")
    signed = asked["data"]["request"]
    scope = await site.scope()
    assert len(signed["signatures"]) == 3
    for prefix, one in zip(prefixes, signed["signatures"], strict=True):
        token = f"{one['protected']}.{signed['payload']}.{one['signature']}"
        jws.verify(jws.parse(token), scope.catalogue.key("verifier").jwk, {"ES256"})
        header = header_of(token)
        assert header["client_id"].startswith(f"{prefix}:")
        assert header["verifier_info"] == info
    assert not {"client_id", "verifier_info"} & claims_of(f".{signed['payload']}.").keys()


async def test_g1_the_chain_in_a_request_is_without_its_root(site: Site, wallet: Wallet) -> None:
    made = await ask(site)
    token = (await wallet.send("GET", parameters(made["authorization_request_uri"])["request_uri"])).body
    chain = [b64decode(one) for one in header_of(token)["x5c"]]
    assert not any(x509.load_certificate(one).self_issued for one in chain)


def test_published_transaction_data_hashes(vectors: Callable[[str], Any]) -> None:
    published = vectors("openid4vp/transaction_data.json")
    for algorithm, expected in published["transaction_data_hashes"].items():
        assert [digest(algorithm, one) for one in published["transaction_data"]] == expected
    sent = published["transaction_data"]
    assert list(transaction_data.shares(sent, ["pid"])) == [{"pid": tuple(sent)}]


async def test_plain_words_may_name_their_format(site: Site) -> None:
    words = [
        {"type": "urn:other:1", "format": "dc+sd-jwt", "claims": ["address.locality", "nationalities[]", "a[0].b"]}
    ]
    status, stored = await site.api("POST", "/dcql-queries", {"name": "words", "credentials": words})
    assert status == 201, stored
    (asked,) = stored["dcql_query"]["credentials"]
    assert asked["meta"] == {"vct_values": ["urn:other:1"]}
    assert [one["path"] for one in asked["claims"]] == [["address", "locality"], ["nationalities", None], ["a", 0, "b"]]
