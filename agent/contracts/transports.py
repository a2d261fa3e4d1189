"""The suite of `chancery.transports` (DIDComm Messaging 2.1, Transports)."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from agent.contracts.subjects import Subject, Web, awaited
from agent.contracts.subjects import pytest_generate_tests as pytest_generate_tests
from protocols.ports import Fetched
from protocols.ports.tools import FetchFailed, FetchRefused

ENCRYPTED = "application/didcomm-encrypted+json"


@dataclass(frozen=True, slots=True)
class Listening:
    """A peer at an endpoint: what arrived there, and the fetch that reaches it where the transport uses that."""

    endpoint: str
    received: list[bytes]
    web: Any = None


@asynccontextmanager
async def behind_the_fetch() -> Any:
    """A peer that the guarded fetch reaches."""
    web = Web(otherwise=Fetched(202, "text/plain", b""))
    yield Listening("https://peer.example/didcomm", web.posted, web)


@asynccontextmanager
async def behind_a_socket() -> Any:
    """A peer that the guarded fetch reaches by WebSocket."""
    async with behind_the_fetch() as peer:
        yield replace(peer, endpoint="wss://peer.example/didcomm")


@dataclass(frozen=True, slots=True)
class Sample:
    """`listen` opens an endpoint; `nobody` is one at which nobody listens."""

    listen: Callable[[], AbstractAsyncContextManager[Listening]] = behind_the_fetch
    nobody: str = "https://nobody.example/"
    settings: Mapping[str, str] = field(default_factory=dict)


@awaited
async def test_a_message_arrives_as_it_was_sent(subject: Subject) -> None:
    """Octet for octet, at an endpoint of one of its `schemes`."""
    async with subject.sample.listen() as peer:
        transport = subject.built(peer.web)
        assert peer.endpoint.partition(":")[0] in transport.schemes
        messages = [b"{}", b"\x00\xff" * 1000]
        for message in messages:
            assert await transport.send(peer.endpoint, message, ENCRYPTED) in (None, b"")
        assert peer.received == messages


@awaited
async def test_what_cannot_be_delivered_is_said(subject: Subject) -> None:
    """FetchFailed or FetchRefused, so that the outbox tries again or gives up."""
    for fault in (FetchRefused("guard"), FetchFailed("time"), Fetched(500, "text/plain", b""), None):
        with pytest.raises((FetchFailed, FetchRefused)):
            await subject.built(Web(otherwise=fault)).send(subject.sample.nobody, b"{}", ENCRYPTED)
