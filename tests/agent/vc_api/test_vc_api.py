"""The VC API over HTTP: who may call it, what it secures, what it refuses; abuse cases D6 and E12 to E14."""

import copy
import json
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import asyncpg
import pytest

from protocols import data_integrity
from protocols.did import multikey
from protocols.ports import Securing
from tests.houses import Site
from tests.integrity import SigningKey, finish, suites

V2 = "https://www.w3.org/ns/credentials/v2"
SUITES = {"eddsa-rdfc-2022": "EdDSA", "eddsa-jcs-2022": "EdDSA", "ecdsa-rdfc-2019": "ES256", "ecdsa-jcs-2019": "ES384"}
LEGACY = "https://w3id.org/security/suites/ed25519-2020/v1"


async def call(site: Site, path: str, body: Any, key: str | None = None, tenant: str = "alpha") -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with site.session.post(f"{site.url}/t/{tenant}/vc-api/{path}", json=body, headers=headers) as answer:
        return answer.status, await answer.json()


async def open_api(site: Site, mode: str = "open") -> dict[str, str]:
    """Turn it on; the tenant's did:key by algorithm."""
    status, _ = await site.api("PATCH", "/issuer", {"vc_api": mode})
    assert status == 204
    keys = [key for key in (await site.scope()).catalogue.keys if key.purpose in ("issuer", "assertion", "bbs")]
    return {key.algorithm: f"did:key:{encoded(key)}" for key in keys}


def encoded(key: Any) -> str:
    return key.kid if key.purpose == "bbs" else multikey.encode(key.jwk)


def credential(issuer: str, **more: Any) -> dict[str, Any]:
    return {
        "@context": [V2],
        "type": ["VerifiableCredential"],
        "issuer": issuer,
        "credentialSubject": {"id": "did:example:subject", "name": "Erika"},
        **more,
    }


def signed(document: dict[str, Any], key: SigningKey, purpose: str = "assertionMethod", **more: Any) -> dict[str, Any]:
    """A document that somebody else secured with eddsa-jcs-2022, `more` being members of the proof."""
    suite = suites({})["eddsa-jcs-2022"]
    method = more.pop("verificationMethod", key.method)
    proof = data_integrity.new_proof(suite.name, method, purpose, datetime.now(UTC), **more)
    prepared = finish(suite.prepare(Securing(document, proof, key.algorithm, key.jwk, None)))
    return data_integrity.with_proof(document, suite.seal(prepared, key.sign(prepared.payload)))


async def verdict(site: Site, document: Any, what: str = "credentials", **options: Any) -> tuple[int, str | None]:
    member = "verifiableCredential" if what == "credentials" else "verifiablePresentation"
    status, body = await call(site, f"eddsa-jcs-2022/{what}/verify", {member: document, "options": options})
    return status, body["problemDetails"][0]["code"] if body.get("problemDetails") else None


async def test_it_is_not_there_until_a_tenant_turns_it_on(site: Site) -> None:
    body = {"credential": credential("did:example:issuer")}
    path = "eddsa-rdfc-2022/credentials/issue"
    assert (await call(site, path, body))[0] == 401
    assert (await call(site, path, body, site.alpha.api_key))[0] == 404
    await open_api(site, "authenticated")
    assert (await call(site, path, body))[0] == 401
    assert (await call(site, path, body, site.beta.api_key))[0] == 403
    assert (await call(site, path, body, site.alpha.api_key))[0] == 400
    assert (await call(site, "no-such-suite/credentials/issue", body, site.alpha.api_key))[0] == 404
    await open_api(site, "open")
    assert (await call(site, path, body))[0] == 400
    assert (await call(site, path, body, tenant="beta"))[0] == 401


@pytest.mark.parametrize(("suite", "algorithm"), SUITES.items())
async def test_what_it_secures_it_verifies(site: Site, suite: str, algorithm: str) -> None:
    dids = await open_api(site)
    status, body = await call(site, f"{suite}/credentials/issue", {"credential": credential(dids[algorithm])})
    assert status == 201, body
    secured = body["verifiableCredential"]
    assert secured["proof"]["cryptosuite"] == suite
    status, body = await call(site, f"{suite}/credentials/verify", {"verifiableCredential": secured})
    assert status == 200, body
    changed = copy.deepcopy(secured)
    changed["credentialSubject"]["name"] = "Max"
    status, body = await call(site, f"{suite}/credentials/verify", {"verifiableCredential": changed})
    assert (status, body["problemDetails"][0]["type"]) == (400, "https://w3id.org/security#PROOF_VERIFICATION_ERROR")


