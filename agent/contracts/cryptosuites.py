"""The suite of `chancery.cryptosuites` (Verifiable Credential Data Integrity 1.0)."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from agent.contracts.keys import NOW, Key
from agent.contracts.subjects import Subject, finished, mutations
from agent.contracts.subjects import pytest_generate_tests as pytest_generate_tests
from protocols import data_integrity
from protocols.data_integrity import ProofGenerationError
from protocols.errors import ProtocolError
from protocols.ports import Securing

CREDENTIAL = {
    "@context": ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],
    "id": "urn:uuid:2f0c4a5e-0000-4000-8000-000000000002",
    "type": ["VerifiableCredential", "OpenBadgeCredential"],
    "name": "Diving",
    "issuer": {"id": "did:example:issuer", "type": ["Profile"], "name": "Issuer"},
    "validFrom": "2025-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:subject", "type": ["AchievementSubject"]},
}
CREDENTIAL_V1 = {
    "@context": [
        "https://www.w3.org/2018/credentials/v1",
        "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
    ],
    **{name: value for name, value in CREDENTIAL.items() if name not in ("@context", "validFrom")},
    "issuanceDate": "2025-01-01T00:00:00Z",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """`document` is what is secured; of a selective suite, `pointers` are shown and `hidden` is a text that is not.
    `verifies`: a document with its proof, and the public JWK, for a suite that makes none."""

    document: Mapping[str, Any] = field(default_factory=lambda: CREDENTIAL)
    mandatory: Sequence[str] = ("/issuer", "/validFrom")
    pointers: Sequence[str] = ("/credentialSubject/id",)
    hidden: str = "Diving"
    verifies: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None
    settings: Mapping[str, str] = field(default_factory=dict)


def secured(subject: Subject, key: Key) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """A document and a proof that can be verified: the base proof, derived where the suite derives."""
    suite, sample = subject.built(), subject.sample
    document = data_integrity.with_context(sample.document, suite.name, suite.legacy)
    proof = data_integrity.new_proof(suite.name, "did:example:issuer#key", "assertionMethod", NOW, legacy=suite.legacy)
    mandatory = sample.mandatory if suite.selective else ()
    securing = Securing(document, proof, key.algorithm, key.jwk, os.urandom, mandatory)
    prepared = finished(suite.prepare(securing))
    # A suite whose keys no store can use signs itself, with a key that came out of its seal.
    signature = finished(suite.sign(prepared, key.secret)) if hasattr(suite, "sign") else key.sign(prepared.payload)
    made = suite.seal(prepared, signature)
    if not suite.selective:
        return document, made
    shown = finished(suite.derive(document, made, sample.pointers, key.jwk, os.urandom))
    return data_integrity.unsecured(shown), shown["proof"]


def examples(subject: Subject) -> list[tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]]:
    """Document, proof and key: one for each algorithm, or the one that the author gives."""
    if subject.sample.verifies is not None:
        signed, jwk = subject.sample.verifies
        return [(data_integrity.unsecured(signed), signed["proof"], jwk)]
    keys = [Key(algorithm) for algorithm in subject.built().algorithms]
    return [(*secured(subject, key), key.jwk) for key in keys]


def test_it_is_called_as_it_is_installed(subject: Subject) -> None:
    """`name` is the name of the entry point; algorithms are named, or it makes no proofs and says so."""
    suite = subject.built()
    assert suite.name == subject.name
    assert isinstance(suite.legacy, bool)
    assert isinstance(suite.selective, bool)
    if not suite.algorithms:
        assert subject.sample.verifies is not None
        with pytest.raises(ProofGenerationError):
            suite.prepare(Securing(subject.sample.document, {}, "EdDSA", {}, os.urandom))


def test_a_proof_verifies_over_its_document_and_key(subject: Subject) -> None:
    """With every algorithm that it names."""
    for document, proof, jwk in examples(subject):
        finished(subject.built().verify(document, proof, jwk))


def test_a_proof_of_another_key_is_refused(subject: Subject) -> None:
    """A ProtocolError, as for a key of another kind."""
    for document, proof, jwk in examples(subject):
        algorithm = next((one for one in subject.built().algorithms if Key(one).jwk["crv"] == jwk["crv"]), "EdDSA")
        for other in (Key(algorithm).jwk, Key("ES256K").jwk):
            with pytest.raises(ProtocolError):
                finished(subject.built().verify(document, proof, other))


def test_no_changed_document_is_believed(subject: Subject) -> None:
    """A ProtocolError, whatever was changed, added or left out."""
    for document, proof, jwk in examples(subject):
        changed = [(one.where, one.value) for one in mutations(document, 12)]
        changed += [("added", {**document, "description": "King"})]
        changed += [(name, {key: value for key, value in document.items() if key != name}) for name in document]
        for where, value in changed:
            with pytest.raises(ProtocolError):
                finished(subject.built().verify(value, proof, jwk))
                pytest.fail(where)


def test_no_changed_proof_is_believed(subject: Subject) -> None:
    """A ProtocolError, whichever member was changed."""
    for document, proof, jwk in examples(subject):
        configured = {name: value for name, value in proof.items() if name not in ("type", "cryptosuite")}
        for one in mutations(configured, 40):
            with pytest.raises(ProtocolError):
                finished(subject.built().verify(document, {**proof, **one.value}, jwk))
                pytest.fail(one.where)


def test_what_is_not_selected_is_not_shown(subject: Subject) -> None:
    """A derived document has what is mandatory and selected, and nothing else."""
    if subject.built().selective:
        document, _, _ = examples(subject)[0]
        assert subject.sample.hidden not in repr(document)
        assert subject.sample.hidden in repr(subject.sample.document)
