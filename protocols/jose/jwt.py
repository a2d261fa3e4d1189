"""JSON Web Token (RFC 7519, RFC 8725): explicitly typed, checked for time."""

import math
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from protocols.encoding import parse_json_object, render_json
from protocols.errors import Malformed, ProtocolError
from protocols.jose import jws
from protocols.jose.jws import CompactJws

_LAST_SECOND = 253_402_300_799


class WrongType(ProtocolError):
    """The token is not of the type that belongs here."""

    code: ClassVar[str] = "invalid_token"


class InvalidTime(ProtocolError):
    """The token's times do not allow its use now."""

    code: ClassVar[str] = "invalid_token"


class Expired(InvalidTime):
    """The token has expired."""


class NotYetValid(InvalidTime):
    """The token is not valid yet."""


class Stale(InvalidTime):
    """The token was made too long ago."""


@dataclass(frozen=True, slots=True)
class OpenedJwt:
    """A JWT taken apart, nothing of it believed."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    jws: CompactJws


def open_jwt(token: str, typ: str | Container[str | None]) -> OpenedJwt:
    """Take a JWT apart; `typ` is the one type that fits, or a set of them where None stands for a missing typ."""
    opened = jws.parse(token)
    require_typ(opened.header, typ)
    return OpenedJwt(opened.header, parse_json_object(opened.payload), opened)


def require_typ(header: Mapping[str, Any], typ: str | Container[str | None]) -> None:
    """Refuse another explicit type (RFC 8725, 3.11). Raises WrongType."""
    stated = header.get("typ")
    if not (stated == typ if isinstance(typ, str) else stated in typ):
        raise WrongType("typ does not belong here")


def render(header: Mapping[str, Any], claims: Mapping[str, Any]) -> bytes:
    """The signing input of a JWT; `jws.seal` finishes it."""
    return jws.signing_input(header, render_json(claims))


def numeric_date(claims: Mapping[str, Any], name: str) -> float | None:
    """A NumericDate claim (RFC 7519, 2), None when absent. Raises Malformed."""
    value = claims.get(name)
    if name not in claims:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Malformed(f"{name} is no NumericDate")
    if not 0 <= value <= _LAST_SECOND:
        raise Malformed(f"{name} is out of range")
    return value


def time_of(claims: Mapping[str, Any], name: str) -> datetime | None:
    """A NumericDate claim as a UTC time, None when absent. Raises Malformed."""
    seconds = numeric_date(claims, name)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def require_times(
    claims: Mapping[str, Any],
    now: datetime,
    skew: int = 60,
    required: Iterable[str] = (),
    max_age: int | None = None,
) -> None:
    """Check `exp`, `nbf` and `iat` (RFC 7519, 4.1). Raises InvalidTime, and Malformed for what is no date.

    `required` names must be present; `max_age` bounds how long ago `iat` may be and so demands it.
    """
    for name in required:
        if name not in claims:
            raise InvalidTime(f"{name} is missing")
    moment = now.timestamp()
    expires, begins, issued = (numeric_date(claims, name) for name in ("exp", "nbf", "iat"))
    if expires is not None and moment >= expires + skew:
        raise Expired("exp has passed")
    if begins is not None and moment < begins - skew:
        raise NotYetValid("nbf is to come")
    if issued is not None and moment < issued - skew:
        raise NotYetValid("iat is to come")
    if max_age is None:
        return
    if issued is None:
        raise InvalidTime("iat is missing")
    if moment > issued + max_age + skew:
        raise Stale("iat is too long ago")
