"""The suite of `chancery.trust_resolvers`: the one place where a key becomes believed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from agent.contracts.keys import NOW
from agent.contracts.subjects import NOISE, Subject, Web, awaited
from agent.contracts.subjects import pytest_generate_tests as pytest_generate_tests
from protocols.errors import ProtocolError
from protocols.jose.jwk import public
from protocols.ports import KeyReference, Purpose, TrustAnchor
from protocols.ports.tools import FetchFailed, FetchRefused


@dataclass(frozen=True, slots=True)
class Sample:
    """A `reference` that is believed for `purpose` because of `anchor`, None for a holder's key that needs none; and
    `pages` of the network that it takes. `names_issuer`: a reference may say whose the key must be."""

    reference: KeyReference
    purpose: Purpose = Purpose.ISSUE
    anchor: TrustAnchor | None = None
    pages: Mapping[str, Any] = field(default_factory=dict)
    names_issuer: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)


async def resolve(subject: Subject, anchors: tuple[TrustAnchor, ...], **changes: Any) -> Any:
    """What is believed. Raises a ProtocolError."""
    sample: Sample = subject.sample
    reference = changes.pop("reference", sample.reference)
    purpose = changes.pop("purpose", sample.purpose)
    return await subject.built(Web(sample.pages)).resolve(reference, purpose, anchors, NOW.timestamp())


def anchors_of(subject: Subject) -> tuple[TrustAnchor, ...]:
    """The sample's, as the tenant's anchors."""
    return (subject.sample.anchor,) if subject.sample.anchor else ()


@awaited
async def test_what_the_author_says_is_believed(subject: Subject) -> None:
    """A public JWK, with the anchor that is the reason; `kind` is the name of the entry point."""
    assert subject.built().kind == subject.name == subject.sample.reference.kind
    found = await resolve(subject, anchors_of(subject))
    assert public(found.jwk) == {name: value for name, value in found.jwk.items() if name in public(found.jwk)}
    assert found.anchor == subject.sample.anchor


@awaited
async def test_without_an_anchor_for_the_purpose_and_type_nobody_is_believed(subject: Subject) -> None:
    """A ProtocolError; a resolver of holders' keys believes none for any other purpose."""
    sample: Sample = subject.sample
    if sample.anchor is None:
        for purpose in set(Purpose) - {Purpose.HOLD}:
            with pytest.raises(ProtocolError):
                await resolve(subject, (), purpose=purpose)
        return
    typed = replace(sample.reference, type="urn:example:type")
    others = (
        (),
        (replace(sample.anchor, roles=frozenset({"surprise"})),),
        (replace(sample.anchor, identifier="https://other.example", certificate=None, public_keys=()),),
    )
    for anchors in others:
        with pytest.raises(ProtocolError):
            await resolve(subject, anchors)
    with pytest.raises(ProtocolError):
        await resolve(subject, (replace(sample.anchor, types=frozenset({"urn:other"})),), reference=typed)


@awaited
async def test_a_key_that_must_belong_to_somebody_else_is_refused(subject: Subject) -> None:
    """A ProtocolError when `issuer` is nobody whom the reference leads to."""
    if not subject.sample.names_issuer:
        return
    other = replace(subject.sample.reference, issuer="https://somebody.else.example")
    with pytest.raises(ProtocolError):
        await resolve(subject, anchors_of(subject), reference=other)


@awaited
async def test_noise_is_a_refusal_and_no_crash(subject: Subject) -> None:
    """A ProtocolError for whatever a reference holds."""
    for noise in NOISE:
        with pytest.raises(ProtocolError):
            reference = replace(subject.sample.reference, value=noise, issuer="x")
            await resolve(subject, anchors_of(subject), reference=reference)


@awaited
async def test_a_network_that_does_not_answer_makes_nobody_believed(subject: Subject) -> None:
    """A ProtocolError, FetchFailed or FetchRefused."""
    if subject.sample.pages:
        for fault in (FetchFailed("time"), FetchRefused("guard"), b"", b"[]", b"{}"):
            plugin = subject.built(Web(otherwise=fault))
            with pytest.raises((ProtocolError, FetchFailed, FetchRefused)):
                sample = subject.sample
                await plugin.resolve(sample.reference, sample.purpose, anchors_of(subject), NOW.timestamp())
