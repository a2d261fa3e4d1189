"""The W3C's vectors of the cryptosuites that sign two hashes: each intermediate value, and the signed documents."""

import json
from pathlib import Path
from typing import Any

import pytest

from protocols import data_integrity, json_ld
from protocols.data_integrity import ProofVerificationError, hashing, suites
from protocols.did import multikey
from protocols.errors import ProtocolError
from tests.integrity import contexts, finish
from tests.integrity import suites as installed

RDFC = [
    ("eddsa/eddsa-rdfc-2022", "DataInt", "sha256"),
    ("eddsa/eddsa-rdfc-2022/employ", "DataInt", "sha256"),
    ("eddsa/Ed25519Signature2020", "EdSig", "sha256"),
    ("ecdsa/ecdsa-rdfc-2019-p256", "ECDSAP256", "sha256"),
    ("ecdsa/ecdsa-rdfc-2019-p256/employ", "ECDSAP256", "sha256"),
    ("ecdsa/ecdsa-rdfc-2019-p384", "ECDSAP384", "sha384"),
    ("ecdsa/ecdsa-rdfc-2019-p384/employ", "ECDSAP384", "sha384"),
]
JCS = [
    ("eddsa/eddsa-jcs-2022", "JCS", "sha256"),
    ("ecdsa/ecdsa-jcs-2019-p256", "JCSECDSAP256", "sha256"),
    ("ecdsa/ecdsa-jcs-2019-p384", "JCSECDSAP384", "sha384"),
]


class Vector:
    """One folder."""

    def __init__(self, vectors_folder: Path, folder: str, suffix: str) -> None:
        self.folder, self.suffix = vectors_folder / "data-integrity" / folder, suffix
        self.signed: dict[str, Any] = self.json("signed")
        self.document = data_integrity.unsecured(self.signed)
        self.proof = self.signed["proof"]
        self.key = key_of(self.proof)
        self.suite = installed(contexts(vectors_folder))[data_integrity.cryptosuite_of(self.proof)]

    def text(self, name: str) -> str:
        return (self.folder / f"{name}{self.suffix}.txt").read_text()

    def json(self, name: str) -> Any:
        return json.loads((self.folder / f"{name}{self.suffix}.json").read_text())

    def verify(self, proof: dict[str, Any] | None = None, document: dict[str, Any] | None = None) -> None:
        finish(self.suite.verify(document or self.document, proof or self.proof, self.key))


def key_of(proof: dict[str, Any]) -> dict[str, Any]:
    return multikey.decode(proof["verificationMethod"].partition("#")[2])


@pytest.fixture(params=[*RDFC, *JCS], ids=lambda found: found[0].replace("/", "."))
def vector(request: pytest.FixtureRequest, vectors_folder: Path) -> Vector:
    folder, suffix, _ = request.param
    return Vector(vectors_folder, folder, suffix)


@pytest.mark.parametrize(("folder", "suffix", "digest"), RDFC)
def test_rdfc_suites_reach_every_published_value(vectors_folder: Path, folder: str, suffix: str, digest: str) -> None:
    found, added = Vector(vectors_folder, folder, suffix), contexts(vectors_folder)
    assert json_ld.canonicalize(found.document, digest, added) == found.text("canonDoc")
    assert json_ld.canonicalize(found.json("proofConfig"), digest, added) == found.text("proofCanon")
    hashes = hashing.rdfc_hashes(found.document, found.proof, digest, added)
    assert hashes.hex() == found.text("combinedHash").strip()


@pytest.mark.parametrize(("folder", "suffix", "digest"), JCS)
def test_jcs_suites_reach_every_published_value(vectors_folder: Path, folder: str, suffix: str, digest: str) -> None:
    found = Vector(vectors_folder, folder, suffix)
    proof = suites.jcs_configuration(found.document, found.proof)
    assert hashing.jcs_hashes(found.document, proof, digest).hex() == found.text("combinedHash").strip()


def test_a_published_proof_verifies(vector: Vector) -> None:
    data_integrity.require_form(vector.proof)
    vector.verify()
    assert hashing.signature_of(vector.proof, _algorithm(vector)).hex() == vector.text("sigHex").strip()
    assert vector.proof["proofValue"] == vector.text("sigBTC58").strip()


def _algorithm(vector: Vector) -> str:
    return {"Ed25519": "EdDSA", "P-256": "ES256", "P-384": "ES384"}[vector.key["crv"]]


def test_any_change_breaks_a_published_proof(vector: Vector) -> None:
    changed = {**vector.document, "credentialSubject": {**vector.document["credentialSubject"], "id": "did:example:b"}}
    spoilt = vector.proof["proofValue"][:-1] + ("2" if vector.proof["proofValue"][-1] != "2" else "3")
    for proof, document in (
        (None, changed),
        ({**vector.proof, "created": "2023-02-24T23:36:39Z"}, None),
        ({**vector.proof, "proofPurpose": "authentication"}, None),
        ({**vector.proof, "expires": "2123-02-24T23:36:39Z"}, None),
        ({**vector.proof, "proofValue": spoilt}, None),
        ({**vector.proof, "proofValue": vector.proof["proofValue"][1:]}, None),
        ({**vector.proof, "proofValue": "u" + vector.proof["proofValue"][1:]}, None),
        ({**vector.proof, "proofValue": "z" + "1" * 10_000}, None),
    ):
        with pytest.raises(ProtocolError):
            vector.verify(proof, document)


@pytest.mark.parametrize("name", ["signedProofSet1", "signedProofSet2", "signedProofChain1", "signedProofChain2"])
def test_published_sets_and_chains_verify(vectors_folder: Path, name: str) -> None:
    signed = json.loads((vectors_folder / f"data-integrity/eddsa/proof-set-chain/{name}.json").read_text())
    suite = installed(contexts(vectors_folder))["eddsa-rdfc-2022"]
    proofs = data_integrity.proofs_of(signed)
    for proof in proofs:
        finish(suite.verify(data_integrity.secured_by(signed, proof), proof, key_of(proof)))
    if "Chain" in name:
        # Without the proof before, the one after does not hold.
        broken = {**signed, "proof": [one for one in proofs if "previousProof" in one]}
        with pytest.raises(ProofVerificationError):
            data_integrity.secured_by(broken, broken["proof"][0])
