"""CBOR Web Tokens (RFC 8392) in COSE_Sign1: type, claims and times."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from protocols.cose.cbor import Tag, decode, encode
from protocols.cose.sign1 import TYP, CoseSign1, InvalidCose, PreparedSign1, open_sign1, prepare
from protocols.errors import ProtocolError

ISS, SUB, AUD, EXP, NBF, IAT, CTI = 1, 2, 3, 4, 5, 6, 7
TAG = 61


class InvalidCwt(ProtocolError):
    """The CBOR Web Token is not valid."""

    code: ClassVar[str] = "invalid_cwt"


@dataclass(frozen=True, slots=True)
class Cwt:
    """A CWT taken apart, nothing of it believed."""

    sign1: CoseSign1
    claims: Mapping[Any, Any]


def prepare_cwt(
    claims: Mapping[Any, Any],
    algorithm: str,
    *,
    protected: Mapping[Any, Any] | None = None,
    unprotected: Mapping[Any, Any] | None = None,
) -> PreparedSign1:
    """What a key store signs; `sign1.seal` finishes it."""
    return prepare(encode(dict(claims)), algorithm, protected=protected, unprotected=unprotected)


def open_cwt(token: bytes, typ: str | None = None) -> Cwt:
    """Take a CWT apart, tagged or not; `typ` is the type that its protected header must state (RFC 9596).

    Raises InvalidCwt, InvalidCose, Malformed.
    """
    item = decode(token)
    if isinstance(item, Tag) and item.tag == TAG:
        item = item.value
    opened = open_sign1(item)
    if typ is not None and opened.header.get(TYP) != typ:
        raise InvalidCwt("typ")
    if opened.payload is None:
        raise InvalidCose("no payload")
    claims = decode(opened.payload)
    if not isinstance(claims, Mapping):
        raise InvalidCwt("claims are no map")
    return Cwt(opened, claims)


def time_of(claims: Mapping[Any, Any], label: int) -> datetime | None:
    """A NumericDate claim, None when it is not there. Raises InvalidCwt."""
    if label not in claims:
        return None
    value = claims[label]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidCwt("a time that is no number")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise InvalidCwt("a time out of range") from None


def require_times(claims: Mapping[Any, Any], now: datetime, *, skew: int = 60, required: tuple[int, ...] = ()) -> None:
    """exp, nbf and iat against `now`, `skew` in seconds. Raises InvalidCwt."""
    if any(label not in claims for label in required):
        raise InvalidCwt("a required time is missing")
    expires, begins, issued = (time_of(claims, label) for label in (EXP, NBF, IAT))
    if expires is not None and (now - expires).total_seconds() >= skew:
        raise InvalidCwt("expired")
    if any(moment is not None and (moment - now).total_seconds() > skew for moment in (begins, issued)):
        raise InvalidCwt("not valid yet")
