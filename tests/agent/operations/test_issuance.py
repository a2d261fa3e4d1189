"""OpenID4VCI 1.0 over real HTTP and PostgreSQL, two tenants always."""

import asyncio
import base64
import itertools
import json
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests.houses import PERSON, Site
from tests.wallets import HolderKey, Wallet, claims_of, header_of, unb64


async def offer(site: Site, **body: Any) -> dict[str, Any]:
    status, made = await site.api("POST", "/credential-offers", {"credential_configuration_ids": ["pid"], **body})
    assert status == 201, made
    return made


@pytest.fixture
def wallet(site: Site) -> Wallet:
    return Wallet(site.session)


async def authorized(site: Site, wallet: Wallet) -> tuple[str, str]:
    """An issuer and a token of it."""
    given = await wallet.offer((await offer(site))["credential_offer_uri"])
    return given["credential_issuer"], (await wallet.token(given)).body["access_token"]


@pytest.mark.parametrize("by_value", [False, True])
async def test_a_wallet_gets_what_was_offered(site: Site, wallet: Wallet, by_value: bool) -> None:
    made = await offer(site, claims={"given_name": "Ada", "family_name": "Lovelace"}, by_value=by_value)
    answer = await wallet.obtain(made["credential_offer_uri"])
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    issuer_jwt, *disclosures = answer.body["credentials"][0]["credential"].split("~")[:-1]
    claims, shown = claims_of(issuer_jwt), [json.loads(unb64(one))[1:] for one in disclosures]
    assert sorted(shown) == [["family_name", "Lovelace"], ["given_name", "Ada"]]
    assert claims["vct"] == "urn:eudi:pid:1"
    assert claims["cnf"]["jwk"] == wallet.key.jwk
    assert claims["status"]["status_list"]["uri"].startswith(site.alpha.credential_issuer)
    assert header_of(issuer_jwt)["typ"] == "dc+sd-jwt"
    state = (await site.api("GET", f"/credential-offers/{made['issuance_id']}"))[1]["state"]
    assert state == "issued"


async def test_metadata_stands_at_the_path_inserted_address(site: Site, wallet: Wallet) -> None:
    metadata = await wallet.metadata(site.alpha.credential_issuer)
    assert metadata["credential_issuer"] == site.alpha.credential_issuer
    assert set(metadata["credential_configurations_supported"]["pid"]["proof_types_supported"]) == {
        "attestation",
        "jwt",
    }
    answer = await wallet.send("GET", f"{site.url}/.well-known/oauth-authorization-server/t/alpha")
    assert answer.body["issuer"] == site.alpha.credential_issuer
    unknown = await wallet.send("GET", f"{site.url}/.well-known/openid-credential-issuer/t/nobody")
    assert unknown.status == 404


