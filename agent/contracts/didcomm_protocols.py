"""The suite of `chancery.didcomm_protocols`: what was received in which state leads to which state."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from agent.contracts.subjects import NOISE, Subject
from agent.contracts.subjects import pytest_generate_tests as pytest_generate_tests
from protocols.didcomm.envelope import Received, Trail
from protocols.didcomm.message import Message, parse_type
from protocols.didcomm.protocol import Feature, ThreadState, Transition, UnsupportedMessage
from protocols.encoding import render_json
from protocols.errors import ProtocolError

ALICE, BOB = "did:example:alice", "did:example:bob"


@dataclass(frozen=True, slots=True)
class Sample:
    """`begin`: parameters of a run of our own, None for a protocol that is never begun so; `closes`: such a run comes
    to its end with nobody's help but the peer's protocol. `names`: the messages that it knows. `answer`: what the agent
    answers to a question of the protocol."""

    names: tuple[str, ...]
    begin: Mapping[str, Any] | None = field(default_factory=dict)
    closes: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)
    answer: Callable[[Any], Any] | None = None


def received(subject: Subject, type_: str, body: Any, **more: Any) -> Received:
    """A message from Alice to Bob, authenticated and encrypted; `more` are members of the message."""
    message = Message("1", type_, body, ALICE, (BOB,), **more)
    return Received(message, Trail(("authcrypt",), (f"{BOB}#1",), f"{ALICE}#1"), ALICE, BOB)


def features(subject: Subject) -> tuple[Feature, ...]:
    """That we speak the protocol."""
    protocol = subject.built()
    return (Feature("protocol", protocol.identifier, tuple(protocol.roles)),)


def require_sound(subject: Subject, transition: Transition) -> None:
    """Plain JSON, of messages of this protocol alone, in a role of ours."""
    protocol = subject.built()
    assert transition.state.role in protocol.roles
    render_json(dict(transition.state.data))
    for out in transition.send:
        # Any protocol may report a problem in its thread, or acknowledge.
        everybodys = out.type.endswith(("/problem-report", "/ack"))
        assert out.type.startswith(protocol.identifier.rpartition(".")[0]) or everybodys
        render_json([dict(out.body), dict(out.headers), list(out.attachments)])


def test_it_says_what_it_is(subject: Subject) -> None:
    """A Protocol Identifier URI with a version, and roles."""
    protocol = subject.built()
    assert parse_type(f"{protocol.identifier}/message").protocol
    assert protocol.roles


def test_two_of_a_kind_come_to_an_end(subject: Subject) -> None:
    """What one side begins, the other answers, and nothing is sent for ever."""
    if subject.sample.begin is None:
        return
    begun = subject.built().begin(subject.sample.begin)
    require_sound(subject, begun)
    sides: list[ThreadState | None] = [begun.state, None]
    closed = [begun.closed, False]
    waiting = [(1, out) for out in begun.send]
    for _ in range(20):
        if not waiting:
            break
        side, out = waiting.pop(0)
        arrived = received(subject, out.type, out.body, headers=out.headers, attachments=out.attachments)
        moved = subject.built().receive(sides[side], arrived, features(subject))
        while moved.ask is not None:
            moved = subject.built().answered(moved.state, moved.ask, subject.sample.answer(moved.ask))
        require_sound(subject, moved)
        sides[side], closed[side] = moved.state, moved.closed
        waiting += [(1 - side, one) for one in moved.send]
    assert not waiting
    assert all(closed) or not subject.sample.closes


def test_a_message_that_it_does_not_know_is_refused(subject: Subject) -> None:
    """UnsupportedMessage."""
    with pytest.raises(UnsupportedMessage):
        arrived = received(subject, f"{subject.built().identifier}/surprise", {})
        subject.built().receive(None, arrived, features(subject))


def test_noise_in_a_body_is_a_refusal_and_no_crash(subject: Subject) -> None:
    """A ProtocolError, or a sound transition."""
    bodies = [one for one in NOISE if isinstance(one, dict)]
    bodies += [{name: noise} for name in ("queries", "code", "response_requested", "comment") for noise in NOISE[:-1]]
    states = [None, *(ThreadState(role, "surprise") for role in subject.built().roles)]
    for name in subject.sample.names:
        for body in bodies:
            for state in states:
                arrived = received(subject, f"{subject.built().identifier}/{name}", body)
                try:
                    moved = subject.built().receive(state, arrived, features(subject))
                except ProtocolError:
                    continue
                assert moved.state.role in subject.built().roles
