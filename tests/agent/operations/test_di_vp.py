"""Key proofs of type di_vp (OpenID4VCI 1.0, F.2): presentations signed by the holder's key; abuse cases C4 and C6."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import base58
import pytest

from protocols import data_integrity
from protocols.ports import Securing
from tests.agent.operations.test_ldp_vc import CLAIMS, OB, V2
from tests.houses import Site
from tests.integrity import SigningKey, finish
from tests.wallets import Answer, Wallet

SUITES = ("eddsa-jcs-2022", "eddsa-rdfc-2022", "ecdsa-jcs-2019")


def jcs(value: Any) -> bytes:
    """RFC 8785, for text in ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def prove(key: SigningKey, issuer: str, nonce: str | None, **changes: Any) -> dict[str, Any]:
    """A di_vp, made and signed here: hash(configuration) || hash(document) (VC EdDSA and ECDSA Cryptosuites, 3.3.4)."""
    document = {"@context": [V2], "type": ["VerifiablePresentation"], "holder": key.did} | changes.pop("document", {})
    document = {name: value for name, value in document.items() if value is not None}
    options = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022" if key.algorithm == "EdDSA" else "ecdsa-jcs-2019",
        "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "verificationMethod": key.method,
        "proofPurpose": "authentication",
        "domain": issuer,
        "challenge": nonce,
    } | changes
    options = {name: value for name, value in options.items() if value is not None}
    configuration = {"@context": document["@context"], **options}
    hashed = hashlib.sha256(jcs(configuration)).digest() + hashlib.sha256(jcs(document)).digest()
    options = {"@context": document["@context"], **options}
    return {**document, "proof": {**options, "proofValue": "z" + base58.b58encode(key.sign(hashed)).decode()}}


def prove_by_rdf(site: Site, key: SigningKey, issuer: str, nonce: str) -> dict[str, Any]:
    """One with eddsa-rdfc-2022."""
    suite = site.house.plugins["cryptosuites"]["eddsa-rdfc-2022"]
    document = {"@context": [V2], "type": ["VerifiablePresentation"], "holder": key.did}
    proof = data_integrity.new_proof(
        suite.name, key.method, "authentication", datetime.now(UTC), challenge=nonce, domain=issuer
    )
    prepared = finish(suite.prepare(Securing(document, proof, "EdDSA", {}, None)))
    return {**document, "proof": suite.seal(prepared, key.sign(prepared.payload))}


@pytest.fixture
async def wallet(site: Site) -> Wallet:
    assert (await site.api("POST", "/issuer-keys", {}))[0] == 201
    body = {
        "credential_configuration_id": "badge",
        "format": "ldp_vc",
        "type": "OpenBadgeCredential",
        "algorithm": "EdDSA",
        "binding_methods": ["did:key"],
        "proof_types": {"di_vp": list(SUITES)},
        "status": None,
        "options": {"@context": [V2, OB], "cryptosuite": "eddsa-rdfc-2022"},
    }
    status, answer = await site.api("POST", "/credential-configurations", body)
    assert status == 201, answer
    return Wallet(site.session)


async def authorized(site: Site, wallet: Wallet) -> tuple[str, str]:
    body = {"credential_configuration_ids": ["badge"], "claims": CLAIMS}
    status, made = await site.api("POST", "/credential-offers", body)
    assert status == 201, made
    given = await wallet.offer(made["credential_offer_uri"])
    return given["credential_issuer"], (await wallet.token(given)).body["access_token"]


async def ask(wallet: Wallet, issuer: str, token: str, *proofs: Any) -> Answer:
    return await wallet.credential(issuer, token, {"di_vp": list(proofs)}, "badge")


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
async def test_a_presentation_proves_a_key(site: Site, wallet: Wallet, algorithm: str) -> None:
    issuer, token = await authorized(site, wallet)
    key = SigningKey(algorithm)
    answer = await ask(wallet, issuer, token, prove(key, issuer, await wallet.nonce(issuer)))
    assert answer.status == 200, answer
    assert answer.body["credentials"][0]["credential"]["credentialSubject"]["id"] == key.did


async def test_canonical_rdf_and_several_keys(site: Site, wallet: Wallet) -> None:
    issuer, token = await authorized(site, wallet)
    nonce, keys = await wallet.nonce(issuer), [SigningKey("EdDSA"), SigningKey("EdDSA")]
    proofs = [prove_by_rdf(site, keys[0], issuer, nonce), prove(keys[1], issuer, nonce)]
    answer = await ask(wallet, issuer, token, *proofs)
    assert answer.status == 200, answer
    subjects = [one["credential"]["credentialSubject"]["id"] for one in answer.body["credentials"]]
    assert subjects == [one.did for one in keys]


