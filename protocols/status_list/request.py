"""GET of a Status List Token, and the aggregation of all lists (draft-ietf-oauth-status-list, 8 and 9).

An answer may be kept by anybody for as long as its token says: `Cache-Control`, `ETag` and `Last-Modified` are what a
content delivery network needs, a conditional request is answered with 304, and a compressed one with gzip.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from protocols.errors import Malformed
from protocols.http import Call, Reply, json_reply

JWT, CWT = "application/statuslist+jwt", "application/statuslist+cwt"
_OPEN = {"Access-Control-Allow-Origin": "*"}
_LAST_SECOND = 253_402_300_799


@dataclass(frozen=True, slots=True)
class StatusListRequest:
    """Which list, in which media types best first (none named: any), as of when, and what the caller holds already."""

    uri: str
    accepted: tuple[str, ...]
    time: datetime | None
    etags: tuple[str, ...]
    gzip: bool


@dataclass(frozen=True, slots=True)
class StatusListToken:
    """A list token as served. `fresh` seconds it may be cached; `gzipped` the same bytes compressed."""

    token: bytes
    gzipped: bytes
    media_type: str
    etag: str
    issued_at: datetime
    fresh: int


@dataclass(frozen=True, slots=True)
class StatusListResponse:
    """What was found, for this request."""

    request: StatusListRequest
    found: StatusListToken


def parse(call: Call) -> StatusListRequest:
    """The request. Raises Malformed for a `time` that is no time (8.4)."""
    text = call.query_parameters().get("time")
    moment = None
    if text is not None:
        if not text.isascii() or not text.isdigit() or len(text) > 12 or int(text) > _LAST_SECOND:
            raise Malformed("time is no Unix time")
        moment = datetime.fromtimestamp(int(text), UTC)
    etags = tuple(one.strip().removeprefix("W/") for one in (call.header("if-none-match") or "").split(",") if one)
    return StatusListRequest(
        uri=call.url,
        accepted=tuple(call.accepted("accept")),
        time=moment,
        etags=etags,
        gzip="gzip" in call.accepted("accept-encoding"),
    )


def render(response: StatusListResponse) -> Reply:
    """200 with the token, or 304 when the caller holds this very one (RFC 9110, 13.1.2)."""
    request, found = response.request, response.found
    headers = {
        **_OPEN,
        "Cache-Control": f"public, max-age={found.fresh}",
        "ETag": found.etag,
        "Last-Modified": format_datetime(found.issued_at, usegmt=True),
        "Vary": "Accept, Accept-Encoding",
    }
    if found.etag in request.etags or "*" in request.etags:
        return Reply(304, b"", "", headers)
    if request.gzip:
        return Reply(200, found.gzipped, found.media_type, {**headers, "Content-Encoding": "gzip"})
    return Reply(200, found.token, found.media_type, headers)


def render_aggregation(uris: Sequence[str]) -> Reply:
    """Status List Aggregation in JSON (9.3)."""
    return json_reply({"status_lists": list(uris)}, headers={**_OPEN, "Cache-Control": "public, max-age=3600"})
