"""The suite of `chancery.payment_gates`: what says whether an issuance is paid for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from agent.contracts.subjects import Subject, Web, awaited
from agent.contracts.subjects import pytest_generate_tests as pytest_generate_tests
from protocols.ports import Due
from protocols.ports.sources import InvalidSettings, SourceUnavailable
from protocols.ports.tools import FetchFailed

UNPAID = Due("1", "12.5", "EUR", recorded=False)


@dataclass(frozen=True, slots=True)
class Sample:
    """`configured`: the settings of a policy that it works by; `paid`: something due that is paid for, given `pages`,
    and `UNPAID` is not."""

    configured: Mapping[str, Any] = field(default_factory=dict)
    paid: Due = field(default_factory=lambda: Due("1", "12.5", "EUR", recorded=True))
    pages: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)


def test_settings_that_it_works_by_are_taken_and_others_refused(subject: Subject) -> None:
    """`kind` is the name of the entry point; InvalidSettings for a member that it does not know."""
    gate = subject.built()
    assert gate.kind == subject.name
    gate.require_settings(subject.sample.configured)
    with pytest.raises(InvalidSettings):
        gate.require_settings({**subject.sample.configured, "surprise": "king"})


@awaited
async def test_a_gate_is_shut_until_it_is_paid(subject: Subject) -> None:
    """False for what is not paid, True for what is."""
    sample: Sample = subject.sample
    assert await subject.built(Web(sample.pages)).paid(sample.configured, UNPAID) is False
    assert await subject.built(Web(sample.pages)).paid(sample.configured, sample.paid) is True


@awaited
async def test_silence_opens_no_gate(subject: Subject) -> None:
    """When nobody answers: False, or SourceUnavailable."""
    try:
        paid = await subject.built(Web(otherwise=FetchFailed("silence"))).paid(subject.sample.configured, UNPAID)
    except SourceUnavailable:
        return
    assert paid is False
