"""Transports for DIDComm."""

from typing import ClassVar, Protocol


class Transport(Protocol):
    """Sends packed messages to endpoints of its URI schemes. Waits."""

    schemes: ClassVar[frozenset[str]]

    async def send(self, endpoint: str, message: bytes, media_type: str) -> bytes | None:
        """Deliver one message; a reply on the same connection is returned. Raises FetchRefused, FetchFailed."""
