"""The suite of `chancery.claim_sources`: where the claims of an issuance come from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.contracts.subjects import Subject, Web, awaited
from agent.contracts.subjects import pytest_generate_tests as pytest_generate_tests
from protocols.ports import ClaimsFound, ClaimsLater, ClaimsRequest
from protocols.ports.sources import InvalidSettings, NoClaims, SourceUnavailable, SourceUntrustworthy
from protocols.ports.tools import FetchFailed

NOBODY = Web(otherwise=FetchFailed("silence"))


@dataclass(frozen=True, slots=True)
class Sample:
    """`configured`: the settings of a credential configuration that it works by. A source that can answer without a
    network says `claims` when it is given `given`, `account` or `record`, whichever is not None."""

    configured: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    account: Mapping[str, Any] | None = None
    record: Mapping[str, Any] | None = None
    claims: Mapping[str, Any] | None = None
    settings: Mapping[str, str] = field(default_factory=dict)


def request(sample: Sample, knows: bool) -> ClaimsRequest:
    """A request by somebody of whom the sample's facts are known, or nothing is."""

    async def account() -> Mapping[str, Any] | None:
        return sample.account if knows else None

    async def record(_table: str) -> Mapping[str, Any] | None:
        return sample.record if knows else None

    return ClaimsRequest(
        id="1",
        at=datetime(2026, 1, 1, tzinfo=UTC),
        issuance_id="2",
        credential_configuration_id="pid",
        type="urn:eudi:pid:1",
        subject=None,
        given=sample.given if knows else {},
        secrets=(b"secret",),
        account=account,
        record=record,
    )


def test_it_is_called_as_it_is_installed(subject: Subject) -> None:
    """`kind` is the name of the entry point."""
    assert subject.built().kind == subject.name


def test_settings_that_it_works_by_are_taken_and_others_refused(subject: Subject) -> None:
    """InvalidSettings for a member that it does not know."""
    source = subject.built()
    source.require_settings(subject.sample.configured)
    with pytest.raises(InvalidSettings):
        source.require_settings({**subject.sample.configured, "surprise": "king"})


@awaited
async def test_a_source_without_anything_to_say_makes_nothing_up(subject: Subject) -> None:
    """One of its three exceptions, or ClaimsLater with an interval."""
    source = subject.built(NOBODY)
    try:
        answer = await source.claims(subject.sample.configured, request(subject.sample, knows=False))
    except (NoClaims, SourceUnavailable, SourceUntrustworthy):
        return
    assert isinstance(answer, ClaimsLater)
    assert answer.interval > 0


@awaited
async def test_a_source_says_what_it_knows(subject: Subject) -> None:
    """ClaimsFound with the sample's claims and no others."""
    if subject.sample.claims is not None:
        source = subject.built(NOBODY)
        answer = await source.claims(subject.sample.configured, request(subject.sample, knows=True))
        assert answer == ClaimsFound(subject.sample.claims)
