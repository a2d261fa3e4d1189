"""The suite of `chancery.key_proofs` (OpenID4VCI 1.0, 8.2.1 and appendix F)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from agent.contracts.keys import ISSUER, NOW, Key
from agent.contracts.subjects import NOISE, Subject, finished, mutations
from agent.contracts.subjects import pytest_generate_tests as pytest_generate_tests
from protocols.errors import ProtocolError
from protocols.jose.jwk import public
from protocols.openid4vci.errors import InvalidProof
from protocols.openid4vci.key_proof import ProofExpectations
from protocols.ports import KeyReference

NONCE = "n-0S6_WzA2Mj"


@dataclass(frozen=True, slots=True)
class Sample:
    """`make(key, audience, nonce, at)`: a proof that `key`, of P-256, verifies. `names_audience`: a proof says for whom
    it is; `algorithm` is the name of what it is signed with."""

    make: Callable[[Key, str, str, datetime], Any]
    names_audience: bool = True
    algorithm: str = "ES256"
    settings: Mapping[str, str] = field(default_factory=dict)


def expected(subject: Subject, **changes: Any) -> ProofExpectations:
    """What a proof must say, with changes."""
    given: dict[str, Any] = {"audience": ISSUER, "algorithms": {subject.sample.algorithm}, "now": NOW}
    return ProofExpectations(**(given | changes))


def believed(subject: Subject, proof: Any, key: Key, **changes: Any) -> Any:
    """The holder's keys. Raises a ProtocolError."""
    plugin = subject.built()
    return finished(plugin.verify(plugin.open(proof), key.jwk, expected(subject, **changes)))


def test_a_proof_shows_the_holders_keys(subject: Subject) -> None:
    """`open` names the key and the nonce, `verify` answers with public keys; `proof_type` is the entry point's name."""
    key, plugin = Key(), subject.built()
    assert plugin.proof_type == subject.name
    opened = plugin.open(subject.sample.make(key, ISSUER, NONCE, NOW))
    assert isinstance(opened.key, KeyReference)
    assert opened.nonce == NONCE
    shown = finished(plugin.verify(opened, key.jwk, expected(subject)))
    assert shown
    for jwk in shown:
        assert public(jwk) == dict(jwk)


def test_a_proof_for_somebody_else_of_another_key_or_of_another_time_is_refused(subject: Subject) -> None:
    """InvalidProof."""
    key = Key()
    proof = subject.sample.make(key, ISSUER, NONCE, NOW)
    believed(subject, proof, key)
    faults: list[tuple[Key, dict[str, Any]]] = [(Key(), {}), (key, {"now": NOW - timedelta(hours=1)})]
    if subject.sample.names_audience:
        faults += [(key, {"audience": f"{ISSUER}/other"}), (key, {"now": NOW + timedelta(days=1)})]
    for other, changes in faults:
        with pytest.raises(InvalidProof):
            believed(subject, proof, other, **changes)


def test_no_changed_proof_is_believed(subject: Subject) -> None:
    """A ProtocolError, wherever it was changed."""
    key = Key()
    for one in mutations(subject.sample.make(key, ISSUER, NONCE, NOW), 60):
        with pytest.raises(ProtocolError):
            believed(subject, one.value, key)
            pytest.fail(one.where)


def test_noise_is_no_proof(subject: Subject) -> None:
    """InvalidProof."""
    for noise in NOISE:
        with pytest.raises(InvalidProof):
            subject.built().open(noise)
