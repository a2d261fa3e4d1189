"""The suite of `chancery.status_mechanisms`: lists that say whether a credential still holds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from agent.contracts.keys import ISSUER, NOW, certified
from agent.contracts.subjects import NOISE, Subject, finished, mutations
from agent.contracts.subjects import pytest_generate_tests as pytest_generate_tests
from protocols.errors import ProtocolError
from protocols.jose.jwk import verify_signature
from protocols.ports import StatusList, StatusReference
from protocols.ports.status import OpenedStatusList

URI = f"{ISSUER}/lists/1"
PLACES = 131_072


@dataclass(frozen=True, slots=True)
class Sample:
    """`bits`: the sizes of a place that it can write; `publish`: a list's token, signed by the certified key, of a
    mechanism that is read and never published."""

    bits: tuple[int, ...] = (1,)
    publish: Callable[[StatusList], bytes] | None = None
    settings: Mapping[str, str] = field(default_factory=dict)


def published(subject: Subject, bits: int, values: Mapping[int, int], **times: Any) -> bytes:
    """A list token with these values, signed by the certified key."""
    mechanism, signer = subject.built(), certified()
    packed = bytearray(PLACES * bits // 8)
    for index, value in values.items():
        mechanism.write(packed, bits, index, value)
    given: dict[str, Any] = {"issued_at": NOW, "expires_at": NOW + timedelta(hours=1), "ttl": 300} | times
    status = StatusList(URI, bits, bytes(packed), **given)
    if subject.sample.publish is not None:
        made: bytes = subject.sample.publish(status)
        return made
    prepared = finished(mechanism.prepare(status, "ES256", signer.chain, None))
    token: bytes = mechanism.seal(prepared, signer.key.sign(prepared.payload))
    return token


def believed(subject: Subject, token: bytes, uri: str = URI, now: Any = NOW) -> StatusList:
    """As the agent believes a list: opened, then the signature. Raises a ProtocolError."""
    opened: OpenedStatusList = finished(subject.built().open(token, uri, now))
    if not verify_signature(certified().key.jwk, opened.algorithm, opened.signing_input, opened.signature):
        raise ProtocolError("signature")
    return opened.content


def test_a_reference_is_read_as_it_was_written(subject: Subject) -> None:
    """`claim` and `reference` are each other's inverse, under `member`; `name` is the name of the entry point."""
    mechanism = subject.built()
    assert mechanism.name == subject.name
    reference = StatusReference(mechanism.name, URI, 94_567)
    assert mechanism.reference(dict(mechanism.claim(reference))) == reference


def test_a_reference_that_cannot_be_one_is_refused(subject: Subject) -> None:
    """A ProtocolError for a member of another form, an index below zero or beyond all bounds."""
    mechanism = subject.built()
    for noise in (one for one in NOISE if isinstance(one, dict)):
        with pytest.raises(ProtocolError):
            mechanism.reference(noise)
    for index in (-1, 2**64):
        with pytest.raises(ProtocolError):
            mechanism.reference(dict(mechanism.claim(StatusReference(mechanism.name, URI, index))))


def test_what_is_written_is_read(subject: Subject) -> None:
    """Through the token, for every size of a place, first place and last."""
    for bits in subject.sample.bits:
        values = {0: 1, 1: 2**bits - 1, 7: 1, 8: 1, 1000: 2**bits - 1, PLACES - 1: 1}
        found = believed(subject, published(subject, bits, values))
        for index in (*values, 2, 9, 1001):
            assert finished(subject.built().read(found, index)) == values.get(index, 0)


def test_an_index_beyond_the_list_is_an_error_and_no_status(subject: Subject) -> None:
    """A ProtocolError."""
    found = believed(subject, published(subject, subject.sample.bits[0], {}))
    for index in (PLACES, PLACES + 7, 2**40, -1):
        with pytest.raises(ProtocolError):
            finished(subject.built().read(found, index))


def test_a_list_of_another_address_and_one_of_the_past_are_refused(subject: Subject) -> None:
    """A ProtocolError: the token names its address, and ends."""
    token = published(subject, subject.sample.bits[0], {})
    with pytest.raises(ProtocolError):
        believed(subject, token, uri=f"{URI}0")
    with pytest.raises(ProtocolError):
        believed(subject, token, now=NOW + timedelta(days=2))


def test_no_changed_token_is_believed(subject: Subject) -> None:
    """A ProtocolError, wherever a character was changed."""
    token = published(subject, subject.sample.bits[0], {5: 1})
    for one in mutations(token, 60):
        with pytest.raises(ProtocolError):
            believed(subject, one.value)
            pytest.fail(one.where)


def test_noise_is_no_token(subject: Subject) -> None:
    """A ProtocolError for whatever bytes are served."""
    for noise in (b"", b"x", b"\xff" * 40, b"{}", b"[]", b"a.b.c", b"e30.e30.e30", b"A" * 10_000):
        with pytest.raises(ProtocolError):
            believed(subject, noise)
