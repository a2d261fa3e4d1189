"""Mobile documents from the offer to the verifier's verdict, over real HTTP and PostgreSQL."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import cbor2
import pytest
import pytest_asyncio
from cryptography import x509

from agent.operations.administering.create_tenant import create_tenant
from agent.scope.administering import CreatedTenant, CreateTenant
from protocols.cose.cbor import encode
from tests.agent.operations.mobile_wallet import (
    ELEMENTS,
    LICENCE,
    MDL,
    NAMESPACE,
    PORTRAIT,
    device_auth,
    present,
    transcript_of,
)
from tests.houses import Site
from tests.wallets import HolderKey, Wallet, unb64


@pytest_asyncio.fixture
async def motor(site: Site) -> CreatedTenant:
    """A tenant that issues driving licences."""
    request = CreateTenant("motor", "Motor", country="DE", configurations=("mdl", "pid"))
    return await create_tenant(await site.house.control(), request)


@pytest.fixture
def wallet(site: Site) -> Wallet:
    return Wallet(site.session)


async def issue(site: Site, motor: CreatedTenant, wallet: Wallet, keys: int = 1) -> tuple[list[str], str]:
    body = {"credential_configuration_ids": ["mdl"], "claims": {NAMESPACE: LICENCE}}
    status, made = await site.api("POST", "/credential-offers", body, key=motor.api_key)
    assert status == 201, made
    offer = await wallet.offer(made["credential_offer_uri"])
    issuer = offer["credential_issuer"]
    token = (await wallet.token(offer)).body["access_token"]
    nonce = await wallet.nonce(issuer)
    proofs = [wallet.proof(issuer, nonce, wallet.key if number == 0 else HolderKey()) for number in range(keys)]
    answer = await wallet.credential(issuer, token, {"jwt": proofs}, "mdl")
    assert answer.status == 200, answer
    return [one["credential"] for one in answer.body["credentials"]], made["issuance_id"]


async def ask(site: Site, motor: CreatedTenant, mode: str = "direct_post.jwt", **changes: Any) -> dict[str, Any]:
    claims = [{"path": [NAMESPACE, name], "intent_to_retain": False} for name in ELEMENTS]
    one = {"id": "mdl", "format": "mso_mdoc", "meta": {"doctype_value": MDL}, "claims": claims, **changes}
    body = {"dcql_query": {"credentials": [one]}, "response_mode": mode}
    status, made = await site.api("POST", "/presentation-requests", body, key=motor.api_key)
    assert status == 201, made
    return made


async def result(site: Site, motor: CreatedTenant, made: dict[str, Any]) -> dict[str, Any]:
    path = f"/presentation-requests/{made['presentation_id']}"
    return (await site.api("GET", path, key=motor.api_key))[1]


async def test_a_licence_is_issued_as_the_standard_has_it(site: Site, motor: CreatedTenant, wallet: Wallet) -> None:
    credentials, _ = await issue(site, motor, wallet, keys=2)
    issued, other = (cbor2.loads(unb64(one)) for one in credentials)
    items = [cbor2.loads(one.value) for one in issued["nameSpaces"][NAMESPACE]]
    values = {one["elementIdentifier"]: one["elementValue"] for one in items}
    assert values.keys() == LICENCE.keys()
    assert isinstance(values["portrait"], bytes)
    assert str(values["birth_date"]) == "1964-08-12"  # cbor2 reads tag 1004 as a date
    assert str(values["driving_privileges"][0]["issue_date"]) == "1982-09-01"
    assert all(len(one["random"]) == 32 for one in items)
    salts = {one["random"] for one in items}
    assert salts.isdisjoint(cbor2.loads(one.value)["random"] for one in other["nameSpaces"][NAMESPACE])
    protected, unprotected, payload, _ = issued["issuerAuth"]
    assert cbor2.loads(protected) == {1: -7}
    mso = cbor2.loads(cbor2.loads(payload).value)
    assert mso["docType"] == MDL
    assert mso["digestAlgorithm"] == "SHA-256"
    assert mso["deviceKeyInfo"]["deviceKey"][-2] == unb64(wallet.key.jwk["x"])
    assert mso["status"].keys() == {"status_list"}
    signer = x509.load_der_x509_certificate(unprotected[33])
    assert signer.subject.rfc4514_string().endswith("C=DE")
    assert mso["validityInfo"]["validUntil"] <= signer.not_valid_after_utc
    assert mso["validityInfo"]["signed"].microsecond == 0


async def test_the_metadata_names_doctype_and_cose_numbers(site: Site, motor: CreatedTenant, wallet: Wallet) -> None:
    metadata = await wallet.metadata(motor.credential_issuer)
    shown = metadata["credential_configurations_supported"]["mdl"]
    assert shown["doctype"] == MDL
    assert "vct" not in shown
    assert shown["credential_signing_alg_values_supported"] == [-7]
    assert shown["cryptographic_binding_methods_supported"] == ["cose_key"]
    paths = [tuple(one["path"]) for one in shown["credential_metadata"]["claims"] if one.get("mandatory")]
    assert len(paths) == 11
    assert all(namespace == NAMESPACE for namespace, _ in paths)
    assert metadata["credential_configurations_supported"]["pid"]["credential_signing_alg_values_supported"] == [
        "ES256"
    ]


@pytest.mark.parametrize("name", ["birth_date", "portrait", "driving_privileges", "un_distinguishing_sign"])
async def test_a_licence_without_a_mandatory_element_is_not_offered(
    site: Site, motor: CreatedTenant, name: str
) -> None:
    claims = {NAMESPACE: {element: value for element, value in LICENCE.items() if element != name}}
    body = {"credential_configuration_ids": ["mdl"], "claims": claims}
    assert (await site.api("POST", "/credential-offers", body, key=motor.api_key))[0] == 422


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt"])
async def test_a_licence_is_presented_and_verified(site: Site, motor: CreatedTenant, wallet: Wallet, mode: str) -> None:
    (credential,), _ = await issue(site, motor, wallet)
    made = await ask(site, motor, mode)
    request = await wallet.request(made["authorization_request_uri"])
    formats = request["client_metadata"]["vp_formats_supported"]["mso_mdoc"]
    assert {-7, -9} <= set(formats["issuerauth_alg_values"])
    assert not any(number < -65_000 for number in formats["deviceauth_alg_values"])  # no MAC is offered
    answer = await wallet.respond(request, {"mdl": [present(credential, wallet.key, transcript_of(request))]})
    assert answer.status == 200, answer
    found = await result(site, motor, made)
    assert found["state"] == "verified"
    (shown,) = found["credentials"]
    assert shown["claims"][NAMESPACE].keys() == set(ELEMENTS)
    assert shown["claims"][NAMESPACE]["portrait"].rstrip("=") == PORTRAIT.rstrip("=").replace("/", "_")
    assert shown["claims"][NAMESPACE]["driving_privileges"] == LICENCE["driving_privileges"]
    assert shown["checks"] == ["signature", "digests", "validity", "holder_binding"]


async def test_values_are_matched_after_conversion(site: Site, motor: CreatedTenant, wallet: Wallet) -> None:
    (credential,), _ = await issue(site, motor, wallet)
    for values, state in ((["Mustermann"], "verified"), (["Other"], "refused")):
        made = await ask(site, motor, claims=[{"path": [NAMESPACE, "family_name"], "values": values}])
        request = await wallet.request(made["authorization_request_uri"])
        await wallet.respond(request, {"mdl": [present(credential, wallet.key, transcript_of(request))]})
        assert (await result(site, motor, made))["state"] == state


async def test_a_licence_of_another_country_than_its_authority_is_not_issued(
    site: Site, motor: CreatedTenant, wallet: Wallet
) -> None:
    body = {"credential_configuration_ids": ["mdl"], "claims": {NAMESPACE: {**LICENCE, "issuing_country": "AT"}}}
    _, made = await site.api("POST", "/credential-offers", body, key=motor.api_key)
    offer = await wallet.offer(made["credential_offer_uri"])
    token = (await wallet.token(offer)).body["access_token"]
    proof = wallet.proof(motor.credential_issuer, await wallet.nonce(motor.credential_issuer))
    answer = await wallet.credential(motor.credential_issuer, token, {"jwt": [proof]}, "mdl")
    assert (answer.status, answer.error) == (400, "credential_request_denied")


Change = Callable[[dict[str, Any]], None]


def _signed_of(response: dict[str, Any]) -> dict[str, Any]:
    return response["documents"][0]["deviceSigned"]


def _without_signature(response: dict[str, Any]) -> None:
    _signed_of(response)["deviceAuth"] = {}


def _without_device_signed(response: dict[str, Any]) -> None:
    del response["documents"][0]["deviceSigned"]


def _as_mac(response: dict[str, Any]) -> None:
    _signed_of(response)["deviceAuth"] = {"deviceMac": [cbor2.dumps({1: 5}), {}, None, bytes(32)]}


def _both(response: dict[str, Any]) -> None:
    _signed_of(response)["deviceAuth"]["deviceMac"] = [cbor2.dumps({1: 5}), {}, None, bytes(32)]


def _self_attested(response: dict[str, Any]) -> None:
    content = cbor2.dumps({NAMESPACE: {"family_name": "Other"}})
    _signed_of(response)["nameSpaces"] = cbor2.CBORTag(24, content)


@pytest.mark.parametrize("change", [_without_signature, _without_device_signed, _as_mac, _both, _self_attested])
async def test_d5_without_the_devices_signature_a_document_is_refused(
    site: Site, motor: CreatedTenant, wallet: Wallet, change: Change
) -> None:
    (credential,), _ = await issue(site, motor, wallet)
    made = await ask(site, motor)
    request = await wallet.request(made["authorization_request_uri"])
    presentation = present(credential, wallet.key, transcript_of(request), change=change)
    assert (await wallet.respond(request, {"mdl": [presentation]})).status == 400
    assert (await result(site, motor, made))["state"] == "refused"


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "x509_hash:other"},
        {"nonce": "other"},
        {"thumbprint": None},
        {"thumbprint": bytes(32)},
        {"response_uri": "https://other.example/response"},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_d5_another_session_transcript_is_refused(
    site: Site, motor: CreatedTenant, wallet: Wallet, changes: dict[str, Any]
) -> None:
    (credential,), _ = await issue(site, motor, wallet)
    made = await ask(site, motor)
    request = await wallet.request(made["authorization_request_uri"])
    presentation = present(credential, wallet.key, transcript_of(request, **changes))
    assert (await wallet.respond(request, {"mdl": [presentation]})).status == 400
    found = await result(site, motor, made)
    assert (found["state"], found["errors"]) == ("refused", ["invalid_key_binding"])


async def test_d5_another_devices_signature_is_refused(site: Site, motor: CreatedTenant, wallet: Wallet) -> None:
    (credential,), _ = await issue(site, motor, wallet)
    made = await ask(site, motor)
    request = await wallet.request(made["authorization_request_uri"])
    presentation = present(credential, HolderKey(), transcript_of(request))
    assert (await wallet.respond(request, {"mdl": [presentation]})).status == 400
    assert (await result(site, motor, made))["errors"] == ["invalid_key_binding"]


def _items(response: dict[str, Any]) -> list[Any]:
    return response["documents"][0]["issuerSigned"]["nameSpaces"][NAMESPACE]


def _rewritten(response: dict[str, Any], **changes: Any) -> None:
    """The first element made again with other members."""
    item = {**cbor2.loads(_items(response)[0].value), **changes}
    _items(response)[0] = cbor2.CBORTag(24, encode(item))


def _other_value(response: dict[str, Any]) -> None:
    _rewritten(response, elementValue="Other")


def _reencoded(response: dict[str, Any]) -> None:
    item = cbor2.loads(_items(response)[0].value)
    _items(response)[0] = cbor2.CBORTag(24, encode(dict(reversed(item.items()))))


def _not_in_the_mso(response: dict[str, Any]) -> None:
    _rewritten(response, digestID=4711)


def _other_namespace(response: dict[str, Any]) -> None:
    namespaces = response["documents"][0]["issuerSigned"]["nameSpaces"]
    namespaces["other"] = namespaces.pop(NAMESPACE)


def _twice(response: dict[str, Any]) -> None:
    _items(response).append(_items(response)[0])


def _one_digest_id_twice(response: dict[str, Any]) -> None:
    _rewritten(response, digestID=cbor2.loads(_items(response)[1].value)["digestID"])


def _other_doctype(response: dict[str, Any]) -> None:
    response["documents"][0]["docType"] = "org.iso.18013.5.1.other"


def _two_documents(response: dict[str, Any]) -> None:
    response["documents"] *= 2


def _failed(response: dict[str, Any]) -> None:
    response["status"] = 10


def _short_salt(response: dict[str, Any]) -> None:
    _rewritten(response, random=bytes(8))


def _issuer_signature(response: dict[str, Any]) -> None:
    response["documents"][0]["issuerSigned"]["issuerAuth"][3] = bytes(64)


E8 = [_other_value, _reencoded, _not_in_the_mso, _other_namespace, _twice, _one_digest_id_twice, _other_doctype,
      _two_documents, _failed, _short_salt, _issuer_signature]  # fmt: skip


@pytest.mark.parametrize("change", E8)
async def test_e8_a_document_that_is_not_what_was_signed_is_refused(
    site: Site, motor: CreatedTenant, wallet: Wallet, change: Change
) -> None:
    (credential,), _ = await issue(site, motor, wallet)
    made = await ask(site, motor)
    request = await wallet.request(made["authorization_request_uri"])
    presentation = present(credential, wallet.key, transcript_of(request), change=change)
    assert (await wallet.respond(request, {"mdl": [presentation]})).status == 400
    assert (await result(site, motor, made))["state"] == "refused"


async def test_a_revoked_licence_is_refused(site: Site, motor: CreatedTenant, wallet: Wallet) -> None:
    (credential,), issuance = await issue(site, motor, wallet)
    await site.api("POST", f"/credentials/{issuance}/revoke", {}, key=motor.api_key)
    made = await ask(site, motor)
    request = await wallet.request(made["authorization_request_uri"])
    await wallet.respond(request, {"mdl": [present(credential, wallet.key, transcript_of(request))]})
    found = await result(site, motor, made)
    assert (found["state"], found["errors"]) == ("refused", ["credential_revoked"])


async def test_a_verifier_trusts_only_the_authorities_that_it_was_given(
    site: Site, motor: CreatedTenant, wallet: Wallet
) -> None:
    (credential,), _ = await issue(site, motor, wallet)
    for errors in (["untrusted_issuer"], ["status_unavailable"], []):
        made = await ask(site, site.alpha)
        request = await wallet.request(made["authorization_request_uri"])
        await wallet.respond(request, {"mdl": [present(credential, wallet.key, transcript_of(request))]})
        assert (await result(site, site.alpha, made))["errors"] == errors
        path, role = (
            ("/certificate-authority", "status") if errors == ["status_unavailable"] else ("/document-signing", "issue")
        )
        _, found = await site.api("GET", path, key=motor.api_key)
        pem = found["pem"] if role == "status" else found["iaca"]["pem"]
        anchor = {"certificate": pem, "roles": [role], "name": "Motor"}
        assert (await site.api("POST", "/trust-anchors", anchor))[0] == 201
        site.house.cache.clear()


async def test_documents_of_an_earlier_signer_stay_good(site: Site, motor: CreatedTenant, wallet: Wallet) -> None:
    (credential,), _ = await issue(site, motor, wallet)
    _, before = await site.api("GET", "/document-signing", key=motor.api_key)
    assert (await site.api("POST", "/document-signing/renew", {}, key=motor.api_key))[0] == 204
    site.house.cache.clear()
    _, after = await site.api("GET", "/document-signing", key=motor.api_key)
    assert after["iaca"] == before["iaca"]
    assert after["document_signer"]["pem"] != before["document_signer"]["pem"]
    (newer,), _ = await issue(site, motor, wallet)
    chains = [cbor2.loads(unb64(one))["issuerAuth"][1][33] for one in (credential, newer)]
    assert chains[0] != chains[1]
    for one in (credential, newer):
        made = await ask(site, motor)
        request = await wallet.request(made["authorization_request_uri"])
        await wallet.respond(request, {"mdl": [present(one, wallet.key, transcript_of(request))]})
        assert (await result(site, motor, made))["state"] == "verified"
    # Revoking the old signer takes back what it signed, and nothing else.
    _, there = await site.api("GET", "/keys", key=motor.api_key)
    (old,) = [one["id"] for one in there["items"] if (one["purpose"], one["state"]) == ("document_signer", "retiring")]
    assert (await site.api("POST", f"/keys/{old}/revoke", key=motor.api_key))[0] == 204
    for one, state in ((credential, "refused"), (newer, "verified")):
        made = await ask(site, motor)
        request = await wallet.request(made["authorization_request_uri"])
        await wallet.respond(request, {"mdl": [present(one, wallet.key, transcript_of(request))]})
        assert (await result(site, motor, made))["state"] == state


async def test_the_authoritys_certificate_leads_to_its_revocation_list(site: Site, motor: CreatedTenant) -> None:
    _, found = await site.api("GET", "/document-signing", key=motor.api_key)
    authority, signer = (
        x509.load_pem_x509_certificate(found[name]["pem"].encode()) for name in ("iaca", "document_signer")
    )
    for certificate in (authority, signer):
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        (address,) = points[0].full_name
        async with site.session.get(address.value) as answer:
            assert answer.status == 200
            assert answer.content_type == "application/pkix-crl"
            revoked = x509.load_der_x509_crl(await answer.read())
        assert revoked.is_signature_valid(authority.public_key())
        assert revoked.get_revoked_certificate_by_serial_number(signer.serial_number) is None
        assert revoked.next_update_utc > datetime.now(UTC)
    async with site.session.get(f"{motor.credential_issuer}/iaca/other.crl") as answer:
        assert answer.status == 404


def test_the_wallet_of_these_tests_signs_what_it_says() -> None:
    key = HolderKey()
    assert device_auth(key, [None, None, ["x", b""]]) != device_auth(key, [None, None, ["y", b""]])
