"""An HTTP exchange as values: what a parser reads and a renderer writes.  Knows no server.

`Route` ties three functions in a row: `parse` and `render` are the protocol's and pure, `operate` is the agent's.
"""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from protocols import encoding
from protocols.errors import Malformed

_NONE: Mapping[str, Any] = MappingProxyType({})


class Call(NamedTuple):
    """One request as it arrived.

    `path` holds the values of the route's `{names}`; header names are lower case; `header_values` keeps repeated
    headers apart (two DPoP headers are an error, not a list); `url` is the canonical public URL of the endpoint, made
    from configuration and never from Host or X-Forwarded headers; `certificate` the client certificate (DER) that a
    trusted proxy passed, if any.
    """

    method: str
    url: str
    path: Mapping[str, str] = _NONE
    query: str = ""
    header_values: Mapping[str, Sequence[str]] = _NONE
    body: bytes = b""
    cookies: Mapping[str, str] = _NONE
    peer: str = ""
    certificate: bytes | None = None

    def header(self, name: str) -> str | None:
        """The only value of a header, None when absent. Raises Malformed when it is repeated."""
        values = self.header_values.get(name, ())
        if len(values) > 1:
            raise Malformed(f"repeated header {name}")
        return values[0] if values else None

    @property
    def media_type(self) -> str:
        """The content type without parameters, in lower case; empty when none was sent."""
        return (self.header("content-type") or "").split(";", 1)[0].strip().lower()

    def accepted(self, name: str) -> list[str]:
        """The members of an Accept header, best first, those of quality zero left out (RFC 9110, 12.4.2)."""
        found = []
        for place, part in enumerate(",".join(self.header_values.get(name, ()))[:2000].split(",")):
            value, *parameters = (one.strip().lower() for one in part.split(";"))
            quality = next((one[2:] for one in parameters if one.startswith("q=")), "1")
            weight = float(quality) if _QUALITY.fullmatch(quality) else 0.0
            if value and weight > 0:
                found.append((-weight, place, value))
        return [value for _, _, value in sorted(found)]

    def query_parameters(self) -> dict[str, str]:
        """The query's parameters, each at most once (RFC 6749, 3.1)."""
        return _once(self.query)

    def form(self) -> dict[str, str]:
        """The body as application/x-www-form-urlencoded, each parameter at most once (RFC 6749, 3.2)."""
        if self.media_type != "application/x-www-form-urlencoded":
            raise Malformed("content type is not application/x-www-form-urlencoded")
        try:
            return _once(self.body.decode("utf-8"))
        except UnicodeDecodeError:
            raise Malformed("form is not UTF-8") from None

    def json(self) -> Any:
        """The body as strict JSON: no duplicate members, bounded depth. Raises Malformed."""
        if self.media_type != "application/json":
            raise Malformed("content type is not application/json")
        return encoding.parse_json(self.body)


_QUALITY = re.compile(r"[01](\.[0-9]{0,3})?")


def _once(text: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=200, errors="strict")
    except ValueError:
        raise Malformed("parameters cannot be read") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise Malformed("repeated parameter")
        found[name] = value
    return found


class Reply(NamedTuple):
    """One response. `stream` replaces `body` for server-sent events; `written` is awaited once `body` has gone out."""

    status: int = 200
    body: bytes = b""
    media_type: str = ""
    headers: Mapping[str, str] = _NONE
    cookies: Mapping[str, str] = _NONE
    stream: AsyncGenerator[bytes] | None = None
    written: Callable[[], Awaitable[None]] | None = None


NO_STORE: Mapping[str, str] = {"Cache-Control": "no-store"}


def json_reply(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A JSON response of `value`."""
    return Reply(status, encoding.render_json(value), "application/json", headers or {})


@dataclass(frozen=True, slots=True)
class Route:
    """A row of a route table. `requires` is the scope that the caller needs; None says public on purpose.

    `path` is relative to the tenant's base (`/t/{tenant}`) for protocol routes, absolute for the rest.
    `parse(call) -> request`, `await operate(scope, request) -> result`, `render(result) -> Reply`.
    """

    method: str
    path: str
    requires: str | None
    parse: Callable[[Call], Any]
    operate: Callable[..., Any]
    render: Callable[[Any], Reply]