async def test_the_suite_before_data_integrity(site: Site) -> None:
    did = (await open_api(site))["EdDSA"]
    document = credential(did) | {"@context": [V2, LEGACY]}
    path = "Ed25519Signature2020/credentials"
    status, body = await call(site, f"{path}/issue", {"credential": document})
    assert status == 201
    assert body["verifiableCredential"]["proof"]["type"] == "Ed25519Signature2020"
    assert (await call(site, f"{path}/verify", body))[0] == 200


async def test_a_second_proof_joins_the_set_and_both_must_hold(site: Site) -> None:
    dids, other = await open_api(site), SigningKey("EdDSA")
    _, body = await call(site, "eddsa-jcs-2022/credentials/issue", {"credential": credential(dids["EdDSA"])})
    _, body = await call(site, "eddsa-rdfc-2022/credentials/issue", {"credential": body["verifiableCredential"]})
    secured = body["verifiableCredential"]
    assert len(secured["proof"]) == 2
    assert (await verdict(site, secured))[0] == 200
    # Another may endorse it, but not instead of the issuer.
    endorsed = signed(credential(dids["EdDSA"]), other)["proof"]
    assert (await verdict(site, secured | {"proof": [secured["proof"][0], endorsed]}))[0] == 200
    assert await verdict(site, secured | {"proof": [endorsed]}) == (400, "INVALID_VERIFICATION_METHOD")


async def test_d6_one_good_proof_does_not_carry_a_bad_one(site: Site) -> None:
    did, other = (await open_api(site))["EdDSA"], SigningKey("EdDSA")
    _, body = await call(site, "eddsa-jcs-2022/credentials/issue", {"credential": credential(did)})
    secured = body["verifiableCredential"]
    of_another = signed(credential(did, name="x"), other)["proof"]
    for bad in (of_another, of_another | {"verificationMethod": secured["proof"]["verificationMethod"]}):
        for proofs in ([secured["proof"], bad], [bad, secured["proof"]]):
            assert (await verdict(site, secured | {"proof": proofs}))[0] == 400


async def test_nobody_elses_name_is_signed(site: Site) -> None:
    await open_api(site)
    status, body = await call(
        site, "eddsa-rdfc-2022/credentials/issue", {"credential": credential("did:example:issuer")}
    )
    assert (status, body["code"]) == (400, "PROOF_GENERATION_ERROR")


async def test_a_presentation_is_proved_and_verified(site: Site) -> None:
    dids = await open_api(site)
    _, body = await call(site, "eddsa-rdfc-2022/credentials/issue", {"credential": credential(dids["EdDSA"])})
    presentation = {
        "@context": [V2],
        "type": ["VerifiablePresentation"],
        "holder": dids["EdDSA"],
        "verifiableCredential": [body["verifiableCredential"]],
    }
    bound = {"challenge": "c-1", "domain": "verifier.example"}
    status, body = await call(
        site, "eddsa-rdfc-2022/presentations/prove", {"presentation": presentation, "options": bound}
    )
    assert status == 201, body
    proved = body["verifiablePresentation"]
    assert await verdict(site, proved, "presentations", **bound) == (200, None)
    assert await verdict(site, proved, "presentations", **bound | {"challenge": "c-2"}) == (
        400,
        "INVALID_CHALLENGE_ERROR",
    )
    assert await verdict(site, proved, "presentations", **bound | {"domain": "other"}) == (400, "INVALID_DOMAIN_ERROR")


async def test_d6_a_presentation_by_another_key_than_its_holders_is_refused(site: Site) -> None:
    await open_api(site)
    holder, thief = SigningKey("EdDSA"), SigningKey("EdDSA")
    presentation = {"@context": [V2], "type": ["VerifiablePresentation"], "holder": holder.did}
    own = signed(presentation, holder, "authentication", challenge="c", domain="d")
    assert await verdict(site, own, "presentations", challenge="c", domain="d") == (200, None)
    for stolen in (
        signed(presentation, thief, "authentication", challenge="c", domain="d"),
        signed(presentation, thief, "authentication", challenge="c", domain="d", verificationMethod=holder.method),
        own | {"proof": [own["proof"], signed(presentation, thief, "authentication", challenge="c")["proof"]]},
    ):
        assert (await verdict(site, stolen, "presentations", challenge="c", domain="d"))[0] == 400
    unsigned = {name: value for name, value in own.items() if name != "proof"}
    assert (await verdict(site, unsigned, "presentations"))[0] == 400
    inside = signed(
        presentation | {"verifiableCredential": [credential("did:example:issuer")]}, holder, "authentication"
    )
    assert (await verdict(site, inside, "presentations"))[0] == 400


