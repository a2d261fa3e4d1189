"""DIDComm over WebSocket (DIDComm Messaging 2.1, Transports: WebSocket), outbound."""

from typing import ClassVar

from protocols.ports import PluginTools
from protocols.ports.tools import FetchFailed, Socket

_ANSWER = 1.0


class WebSocketTransport:
    """One message a frame, through the guarded fetch."""

    schemes: ClassVar[frozenset[str]] = frozenset({"wss", "ws"})

    def __init__(self, tools: PluginTools) -> None:
        self._fetch = tools.fetch

    async def send(self, endpoint: str, message: bytes, media_type: str) -> bytes | None:
        """Send one, wait a moment for an answer, and take leave; who does not return the leave may not have read it.

        Raises FetchRefused, FetchFailed.
        """
        socket = await self.open(endpoint)
        answer = None
        try:
            await socket.send(message)
            answer = await socket.receive(_ANSWER)
        except TimeoutError:
            answer = None
        finally:
            left = await socket.close()
        if not left:
            raise FetchFailed("connection was lost")
        return answer

    async def open(self, endpoint: str) -> Socket:
        """A connection that stays. Raises FetchRefused, FetchFailed."""
        return await self._fetch.socket(endpoint)
