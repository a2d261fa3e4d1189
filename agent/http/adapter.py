"""Between aiohttp and the values of protocols.http: the only file that touches its request and response objects."""

import asyncio
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import cast
from urllib.parse import unquote

from aiohttp import web
from aiohttp.web_request import BaseRequest

from agent.http.failures import TooLarge
from agent.http.whole import Whole
from protocols.errors import Malformed
from protocols.http import Call, Reply
from protocols.x509 import load_pem

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Server": "chancery",
}
_NOTING: set[asyncio.Future[None]] = set()
"""What is being noted of answers that went out; the loop alone would forget them."""


async def read_body(request: BaseRequest, limit: int) -> bytes:
    """The body, at most `limit` bytes. Raises TooLarge before reading more."""
    if request.content_length is not None and request.content_length > limit:
        raise TooLarge("content-length")
    if not request.body_exists:
        return b""
    if request.content_length is not None:  # the parser holds a body to the length that it states
        return await request.content.read()
    parts, size = [], 0
    async for part in request.content.iter_any():
        size += len(part)
        if size > limit:
            raise TooLarge("body")
        parts.append(part)
    return b"".join(parts)


def call_of(request: BaseRequest, url: str, path: Mapping[str, str], body: bytes, certificate_header: str = "") -> Call:
    """The request as a value. `url` comes from configuration, never from the request's Host header.

    `certificate_header` is what a trusted proxy sets, and takes away where it came from outside; empty believes none.
    """
    headers = request.headers
    values: dict[str, Sequence[str]] = {name.lower(): (value,) for name, value in headers.items()}
    if len(values) < len(headers):  # what was sent twice stays apart
        values = {name: headers.getall(name) for name in values}
    query = request.raw_path.partition("?")[2]
    cookies = dict(request.cookies) if "cookie" in values else {}
    certificate = _certificate(values.get(certificate_header.lower(), [])) if certificate_header else None
    return Call(request.method, url, path, query, values, body, cookies, request.remote or "", certificate)


def _certificate(values: Sequence[str]) -> bytes | None:
    """The client's certificate (DER): between colons as RFC 9440 writes it, or an escaped PEM. Raises Malformed."""
    if not values or not values[0]:
        return None
    if len(values) > 1 or len(values[0]) > 16_384:
        raise Malformed("client certificate header")
    text = values[0].strip()
    if not text.startswith(":"):
        chain = load_pem(unquote(text).encode())
        if not chain:
            raise Malformed("client certificate header")
        return chain[0]
    try:
        return b64decode(text.strip(":"), validate=True)
    except ValueError:
        raise Malformed("client certificate header") from None


async def send(request: BaseRequest, reply: Reply) -> web.StreamResponse:
    """The response for a reply."""
    headers = {**SECURITY_HEADERS, **reply.headers}
    if reply.media_type:
        headers["Content-Type"] = reply.media_type
    if reply.stream is None:
        if Whole.suits(request, reply):
            return cast(web.StreamResponse, Whole(reply, headers))
        response = web.Response(status=reply.status, body=reply.body, headers=headers)
        _set_cookies(response, reply)
        if reply.written is not None:
            with suppress(ConnectionResetError):  # the reader has gone: nothing was written
                await response.prepare(request)
                await response.write_eof()
                await noted(reply.written)
        return response
    stream = web.StreamResponse(status=reply.status, headers=headers)
    _set_cookies(stream, reply)
    await stream.prepare(request)
    async with aclosing(reply.stream) as parts:
        with suppress(ConnectionResetError):  # the reader has gone
            async for part in parts:
                await stream.write(part)
            await stream.write_eof()
    return stream


async def noted(written: Callable[[], Awaitable[None]]) -> None:
    """A client that has its answer and goes ends the request, and not the noting of it."""
    noting = asyncio.ensure_future(written())
    _NOTING.add(noting)
    noting.add_done_callback(_NOTING.discard)
    await asyncio.shield(noting)


def _set_cookies(response: web.StreamResponse, reply: Reply) -> None:
    for name, value in reply.cookies.items():
        response.set_cookie(name, value, httponly=True, samesite="Lax", path="/", secure=name.startswith("__Host-"))
