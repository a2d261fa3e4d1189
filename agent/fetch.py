"""Guarded outbound HTTP: public addresses only, pinned, no redirects, capped in size and time."""

import asyncio
import ipaddress
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from protocols.ports.tools import Fetched, FetchFailed, FetchRefused

TIMEOUT = aiohttp.ClientTimeout(total=5, sock_connect=2, sock_read=3)


class _GuardedResolver(AbstractResolver):
    """Resolves once and hands out only addresses that the guard allows, so that a second answer cannot differ."""

    def __init__(self, allowed: frozenset[str]) -> None:
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        addresses = [(entry[0], str(entry[4][0])) for entry in found]
        if host not in self._allowed and any(not _public(address) for _, address in addresses):
            raise OSError("address is not public")
        return [
            ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST)
            for kind, address in addresses
        ]

    async def close(self) -> None:
        return


def _public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.split("%", 1)[0])
    mapped = getattr(parsed, "ipv4_mapped", None) or parsed
    return bool(mapped.is_global) and not mapped.is_multicast


class GuardedSocket:
    """`ports.Socket`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def send(self, message: bytes) -> None:
        """One text frame. Raises FetchFailed."""
        try:
            await asyncio.wait_for(self._send(message), 10)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise FetchFailed(type(error).__name__) from None

    async def _send(self, message: bytes) -> None:
        # Text, which every agent reads, for all that is text.
        try:
            await self._socket.send_str(message.decode())
        except UnicodeDecodeError:
            await self._socket.send_bytes(message)

    async def receive(self, seconds: float) -> bytes | None:
        """The next frame, None at the end. Raises TimeoutError, FetchFailed."""
        try:
            frame = await self._socket.receive(timeout=seconds)
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise FetchFailed(type(error).__name__) from None
        if frame.type is aiohttp.WSMsgType.TEXT:
            return str(frame.data).encode()
        return bytes(frame.data) if frame.type is aiohttp.WSMsgType.BINARY else None

    async def close(self) -> bool:
        """Whether the peer closed in return."""
        try:
            await asyncio.wait_for(self._socket.close(), 10)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
        return self._socket.close_code in (1000, 1001)


class GuardedFetch:
    """`ports.Fetch`. `allow` names hosts (host or host:port) that may be private and plain http: tests and demos."""

    def __init__(self, allow: str = "") -> None:
        self._allow = frozenset(part.strip().lower() for part in allow.split(",") if part.strip())
        self._session: aiohttp.ClientSession | None = None

    async def get(
        self,
        url: str,
        accept: str,
        max_bytes: int = 1_000_000,
        headers: Mapping[str, str] | None = None,
        signed: bool = False,
    ) -> Fetched:
        """One GET. Raises FetchRefused, FetchFailed."""
        self._require_allowed(url, plain=signed)
        return await self._request("GET", url, {**(headers or {}), "Accept": accept}, None, max_bytes)

    async def post(
        self,
        url: str,
        body: bytes,
        content_type: str,
        max_bytes: int = 1_000_000,
        headers: Mapping[str, str] | None = None,
    ) -> Fetched:
        """One POST. Raises FetchRefused, FetchFailed."""
        self._require_allowed(url)
        return await self._request("POST", url, {**(headers or {}), "Content-Type": content_type}, body, max_bytes)

    async def socket(self, url: str, max_bytes: int = 1_000_000) -> "GuardedSocket":
        """One WebSocket. Raises FetchRefused, FetchFailed."""
        scheme, separator, rest = url.partition("://")
        web = {"wss": "https", "ws": "http"}.get(scheme.lower())
        if web is None:
            raise FetchRefused("no WebSocket scheme")
        self._require_allowed(f"{web}{separator}{rest}")
        try:
            connecting = self._client().ws_connect(
                f"{web}{separator}{rest}",
                max_msg_size=max_bytes,
                heartbeat=30,
                timeout=aiohttp.ClientWSTimeout(ws_close=5),
            )
            return GuardedSocket(await asyncio.wait_for(connecting, 5))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise FetchFailed(type(error).__name__) from None

    async def close(self) -> None:
        """Close idle connections."""
        if self._session:
            await self._session.close()

    def _require_allowed(self, url: str, plain: bool = False) -> None:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        if parts.username or parts.password or not host:
            raise FetchRefused("user information or no host")
        if {host, parts.netloc.lower()} & self._allow:
            return
        ports = {"https": 443, **({"http": 80} if plain else {})}
        if parts.scheme not in ports or parts.port not in (None, ports[parts.scheme]):
            raise FetchRefused("only https on its own port")
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return
        if not _public(str(address)):
            raise FetchRefused("address is not public")

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            hosts = frozenset(entry.rsplit(":", 1)[0] for entry in self._allow) | self._allow
            connector = aiohttp.TCPConnector(resolver=_GuardedResolver(hosts), limit=64, limit_per_host=8)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
            )
        return self._session

    async def _request(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, max_bytes: int
    ) -> Fetched:
        headers["Accept-Encoding"] = "identity"
        try:
            async with self._client().request(method, url, headers=headers, data=body, allow_redirects=False) as answer:
                data = await answer.content.read(max_bytes + 1)
                while len(data) <= max_bytes and (more := await answer.content.read(max_bytes + 1 - len(data))):
                    data += more
                if len(data) > max_bytes:
                    raise FetchFailed("answer is too large")
                names = {name.lower(): value for name, value in answer.headers.items()}
                return Fetched(answer.status, answer.content_type, data, names)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise FetchFailed(type(error).__name__) from None