async def test_metadata_comes_signed_when_asked_for(site: Site, wallet: Wallet) -> None:
    url = f"{site.url}/.well-known/openid-credential-issuer/t/alpha"
    plain = await wallet.send("GET", url, headers={"Accept": "application/json, application/jwt;q=0.5"})
    assert plain.headers["Content-Type"].startswith("application/json")
    signed = await wallet.send("GET", url, headers={"Accept": "application/jwt"})
    assert signed.headers["Content-Type"] == "application/jwt"
    header, claims = header_of(signed.body), claims_of(signed.body)
    assert header["typ"] == "openidvci-issuer-metadata+jwt"
    assert claims.pop("sub") == claims.pop("iss") == site.alpha.credential_issuer
    assert isinstance(claims.pop("iat"), int)
    assert claims == plain.body
    leaf = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0]))
    key = leaf.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    text, _, signature = signed.body.rpartition(".")
    raw = unb64(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    key.verify(der, text.encode(), ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize(
    ("wanted", "locales"),
    [
        ("de-AT, en;q=0.5", {"de"}),
        ("en", {"en"}),
        ("fr, *", {"de", "en"}),
        ("fr", {"de", "en"}),
        ("de;q=0", {"de", "en"}),
    ],
)
async def test_metadata_speaks_the_wallets_language(site: Site, wallet: Wallet, wanted: str, locales: set[str]) -> None:
    url = f"{site.url}/.well-known/openid-credential-issuer/t/alpha"
    answer = await wallet.send("GET", url, headers={"Accept-Language": wanted})
    shown = answer.body["credential_configurations_supported"]["pid"]["credential_metadata"]
    assert {one["locale"] for one in shown["display"]} == locales
    assert {one["locale"] for claim in shown["claims"] for one in claim["display"]} == locales
    assert answer.headers.get("Content-Language") == (None if len(locales) > 1 else next(iter(locales)))


async def test_a_code_is_good_once(site: Site, wallet: Wallet) -> None:
    given = await wallet.offer((await offer(site))["credential_offer_uri"])
    answers = await asyncio.gather(*(wallet.token(given) for _ in range(20)))
    assert sorted(one.status for one in answers) == [200] + [400] * 19
    assert {one.error for one in answers if one.status == 400} == {"invalid_grant"}


async def test_a_taken_offer_is_not_served_again(site: Site, wallet: Wallet) -> None:
    made = await offer(site)
    given = await wallet.offer(made["credential_offer_uri"])
    await wallet.token(given)
    with pytest.raises(AssertionError):
        await wallet.offer(made["credential_offer_uri"])


async def test_the_transaction_code_is_asked_for_and_five_wrong_ones_end_the_offer(site: Site, wallet: Wallet) -> None:
    made = await offer(site, tx_code=True)
    given = await wallet.offer(made["credential_offer_uri"])
    missing = await wallet.token(given)
    assert (missing.status, missing.error) == (400, "invalid_request")
    wrong = made["tx_code"][:-1] + str((int(made["tx_code"][-1]) + 1) % 10)
    for _ in range(5):
        assert (await wallet.token(given, wrong)).error == "invalid_grant"
    assert (await wallet.token(given, made["tx_code"])).error == "invalid_grant"
    state = (await site.api("GET", f"/credential-offers/{made['issuance_id']}"))[1]["state"]
    assert state == "failed"


async def test_the_right_transaction_code_is_taken(site: Site, wallet: Wallet) -> None:
    made = await offer(site, tx_code=True)
    assert (await wallet.obtain(made["credential_offer_uri"], made["tx_code"])).status == 200


async def test_a_transaction_code_that_nobody_asked_for_is_refused(site: Site, wallet: Wallet) -> None:
    given = await wallet.offer((await offer(site))["credential_offer_uri"])
    assert (await wallet.token(given, "123456")).error == "invalid_request"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
        ({"pre-authorized_code": ""}, "invalid_request"),
        ({"pre-authorized_code": "guess"}, "invalid_grant"),
        ({"pre-authorized_code": "x" * 5000}, "invalid_grant"),
    ],
)
async def test_token_requests_that_are_refused(site: Site, wallet: Wallet, form: dict[str, str], error: str) -> None:
    given = await wallet.offer((await offer(site))["credential_offer_uri"])
    answer = await wallet.token(given, **form)
    assert (answer.status, answer.error) == (400, error)
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_nonce_is_good_once(site: Site, wallet: Wallet) -> None:
    issuer, first = await authorized(site, wallet)
    _, second = await authorized(site, wallet)
    proofs = {"jwt": [wallet.proof(issuer, await wallet.nonce(issuer))]}
    assert (await wallet.credential(issuer, first, proofs)).status == 200
    again = await wallet.credential(issuer, second, proofs)
    assert (again.status, again.error) == (400, "invalid_nonce")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"nonce": None}, "invalid_proof"),
        ({"nonce": "AAAA"}, "invalid_nonce"),
        ({"aud": "https://other.example"}, "invalid_proof"),
        ({"iat": 1}, "invalid_proof"),
        ({"iat": 4_000_000_000}, "invalid_proof"),
        ({"iat": None}, "invalid_proof"),
        ({"header": {"typ": "JWT"}}, "invalid_proof"),
        ({"header": {"alg": "none"}}, "invalid_proof"),
        ({"header": {"alg": "HS256"}}, "invalid_proof"),
        ({"header": {"kid": "did:example:1#2"}}, "invalid_proof"),
        ({"header": {"jwk": HolderKey().jwk}}, "invalid_proof"),
    ],
)
async def test_proofs_that_are_refused(site: Site, wallet: Wallet, changes: dict[str, Any], error: str) -> None:
    issuer, token = await authorized(site, wallet)
    changes = {"nonce": await wallet.nonce(issuer), **changes}
    nonce = changes.pop("nonce")
    answer = await wallet.credential(issuer, token, {"jwt": [wallet.proof(issuer, nonce, **changes)]})
    assert (answer.status, answer.error) == (400, error)
    good = {"jwt": [wallet.proof(issuer, await wallet.nonce(issuer))]}
    assert (await wallet.credential(issuer, token, good)).status == 200