async def test_e14_a_proof_for_another_purpose_or_by_a_key_that_is_not_listed_is_refused(site: Site) -> None:
    await open_api(site)
    key, other = SigningKey("EdDSA"), SigningKey("ES256")
    good = credential(key.did)
    assert await verdict(site, signed(good, key)) == (200, None)
    for document, code in (
        (signed(good, key, "authentication"), "PROOF_VERIFICATION_ERROR"),
        (signed(good, key, verificationMethod=f"{key.did}#other"), "INVALID_VERIFICATION_METHOD"),
        (signed(good, key, verificationMethod=other.method), "INVALID_VERIFICATION_METHOD"),
        (signed(good, key, verificationMethod="did:unknown:x#y"), "INVALID_VERIFICATION_METHOD"),
        (signed(good, key, verificationMethod="https://issuer.example/key"), "INVALID_VERIFICATION_METHOD"),
        (signed(credential("did:example:issuer"), key), "INVALID_VERIFICATION_METHOD"),
    ):
        assert await verdict(site, document) == (400, code)


async def test_e14_an_unknown_cryptosuite_and_an_expired_proof_are_refused(site: Site) -> None:
    await open_api(site)
    key = SigningKey("EdDSA")
    good = signed(credential(key.did), key)
    past = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    future = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for document in (
        good | {"proof": good["proof"] | {"cryptosuite": "eddsa-2099"}},
        good | {"proof": good["proof"] | {"type": "RsaSignature2018"}},
        good | {"proof": good["proof"] | {"cryptosuite": "ecdsa-jcs-2019"}},
        good | {"proof": good["proof"] | {"created": future}},
        good | {"proof": []},
        good | {"proof": [good["proof"], "text"]},
        good | {"proof": [good["proof"]] * 9},
        good | {"proof": good["proof"] | {"proofValue": 5}},
        signed(credential(key.did), key, expires=past),
        signed(credential(key.did, validUntil=past), key),
        signed(credential(key.did, validFrom=future), key),
    ):
        assert (await verdict(site, document))[0] == 400
    assert await verdict(site, signed(credential(key.did), key, expires=future)) == (200, None)


async def test_e12_what_a_context_hides_is_refused_at_the_door(site: Site) -> None:
    did = (await open_api(site))["EdDSA"]
    for document in (
        credential(did, undefinedClaim="x"),
        credential(did) | {"@context": [V2, "https://attacker.example/context"]},
        credential(did) | {"@context": [V2, {"VerifiableCredential": "https://attacker.example/other"}]},
        credential(did, type=["VerifiableCredential", "Undefined"]),
    ):
        status, _ = await call(site, "eddsa-rdfc-2022/credentials/issue", {"credential": document})
        assert status == 400


async def test_e12_a_poison_graph_is_refused_within_a_second_and_the_next_request_is_served(site: Site) -> None:
    did = (await open_api(site))["EdDSA"]
    path = "eddsa-rdfc-2022/credentials/issue"
    assert (await call(site, path, {"credential": credential(did)}))[0] == 201
    nodes = [f"_:b{number}" for number in range(10)]
    knows = {"knows": {"@id": "https://schema.org/knows", "@type": "@id"}}
    poison = [{"id": one, "knows": nodes} for one in nodes]
    hidden = credential(did, credentialSubject={"id": "did:example:s", "knows": poison}) | {"@context": [V2, knows]}
    began = monotonic()
    assert (await call(site, path, {"credential": hidden}))[1]["code"] == "too_complex"
    assert monotonic() - began < 1
    # As subjects, such nodes are refused for their names already.
    named = credential(did, credentialSubject=poison) | {"@context": [V2, knows]}
    assert (await call(site, path, {"credential": named}))[1]["code"] == "MALFORMED_VALUE_ERROR"
    assert (await call(site, path, {"credential": credential(did)}))[0] == 201


async def test_e13_numbers_that_json_cannot_carry_are_not_signed(site: Site) -> None:
    did = (await open_api(site))["EdDSA"]
    headers = {"Content-Type": "application/json"}
    text = json_text(credential(did)).replace('"Erika"', "9007199254740993")
    url = f"{site.url}/t/alpha/vc-api/eddsa-jcs-2022/credentials/issue"
    async with site.session.post(url, data=text, headers=headers) as answer:
        assert answer.status == 400
    twice = json_text(credential(did)).replace('"Erika"', '"Erika", "name": "Max"')
    async with site.session.post(url, data=twice, headers=headers) as answer:
        assert answer.status == 400


