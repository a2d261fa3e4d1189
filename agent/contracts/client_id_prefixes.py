"""The suite of `chancery.client_id_prefixes` (OpenID4VP 1.0, 5.9)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from agent.contracts.keys import HOST, ISSUER, certified
from agent.contracts.subjects import NOISE, Subject
from agent.contracts.subjects import pytest_generate_tests as pytest_generate_tests
from protocols.errors import Malformed, ProtocolError
from protocols.ports import ClientIdentity, KeyReference


@dataclass(frozen=True, slots=True)
class Sample:
    """`identity`: a verifier that can have such a client identifier; `prefixed`: whether the identifier shows it."""

    identity: ClientIdentity = field(
        default_factory=lambda: ClientIdentity(f"{ISSUER}/response", (HOST,), certified().chain)
    )
    prefixed: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)


def test_a_verifier_is_named_and_the_wallet_finds_who_must_have_signed(subject: Subject) -> None:
    """`signer` reads what `client_id` and `signing` wrote: a key, or None where the prefix forbids a signature."""
    prefix, identity = subject.built(), subject.sample.identity
    assert prefix.prefix == subject.name
    client_id, signing = prefix.client_id(identity), prefix.signing(identity)
    assert client_id.startswith(f"{prefix.prefix}:") is subject.sample.prefixed
    found = prefix.signer(client_id, signing.header)
    assert isinstance(found, KeyReference) if signing.signed else found is None


def test_the_clients_of_other_prefixes_and_other_clients_are_refused(subject: Subject) -> None:
    """A ProtocolError: nobody's header proves somebody else's client identifier."""
    prefix, identity = subject.built(), subject.sample.identity
    header = prefix.signing(identity).header
    others = ["other:client", f"other:{prefix.client_id(identity)}"]
    others += [f"{prefix.client_id(identity)}x"] if prefix.signing(identity).signed and subject.sample.prefixed else []
    for other in others:
        with pytest.raises(ProtocolError):
            prefix.signer(other, header)


def test_a_verifier_that_cannot_carry_it_is_refused(subject: Subject) -> None:
    """Malformed when the identity lacks what the prefix is made of."""
    with pytest.raises(Malformed):
        subject.built().client_id(ClientIdentity(""))


def test_noise_in_a_header_is_a_refusal_and_no_crash(subject: Subject) -> None:
    """A ProtocolError, or an answer that believes nobody."""
    prefix = subject.built()
    client_id = prefix.client_id(subject.sample.identity)
    for name in ("x5c", "kid", "jwt", "jwk", "typ"):
        for noise in NOISE:
            try:
                found = prefix.signer(client_id, {name: noise})
            except ProtocolError:
                continue
            assert found is None or isinstance(found, KeyReference)