async def test_the_metadata_names_cryptosuites(site: Site, wallet: Wallet) -> None:
    issuer = site.alpha.credential_issuer
    shown = (await wallet.metadata(issuer))["credential_configurations_supported"]["badge"]
    assert shown["proof_types_supported"] == {"di_vp": {"proof_signing_alg_values_supported": list(SUITES)}}
    for wrong in ({"di_vp": ["ES256"]}, {"di_vp": ["bbs-2023"]}):
        body = {
            "credential_configuration_id": "other",
            "format": "ldp_vc",
            "type": "OpenBadgeCredential",
            "algorithm": "EdDSA",
            "binding_methods": ["did:key"],
            "proof_types": wrong,
            "status": None,
        }
        assert (await site.api("POST", "/credential-configurations", body))[0] == 422
    demanded = {"key_attestations_required": {}}
    assert (await site.api("PATCH", "/credential-configurations/badge", demanded))[0] == 422


async def test_c4_a_presentation_with_a_fault_is_refused(site: Site, wallet: Wallet) -> None:
    issuer, token = await authorized(site, wallet)
    nonce, key, other = await wallet.nonce(issuer), SigningKey("EdDSA"), SigningKey("EdDSA")
    good = prove(key, issuer, nonce)
    old = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    to_come = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    faults: dict[str, tuple[Any, str]] = {
        "no challenge": (prove(key, issuer, None), "invalid_proof"),
        "challenge of nobody": (prove(key, issuer, "x" * 43), "invalid_nonce"),
        "no domain": (prove(key, issuer, nonce, domain=None), "invalid_proof"),
        "domain of another": (prove(key, issuer, nonce, domain=site.beta.credential_issuer), "invalid_proof"),
        "two domains": (prove(key, issuer, nonce, domain=[issuer, "https://e.example"]), "invalid_proof"),
        "purpose": (prove(key, issuer, nonce, proofPurpose="assertionMethod"), "invalid_proof"),
        "old": (prove(key, issuer, nonce, created=old), "invalid_proof"),
        "to come": (prove(key, issuer, nonce, created=to_come), "invalid_proof"),
        "expired": (prove(key, issuer, nonce, expires=old), "invalid_proof"),
        "suite not offered": (prove(key, issuer, nonce, cryptosuite="ecdsa-rdfc-2019"), "invalid_proof"),
        "suite not known": (prove(key, issuer, nonce, cryptosuite="none"), "invalid_proof"),
        "holder of another": (prove(key, issuer, nonce, document={"holder": other.did}), "invalid_proof"),
        "signed by another": (
            prove(key, issuer, nonce, verificationMethod=other.method, document={"holder": None}),
            "invalid_proof",
        ),
        "key that is no DID's": (prove(key, issuer, nonce, verificationMethod="https://e.example/k"), "invalid_proof"),
        "key with a path": (prove(key, issuer, nonce, verificationMethod=f"{key.did}/x#y"), "invalid_proof"),
        "altered": ({**good, "id": "urn:uuid:2f0c4a5e-0000-4000-8000-000000000001"}, "invalid_proof"),
        "two proofs": ({**good, "proof": [good["proof"], good["proof"]]}, "invalid_proof"),
        "no proof": ({name: value for name, value in good.items() if name != "proof"}, "invalid_proof"),
        "a context from elsewhere": (
            prove_by_rdf(site, key, issuer, nonce) | {"@context": [V2, "https://e.example/context"]},
            "invalid_proof",
        ),
        "no presentation": (prove(key, issuer, nonce, document={"type": ["Other"]}), "invalid_proof"),
        "text": ("x", "invalid_proof"),
    }
    for fault, (proof, error) in faults.items():
        answer = await ask(wallet, issuer, token, proof)
        assert (answer.status, answer.error) == (400, error), fault
    assert (await ask(wallet, issuer, token, good)).status == 200


async def test_c6_one_bad_presentation_spoils_the_batch(site: Site, wallet: Wallet) -> None:
    issuer, token = await authorized(site, wallet)
    nonce, keys = await wallet.nonce(issuer), [SigningKey("EdDSA") for _ in range(11)]
    good = [prove(key, issuer, nonce) for key in keys]
    for proofs in ([good[0], good[0]], good, [good[0], prove(keys[1], issuer, nonce, domain="x")]):
        assert (await ask(wallet, issuer, token, *proofs)).error == "invalid_proof"
    assert (await ask(wallet, issuer, token, *good[:10])).status == 200