def json_text(document: dict[str, Any]) -> str:
    return json.dumps({"credential": document})


@pytest.mark.parametrize(
    ("suite", "algorithm"), [("ecdsa-sd-2023", "ES256"), ("bbs-2023", "BBS-BLS12-381-SHA-256")], ids=["ecdsa-sd", "bbs"]
)
async def test_the_holder_shows_a_part(site: Site, suite: str, algorithm: str) -> None:
    did = (await open_api(site))[algorithm]
    path = f"{suite}/credentials"
    document = credential(did, validUntil="2099-01-01T00:00:00Z")
    options = {"mandatoryPointers": ["/issuer", "/validUntil"]}
    status, body = await call(site, f"{path}/issue", {"credential": document, "options": options})
    assert status == 201, body
    base = body["verifiableCredential"]
    assert (await call(site, f"{path}/verify", {"verifiableCredential": base}))[0] == 400
    options = {"selectivePointers": ["/credentialSubject/id"]}
    status, body = await call(site, f"{path}/derive", {"verifiableCredential": base, "options": options})
    assert status == 201, body
    shown = body["verifiableCredential"]
    assert shown["credentialSubject"] == {"id": "did:example:subject"}
    assert shown["validUntil"] == document["validUntil"]
    assert (await call(site, f"{path}/verify", {"verifiableCredential": shown}))[0] == 200
    altered = shown | {"credentialSubject": {"id": "did:example:other"}}
    assert (await call(site, f"{path}/verify", {"verifiableCredential": altered}))[0] == 400
    assert (await call(site, f"{path}/derive", {"verifiableCredential": shown}))[0] == 400
    options = {"selectivePointers": ["/absent"]}
    assert (await call(site, f"{path}/derive", {"verifiableCredential": base, "options": options}))[0] == 400


async def test_a_bbs_key_lies_sealed_and_is_never_shown(site: Site) -> None:
    await open_api(site)
    (key,) = [one for one in (await site.scope()).catalogue.keys if one.purpose == "bbs"]
    secret = key.handle.reference
    assert secret not in repr(key)
    connection = await asyncpg.connect(site.database.admin)
    try:
        stored = await connection.fetch("SELECT * FROM agent.key_pairs WHERE purpose = 'bbs'")
    finally:
        await connection.close()
    assert len(stored) == 1
    assert all(secret.encode() not in bytes(value) for value in stored[0].values() if isinstance(value, bytes))
    assert all(secret not in str(value) for value in stored[0].values())


@pytest.mark.parametrize("suite", ["eddsa-rdfc-2022", "vc+jwt"])
async def test_a_credential_is_registered_in_lists_and_its_status_is_set(site: Site, suite: str) -> None:
    dids = await open_api(site)
    entries = [{"type": "BitstringStatusListEntry", "statusPurpose": name} for name in ("revocation", "suspension")]
    did = dids["EdDSA" if suite == "eddsa-rdfc-2022" else "ES256"]
    body = {"credential": credential(did, id="urn:uuid:1"), "options": {"credentialStatus": entries}}
    status, made = await call(site, f"{suite}/credentials/issue", body)
    assert status == 201, made
    secured = made["verifiableCredential"]
    assert (await call(site, f"{suite}/credentials/issue", body))[0] == 409, "an id is one credential's"
    if suite == "eddsa-rdfc-2022":
        assert [one["statusPurpose"] for one in secured["credentialStatus"]] == ["revocation", "suspension"]
    verify = f"{suite}/credentials/verify"
    for purpose, value, answer, code in (
        ("suspension", True, 200, 400),
        ("suspension", False, 200, 200),
        ("revocation", False, 400, 200),
        ("revocation", True, 200, 400),
        ("suspension", True, 409, 400),
    ):
        named = {"type": "BitstringStatusListEntry", "statusPurpose": purpose}
        change = {"credentialId": "urn:uuid:1", "credentialStatus": named, "status": value}
        assert (await call(site, f"{suite}/credentials/status", change))[0] == answer, (purpose, value)
        assert (await call(site, verify, {"verifiableCredential": secured}))[0] == code, (purpose, value)
    change = {"credentialId": "urn:uuid:2", "credentialStatus": entries[0], "status": True}
    assert (await call(site, f"{suite}/credentials/status", change))[0] == 404
    for wrong in (entries[0] | {"statusPurpose": "message"}, entries[0] | {"type": "Unheard"}, {"type": 1}, "x"):
        body = {"credential": credential(did), "options": {"credentialStatus": wrong}}
        assert (await call(site, f"{suite}/credentials/issue", body))[0] == 400, wrong
