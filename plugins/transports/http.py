"""DIDComm over HTTP (DIDComm Messaging 2.1, Transports: HTTPS)."""

from typing import ClassVar

from protocols.didcomm.v1 import pack
from protocols.ports import PluginTools
from protocols.ports.tools import FetchFailed

MOVED, REPLAYED = 307, 409
_VERSION_1 = frozenset({pack.MEDIA_TYPE, pack.OLD_MEDIA_TYPE})


class HttpTransport:
    """POSTs messages through the guarded fetch, which decides about plain http and where to go."""

    schemes: ClassVar[frozenset[str]] = frozenset({"https", "http"})

    def __init__(self, tools: PluginTools) -> None:
        self._fetch = tools.fetch

    async def send(self, endpoint: str, message: bytes, media_type: str) -> bytes | None:
        """Deliver; a message in the response (return_route) is handed back. Raises FetchRefused, FetchFailed."""
        answer = await self._fetch.post(endpoint, message, media_type)
        if answer.status == MOVED and answer.headers.get("location", "").startswith("https://"):
            # Once, and through the same guard (Transports: only 307 may be followed).
            answer = await self._fetch.post(answer.headers["location"], message, media_type)
        if answer.status == REPLAYED:
            # It was taken when its acknowledgement was lost.
            return None
        if not 200 <= answer.status < 300:
            raise FetchFailed(f"status {answer.status}")
        # Version 1 has two names for one thing (RFC 0044).
        same = {answer.media_type, media_type} <= _VERSION_1
        return answer.body if answer.body and (same or answer.media_type == media_type) else None
