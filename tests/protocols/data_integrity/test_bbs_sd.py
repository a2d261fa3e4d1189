"""bbs-2023, baseline: the W3C's vectors step by step, and proofs of our own."""

import json
import secrets
from pathlib import Path
from typing import Any

import pytest

from protocols import bbs, data_integrity
from protocols.data_integrity import bbs_sd, disclosing
from protocols.data_integrity.grouping import group, places
from protocols.errors import ProtocolError
from protocols.ports import Securing
from tests.integrity import contexts, finish, suites


class Case:
    """The permanent resident card, and the windsurfing entry (whose context is in the document)."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name, self.added = folder / "data-integrity/bbs", name, contexts(folder)
        keys, material = self.read("BBSKeyMaterial.json"), self.read("BBSDeriveMaterial.json")
        self.secret, self.public = bytes.fromhex(keys["privateKeyHex"]), bytes.fromhex(keys["publicKeyHex"])
        self.hmac_key = bytes.fromhex(keys["hmacKeyString"])
        self.presented = bytes.fromhex(material["presentationHeaderHex"])
        words = "prCred" if name else "wind"
        self.mandatory, self.selective = self.read(f"{words}Mandatory.json"), self.read(f"{words}Selective.json")
        self.signed = self.step("addSignedSDBase")
        self.document, self.proof = data_integrity.unsecured(self.signed), self.signed["proof"]
        self.suite = suites(self.added)["bbs-2023"]

    def read(self, path: str) -> Any:
        return json.loads((self.folder / path).read_text())

    def step(self, name: str) -> Any:
        return self.read(f"{self.name}/{name}.json" if self.name else f"{name}.json")

    def entropy(self, size: int) -> bytes:
        """The published HMAC key where one is asked for."""
        return self.hmac_key if size == len(self.hmac_key) else secrets.token_bytes(size)


@pytest.fixture(params=["", "prc"], ids=["wind", "prc"])
def case(request: pytest.FixtureRequest, vectors_folder: Path) -> Case:
    return Case(vectors_folder, request.param)


def test_labels_groups_and_hashes_are_the_published_ones(case: Case) -> None:
    selections = {
        "mandatory": case.mandatory,
        "selective": case.selective,
        "combined": [*case.mandatory, *case.selective],
    }
    found = group(case.document, bbs_sd._shuffled(case.hmac_key), selections, case.added)
    assert found.quads == case.step("addBaseDocHMACCanon")
    mandatory, selective = found.groups["mandatory"], found.groups["selective"]
    assert [[place, quad] for place, quad in sorted(mandatory.matching.items())] == case.step("addBaseTransform")[
        "mandatory"
    ]["value"]
    indexes = case.step("derivedAdjIndexes")
    combined = sorted(found.groups["combined"].matching)
    assert places(sorted(mandatory.matching), combined) == indexes["adjMandatoryIndexes"]
    assert places(sorted(selective.matching), sorted(mandatory.others)) == indexes["adjSelectiveIndexes"]
    hashes = case.step("addHashData")
    assert disclosing.mandatory_hash(mandatory.matching).hex() == hashes["mandatoryHash"]
    assert disclosing.proof_hash(case.document, case.proof, case.added).hex() == hashes["proofHash"]


def test_the_published_base_proof_is_made_again(case: Case) -> None:
    bare = {name: value for name, value in case.proof.items() if name != "proofValue"}
    key = bbs_sd.jwk_of(case.public)
    securing = Securing(case.document, bare, bbs_sd.ALGORITHM, key, case.entropy, case.mandatory)
    prepared = finish(case.suite.prepare(securing))
    signature = finish(case.suite.sign(prepared, case.secret))
    assert signature.hex() == case.step("addRawBaseSignatureInfo")["bbsSignature"]
    assert case.suite.seal(prepared, signature) == case.proof


def test_the_published_derived_proof_verifies_and_ours_differs_in_what_is_random_alone(case: Case) -> None:
    key, published = bbs_sd.jwk_of(case.public), case.step("derivedRevealDocument")
    finish(case.suite.verify(data_integrity.unsecured(published), published["proof"], key))
    made = finish(case.suite.derive(case.document, case.proof, case.selective, key, case.entropy, case.presented))
    finish(case.suite.verify(data_integrity.unsecured(made), made["proof"], key))
    theirs, ours = (
        disclosing.parse(shown["proof"].pop("proofValue"), bbs_sd.DERIVED, 5) for shown in (published, made)
    )
    assert made == published
    assert (len(ours[0]), ours[1:]) == (len(theirs[0]), theirs[1:])


def test_the_published_key_is_a_multikey(case: Case) -> None:
    assert bbs_sd.decode(bbs_sd.encode(case.public)) == bbs_sd.jwk_of(case.public)
    assert bbs_sd.encode(bbs.public_key(case.secret)) == bbs_sd.encode(case.public)


def test_two_proofs_of_one_signature_have_nothing_in_common_and_what_is_spoilt_is_refused(case: Case) -> None:
    key, suite = bbs_sd.jwk_of(case.public), case.suite
    first, second = (
        finish(suite.derive(case.document, case.proof, case.selective, key, secrets.token_bytes, b"nonce"))
        for _ in range(2)
    )
    one, other = (disclosing.parse(shown["proof"]["proofValue"], bbs_sd.DERIVED, 5) for shown in (first, second))
    assert one[0][:144] != other[0][:144]
    assert one[1:] == other[1:]
    bare, render = data_integrity.unsecured(first), disclosing.render
    finish(suite.verify(bare, first["proof"], key))
    proof, labels, mandatory, chosen, presented = one
    for spoilt in (
        case.proof["proofValue"],
        render(bbs_sd.DERIVED, [proof, labels, mandatory, chosen, b"other"]),
        render(bbs_sd.DERIVED, [proof, labels, mandatory, chosen[:-1], presented]),
        render(bbs_sd.DERIVED, [proof, labels, mandatory[:-1], chosen, presented]),
        render(bbs_sd.DERIVED, [proof, {}, mandatory, chosen, presented]),
        render(bbs_sd.DERIVED, [proof, dict.fromkeys(labels, 0) | {7: 0}, mandatory, chosen, presented]),
        render(bbs_sd.DERIVED, [proof[:-1], labels, mandatory, chosen, presented]),
        render(bbs_sd.DERIVED, [proof, labels, mandatory, chosen, presented, b""]),
        render(b"\xd9\x5d\x05", [proof, labels, mandatory, chosen, presented]),
    ):
        with pytest.raises(ProtocolError):
            finish(suite.verify(bare, first["proof"] | {"proofValue": spoilt}, key))
    with pytest.raises(ProtocolError):
        finish(suite.verify(bare | {"issuer": "did:example:other"}, first["proof"], key))
    with pytest.raises(ProtocolError):
        finish(suite.verify(bare, first["proof"], bbs_sd.jwk_of(bbs.public_key(bbs.key_gen(bytes(32))))))
