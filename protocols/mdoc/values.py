"""Data element values: JSON and CBOR, told apart by the type's JSON Schema (ISO/IEC 18013-5, 7.2; RFC 8949, 6.1).

A schema says what a JSON string stands for: `"format": "date"` a full-date, `"format": "date-time"` a tdate,
`"contentEncoding": "base64"` or `"base64url"` a byte string.
"""

import base64
import binascii
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from protocols.cose.cbor import Tag
from protocols.encoding import b64url, parse_b64url
from protocols.errors import Malformed
from protocols.mdoc.errors import InvalidMdoc

TDATE, FULL_DATE = 0, 1004
_TAG_OF_FORMAT = {"date": FULL_DATE, "date-time": TDATE}


def to_cbor(value: Any, schema: Any) -> Any:
    """A JSON value as the item for `encode` that its schema asks for. Raises InvalidMdoc."""
    schema = schema if isinstance(schema, Mapping) else {}
    if isinstance(value, str):
        return _text(value, schema)
    if isinstance(value, list):
        return [to_cbor(one, schema.get("items")) for one in value]
    if isinstance(value, Mapping):
        named = schema.get("properties", {})
        return {name: to_cbor(one, named.get(name)) for name, one in value.items()}
    return value


def _text(value: str, schema: Mapping[str, Any]) -> Any:
    encoding = schema.get("contentEncoding")
    try:
        if encoding == "base64url":
            return parse_b64url(value)
        if encoding == "base64":
            return binascii.a2b_base64(value.encode("ascii"), strict_mode=True)
    except (Malformed, ValueError):
        raise InvalidMdoc("a value that is not encoded as its type says") from None
    tag = _TAG_OF_FORMAT.get(schema.get("format", ""))
    return value if tag is None else Tag(tag, value)


def to_json(value: Any) -> Any:
    """A decoded item as JSON: byte strings in base64url, tags give way to their content, map keys are text."""
    if isinstance(value, str | bool) or value is None:
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else str(value)
    if isinstance(value, bytes):
        return b64url(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list | tuple):
        return [to_json(one) for one in value]
    if isinstance(value, Mapping):
        return {str(name): to_json(one) for name, one in value.items()}
    return _tagged(value) if isinstance(value, Tag) else None


def _tagged(value: Any) -> Any:
    """RFC 8949, 3.4.5.2: a tag may say which text a byte string becomes."""
    if isinstance(value.value, bytes) and value.tag in (22, 23):
        return base64.b64encode(value.value).decode() if value.tag == 22 else value.value.hex()
    return to_json(value.value)


def tdate(moment: datetime) -> Any:
    """A tdate of whole seconds in UTC, as ISO/IEC 18013-5, 7.1 wants it."""
    return Tag(TDATE, moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


def read_tdate(value: Any) -> datetime:
    """The moment of a tdate. Raises InvalidMdoc."""
    if not isinstance(value, Tag) or value.tag != TDATE or not isinstance(value.value, str) or len(value.value) > 40:
        raise InvalidMdoc("a date-time of the wrong kind")
    try:
        moment = datetime.fromisoformat(value.value)
    except ValueError:
        raise InvalidMdoc("not a date-time") from None
    if moment.tzinfo is None or "T" not in value.value:
        raise InvalidMdoc("not a date-time of RFC 3339")
    return moment.astimezone(UTC)
