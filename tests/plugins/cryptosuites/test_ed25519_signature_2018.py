"""Ed25519Signature2018, which Credo presents with (`tests/interop/test_credo_ldp_vc.py`): what is refused of it."""

import json
from typing import Any

import pytest

from protocols import data_integrity
from protocols.data_integrity import hashing
from protocols.encoding import b64url
from protocols.errors import ProtocolError
from protocols.ports import Securing
from tests.integrity import SigningKey, finish, suites

DOCUMENT = {
    "@context": ["https://www.w3.org/2018/credentials/v1"],
    "type": ["VerifiablePresentation"],
    "holder": "did:example:holder",
}
HEADER = {"alg": "EdDSA", "b64": False, "crit": ["b64"]}
SUITE = "Ed25519Signature2018"


def signed(key: SigningKey, header: Any = HEADER, **more: Any) -> dict[str, Any]:
    proof = data_integrity.new_proof(SUITE, key.method, "authentication", None, legacy=True, **more)
    protected = b64url(json.dumps(header).encode())
    hashes = hashing.rdfc_hashes(DOCUMENT, proof, "sha256", {})
    return {**proof, "jws": f"{protected}..{b64url(key.sign(protected.encode() + b'.' + hashes))}"}


def test_a_signature_verifies_and_a_spoilt_one_does_not() -> None:
    key, suite = SigningKey("EdDSA"), suites({})[SUITE]
    proof = signed(key, challenge="c", domain="d")
    data_integrity.require_form(proof)
    finish(suite.verify(DOCUMENT, proof, key.jwk))
    protected, _, signature = proof["jws"].split(".")
    for spoilt in (
        {**proof, "challenge": "other"},
        {**proof, "jws": f"{protected}.eA.{signature}"},
        {**proof, "jws": f"{protected}..{signature[:-2]}"},
        {**proof, "jws": f"..{signature}"},
        {**proof, "jws": signature},
        signed(key, {"alg": "EdDSA"}),
        signed(key, {**HEADER, "kid": "x"}),
        signed(key, {**HEADER, "alg": "none"}),
    ):
        with pytest.raises(ProtocolError):
            finish(suite.verify(DOCUMENT, spoilt, key.jwk))
    with pytest.raises(ProtocolError):
        finish(suite.verify(DOCUMENT | {"holder": "did:example:other"}, proof, key.jwk))
    with pytest.raises(ProtocolError):
        finish(suite.verify(DOCUMENT, proof, SigningKey("EdDSA").jwk))


def test_it_is_never_made() -> None:
    key, suite = SigningKey("EdDSA"), suites({})[SUITE]
    with pytest.raises(data_integrity.ProofGenerationError):
        suite.prepare(Securing(DOCUMENT, {}, "EdDSA", key.jwk, None))
    assert suite.algorithms == ()


@pytest.mark.parametrize("name", ["jws", "proofValue"])
def test_no_proof_carries_a_second_signature_that_nothing_covers(name: str) -> None:
    proof = signed(SigningKey("EdDSA")) | {name: "zzz", "proofValue": "zzz"}
    with pytest.raises(data_integrity.ProofVerificationError):
        data_integrity.require_form(proof)
    other = data_integrity.new_proof("eddsa-jcs-2022", "did:example:a#b", "authentication", None)
    with pytest.raises(data_integrity.ProofVerificationError):
        data_integrity.require_form({**other, "proofValue": "zzz", "jws": "a..b"})
