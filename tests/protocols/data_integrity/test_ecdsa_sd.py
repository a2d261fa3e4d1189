"""ecdsa-sd-2023: the W3C's vectors step by step, and proofs of our own."""

import json
from pathlib import Path
from typing import Any

import pytest

from protocols import data_integrity
from protocols.data_integrity import disclosing, ecdsa_sd
from protocols.data_integrity.grouping import group, places
from protocols.did import multikey
from protocols.errors import ProtocolError
from protocols.ports import Securing
from tests.integrity import SigningKey, contexts, finish, suites

HMAC_KEY = bytes.fromhex("00112233445566778899AABBCCDDEEFF" * 2)


class Case:
    """One folder of the vectors."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder / "data-integrity/ecdsa"
        self.name, self.added = name, contexts(folder)
        words = {"prc": "prCred", "employ": "employ"}[name]
        self.mandatory, self.selective = self.read(f"{words}Mandatory.json"), self.read(f"{words}Selective.json")
        self.signed = self.read(f"ecdsa-sd-2023/{name}/addSignedSDBase.json")
        self.document = data_integrity.unsecured(self.signed)
        self.revealed = self.read(f"ecdsa-sd-2023/{name}/derivedRevealDocument.json")

    def read(self, path: str) -> Any:
        return json.loads((self.folder / path).read_text())

    def step(self, name: str) -> Any:
        return self.read(f"ecdsa-sd-2023/{self.name}/{name}.json")


@pytest.fixture(params=["prc", "employ"])
def case(request: pytest.FixtureRequest, vectors_folder: Path) -> Case:
    return Case(vectors_folder, request.param)


def test_labels_and_groups_are_the_published_ones(case: Case) -> None:
    selections = {
        "mandatory": case.mandatory,
        "selective": case.selective,
        "combined": [*case.mandatory, *case.selective],
    }
    found = group(case.document, ecdsa_sd._hmac_labels(HMAC_KEY), selections, case.added)
    assert found.quads == case.step("addBaseDocHMACCanon")
    transform = case.step("addBaseTransform")
    assert [[place, quad] for place, quad in sorted(found.groups["mandatory"].matching.items())] == transform[
        "mandatory"
    ]["value"]
    indexes = case.step("derivedGroupIndexes")
    assert sorted(found.groups["combined"].matching) == indexes["combinedIndexes"]
    assert sorted(found.groups["selective"].matching) == indexes["selectiveIndexes"]
    relative = places(indexes["mandatoryIndexes"], indexes["combinedIndexes"])
    assert relative == case.step("derivedAdjMandatoryIndexes")["adjMandatoryIndexes"]
    hashes = case.step("addHashData")
    assert disclosing.mandatory_hash(found.groups["mandatory"].matching).hex() == hashes["mandatoryHash"]
    assert disclosing.proof_hash(case.document, case.signed["proof"], case.added).hex() == hashes["proofHash"]


def test_the_published_base_proof_gives_the_published_derived_one(case: Case) -> None:
    suite, proof = suites(case.added)["ecdsa-sd-2023"], case.signed["proof"]
    document = data_integrity.unsecured(case.signed)
    derived = finish(suite.derive(document, proof, case.selective, {}, None))
    assert derived == case.revealed
    finish(suite.verify(data_integrity.unsecured(derived), derived["proof"], issuer_of(proof)))


def issuer_of(proof: dict[str, Any]) -> dict[str, Any]:
    return multikey.decode(proof["verificationMethod"].partition("#")[2])


def secured(case: Case, key: SigningKey, mandatory: list[str]) -> dict[str, Any]:
    suite = suites(case.added)["ecdsa-sd-2023"]
    proof = data_integrity.new_proof(suite.name, key.method, "assertionMethod", None)
    fresh = iter(range(1, 1000))
    securing = Securing(case.document, proof, "ES256", key.jwk, lambda size: bytes([next(fresh)]) * size, mandatory)
    prepared = finish(suite.prepare(securing))
    return {**case.document, "proof": suite.seal(prepared, key.sign(prepared.payload))}


def test_a_proof_of_ours_is_derived_and_verified(case: Case) -> None:
    key, suite = SigningKey("ES256"), suites(case.added)["ecdsa-sd-2023"]
    base = secured(case, key, case.mandatory)
    document = data_integrity.unsecured(base)
    for pointers in (case.selective, [], ["/credentialSubject"], ["/credentialSubject/birthCountry"]):
        shown = finish(suite.derive(document, base["proof"], pointers, key.jwk, None))
        bare = data_integrity.unsecured(shown)
        finish(suite.verify(bare, shown["proof"], key.jwk))
        spoilt = bare | {"issuer": "did:example:other"}
        with pytest.raises(ProtocolError):
            finish(suite.verify(spoilt, shown["proof"], key.jwk))
        with pytest.raises(ProtocolError):
            finish(suite.verify(bare, shown["proof"], SigningKey("ES256").jwk))
        with pytest.raises(ProtocolError):
            finish(suite.verify(bare, shown["proof"] | {"created": "2020-01-01T00:00:00Z"}, key.jwk))


def test_what_is_not_a_derived_proof_is_not_believed(case: Case) -> None:
    key, suite = SigningKey("ES256"), suites(case.added)["ecdsa-sd-2023"]
    base = secured(case, key, case.mandatory)
    document = data_integrity.unsecured(base)
    shown = finish(suite.derive(document, base["proof"], case.selective, key.jwk, None))
    bare, value = data_integrity.unsecured(shown), shown["proof"]["proofValue"]
    signature, public, signatures, labels, indexes = disclosing.parse(value, ecdsa_sd.DERIVED, 5)
    render = disclosing.render
    for other in (
        base["proof"]["proofValue"],
        "z" + value[1:],
        value[:-4],
        value + "AA",
        "u2V0B",
        render(ecdsa_sd.DERIVED, [signature, public, signatures[:-1], labels, indexes]),
        render(ecdsa_sd.DERIVED, [signature, public, signatures[::-1], labels, indexes]),
        render(ecdsa_sd.DERIVED, [signature, public, [], labels, list(range(len(signatures) + len(indexes)))]),
        render(ecdsa_sd.DERIVED, [signature, public, signatures, {}, indexes]),
        render(ecdsa_sd.DERIVED, [signature, public, signatures, labels, indexes[:-1]]),
        render(ecdsa_sd.DERIVED, [signature, public, signatures, labels, [*indexes, 9999]]),
        render(ecdsa_sd.DERIVED, [signature, public, signatures, labels, indexes, 1]),
        render(ecdsa_sd.DERIVED, [signature[:-1], public, signatures, labels, indexes]),
    ):
        with pytest.raises(ProtocolError):
            finish(suite.verify(bare, shown["proof"] | {"proofValue": other}, key.jwk))


@pytest.mark.parametrize("pointer", ["/absent", "/issuer/absent", "/credentialSubject/type/9", "", "x"])
def test_a_pointer_that_leads_nowhere_is_refused(vectors_folder: Path, pointer: str) -> None:
    with pytest.raises(ProtocolError):
        secured(Case(vectors_folder, "prc"), SigningKey("ES256"), [pointer])


def test_a_text_that_looks_like_a_blank_node_is_text() -> None:
    key, suite = SigningKey("ES256"), suites({})["ecdsa-sd-2023"]
    text = 'says "<urn:bnid:s1> _:b0 _:c14n0"\n\u0085 and \\ more'
    document = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "issuer": key.did,
        "credentialSubject": {"name": "Erika", "description": text},
    }
    fresh = iter(range(1, 1000))
    proof = data_integrity.new_proof(suite.name, key.method, "assertionMethod", None)
    securing = Securing(document, proof, "ES256", key.jwk, lambda size: bytes([next(fresh)]) * size, ["/issuer"])
    prepared = finish(suite.prepare(securing))
    base = suite.seal(prepared, key.sign(prepared.payload))
    shown = finish(suite.derive(document, base, ["/credentialSubject/description"], key.jwk, None))
    assert shown["credentialSubject"] == {"description": text}
    finish(suite.verify(data_integrity.unsecured(shown), shown["proof"], key.jwk))
