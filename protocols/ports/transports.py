"""Transports for DIDComm."""

from typing import ClassVar, Protocol

from protocols.ports.tools import Socket


class Transport(Protocol):
    """Sends packed messages to endpoints of its URI schemes. Waits."""

    schemes: ClassVar[frozenset[str]]

    stays: ClassVar[bool]
    """Whether a connection stays open for answers, so that `open` can be asked for one."""

    async def send(self, endpoint: str, message: bytes, media_type: str) -> bytes | None:
        """Deliver one message; a reply on the same connection is returned. Raises FetchRefused, FetchFailed."""

    async def open(self, endpoint: str) -> Socket:
        """A connection that stays. Raises FetchRefused, FetchFailed."""