async def test_another_tenants_nonce_and_token_are_strangers(site: Site, wallet: Wallet) -> None:
    issuer, token = await authorized(site, wallet)
    other = site.beta.credential_issuer
    foreign = {"jwt": [wallet.proof(issuer, await wallet.nonce(other))]}
    assert (await wallet.credential(issuer, token, foreign)).error == "invalid_nonce"
    proof = {"jwt": [wallet.proof(other, await wallet.nonce(other))]}
    answer = await wallet.credential(other, token, proof)
    assert (answer.status, answer.error) == (401, "invalid_token")
    assert "invalid_token" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "invalid_credential_request"),
        ({"credential_configuration_id": "pid", "credential_identifier": "x"}, "invalid_credential_request"),
        ({"credential_configuration_id": "other"}, "unknown_credential_configuration"),
        ({"credential_identifier": "x"}, "unknown_credential_identifier"),
        ({"credential_configuration_id": "pid"}, "invalid_proof"),
        ({"credential_configuration_id": "pid", "proofs": {"jwt": []}}, "invalid_proof"),
        ({"credential_configuration_id": "pid", "proofs": {"cwt": ["x"]}}, "invalid_proof"),
        ({"credential_configuration_id": "pid", "proof": {}}, "invalid_credential_request"),
        ({"credential_configuration_id": "pid", "credential_response_encryption": {}}, "invalid_encryption_parameters"),
    ],
)
async def test_credential_requests_that_are_refused(site: Site, wallet: Wallet, body: Any, error: str) -> None:
    issuer, token = await authorized(site, wallet)
    headers = {"Authorization": f"Bearer {token}"}
    answer = await wallet.send("POST", f"{issuer}/credential", json=body, headers=headers)
    assert (answer.status, answer.error) == (400, error)


async def test_a_request_without_a_token_is_challenged_without_an_error_code(site: Site, wallet: Wallet) -> None:
    answer = await wallet.send("POST", f"{site.alpha.credential_issuer}/credential", json={})
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_batch_has_a_credential_for_each_key_and_places_that_are_not_neighbours(
    site: Site, wallet: Wallet
) -> None:
    issuer, token = await authorized(site, wallet)
    nonce, keys = await wallet.nonce(issuer), [HolderKey() for _ in range(5)]
    answer = await wallet.credential(issuer, token, {"jwt": [wallet.proof(issuer, nonce, key) for key in keys]})
    found = [claims_of(one["credential"].split("~")[0]) for one in answer.body["credentials"]]
    assert [one["cnf"]["jwk"] for one in found] == [key.jwk for key in keys]
    places = sorted(one["status"]["status_list"]["idx"] for one in found)
    assert len(set(places)) == 5
    assert all(after - before > 1 for before, after in itertools.pairwise(places))


async def test_one_key_twice_is_no_batch(site: Site, wallet: Wallet) -> None:
    issuer, token = await authorized(site, wallet)
    nonce = await wallet.nonce(issuer)
    proofs = {"jwt": [wallet.proof(issuer, nonce), wallet.proof(issuer, nonce)]}
    assert (await wallet.credential(issuer, token, proofs)).error == "invalid_proof"


async def test_a_credential_is_issued_once_for_an_offer(site: Site, wallet: Wallet) -> None:
    issuer, token = await authorized(site, wallet)
    nonces = [await wallet.nonce(issuer) for _ in range(8)]
    requests = [wallet.credential(issuer, token, {"jwt": [wallet.proof(issuer, nonce)]}) for nonce in nonces]
    answers = await asyncio.gather(*requests)
    assert sorted(one.status for one in answers) == [200] + [400] * 7
    assert {one.error for one in answers if one.status != 200} == {"credential_request_denied"}


async def test_notifications_are_kept_and_strangers_refused(site: Site, wallet: Wallet) -> None:
    made = await offer(site)
    given = await wallet.offer(made["credential_offer_uri"])
    issuer, token = given["credential_issuer"], (await wallet.token(given)).body["access_token"]
    proof = wallet.proof(issuer, await wallet.nonce(issuer))
    issued = await wallet.credential(issuer, token, {"jwt": [proof]})
    headers, known = {"Authorization": f"Bearer {token}"}, issued.body["notification_id"]

    async def notify(body: Any, headers: Any = headers) -> Any:
        return await wallet.send("POST", f"{issuer}/notification", json=body, headers=headers)

    wrong = await notify({"notification_id": "nobody", "event": "credential_accepted"})
    assert wrong.error == "invalid_notification_id"
    assert (await notify({"notification_id": known, "event": "bought"})).error == "invalid_notification_request"
    stranger = await notify({"notification_id": known, "event": "credential_accepted"}, {"Authorization": "Bearer x"})
    assert stranger.status == 401
    for _ in range(2):
        assert (await notify({"notification_id": known, "event": "credential_accepted"})).status == 204
    shown = (await site.api("GET", f"/credential-offers/{made['issuance_id']}"))[1]
    assert (shown["state"], shown["notification"]) == ("notified", "credential_accepted")


async def test_claims_that_do_not_fit_the_type_are_not_offered(site: Site) -> None:
    body = {"credential_configuration_ids": ["pid"], "claims": {**PERSON, "birthdate": "yesterday"}}
    status, problem = await site.api("POST", "/credential-offers", body)
    assert (status, problem["code"]) == (422, "invalid_claims")
    assert "yesterday" not in json.dumps(problem)
