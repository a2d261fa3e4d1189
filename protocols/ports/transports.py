"""Transports for DIDComm."""

from typing import ClassVar, Protocol, runtime_checkable

from protocols.ports.tools import Socket


class Transport(Protocol):
    """Sends packed messages to endpoints of its URI schemes. Waits."""

    schemes: ClassVar[frozenset[str]]

    async def send(self, endpoint: str, message: bytes, media_type: str) -> bytes | None:
        """Deliver one message; a reply on the same connection is returned. Raises FetchRefused, FetchFailed."""


@runtime_checkable
class KeepsConnections(Protocol):
    """A transport whose connections stay open for answers and live delivery, beside what `Transport` does."""

    async def open(self, endpoint: str) -> Socket:
        """A connection that stays. Raises FetchRefused, FetchFailed."""
