"""The suite's HTTP client: no redirects followed, every body bounded, every answer kept whole for the report."""

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import cache
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp

from conformance.jose import Unreadable, read_json, read_object

LARGEST = 4 * 1024 * 1024
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Unreachable(Exception):
    """The target did not answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    method: str
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def set_cookies(self) -> list[str]:
        """Every Set-Cookie line."""
        lines = self.headers.getall("Set-Cookie", []) if hasattr(self.headers, "getall") else []
        return [str(line) for line in lines]

    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> dict[str, Any]:
        return read_object(self.body, f"body of {self.method} {urlsplit(self.url).path}")

    def member(self, name: str) -> Any:
        """A member of a JSON body, None when there is no such thing."""
        try:
            value = read_json(self.body)
        except Unreadable:
            return None
        return value.get(name) if isinstance(value, dict) else None

    def __str__(self) -> str:
        shown = " ".join(self.text().split())[:300]
        path = urlsplit(self.url).path
        return (
            f"{self.method} {path} -> {self.status} {self.media_type or 'without a content type'}: {shown or '(empty)'}"
        )


def https_or_loopback(url: object) -> bool:
    """https, or http to this machine: what a development server may do."""
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or not parts.hostname or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


@cache
def _trusting(authorities: str | None) -> ssl.SSLContext:
    """Made once: reading a system's authorities takes longer than a check."""
    return ssl.create_default_context(cafile=authorities)


class Http:
    """One session for one run; use as an async context manager. What stands in `kept` ends with it."""

    def __init__(self, authorities: str | None = None, timeout: float = 15) -> None:
        self._context = _trusting(authorities)
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self.kept = AsyncExitStack()

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(ssl=self._context)
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=True
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()
        await self.kept.aclose()

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        return await self.call("GET", url, headers=headers)

    async def post(
        self,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        return await self.call("POST", url, data=form, json=json, headers=headers)

    async def call(self, method: str, url: str, **options: Any) -> Answer:
        try:
            async with self._session.request(method, url, allow_redirects=False, **options) as response:
                body = await _bounded(response)
                return Answer(method, url, response.status, response.headers.copy(), body)
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError, ValueError, OSError) as error:
            raise Unreachable(f"{method} {url}: {type(error).__name__}: {error}") from error


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        body += chunk
        if len(body) > LARGEST:
            raise ValueError(f"a body of more than {LARGEST} bytes")
    return bytes(body)
