"""Bytes and text: base64url, strict JSON, multibase."""

import binascii
import json
import math
from typing import Any

import orjson

from protocols.errors import Malformed

MAX_DEPTH = 64
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# The other alphabet and the padding become a character that strict decoding refuses.
_TO_BASE64 = bytes.maketrans(b"-_+/=", b"+/!!!")
_FROM_BASE64 = bytes.maketrans(b"+/", b"-_")
_LAST = {1: frozenset(_ALPHABET[::4]), 2: frozenset(_ALPHABET[::16])}


def b64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515, 2)."""
    return binascii.b2a_base64(data, newline=False).translate(_FROM_BASE64, b"=").decode("ascii")


def parse_b64url(text: str) -> bytes:
    """Decode unpadded base64url; refuses padding, other alphabets and non-canonical trailing bits."""
    padding = -len(text) % 4
    # A whole number of octets leaves 2 or 4 spare bits in the last character, and they are zero.
    if padding == 3 or (padding and text[-1] not in _LAST[padding]):
        raise Malformed("not base64url")
    try:
        return binascii.a2b_base64(text.encode("ascii").translate(_TO_BASE64) + b"=" * padding, strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise Malformed("not base64url") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("duplicate member")
    return found


def _no_constant(name: str) -> Any:
    raise Malformed(f"{name} is no JSON")


def _integer(text: str) -> int:
    number = int(text)
    if not -(2**63) <= number < 2**64:
        raise Malformed("number out of range")
    return number


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Malformed("number out of range")
    return number


_decoder = json.JSONDecoder(
    object_pairs_hook=_members, parse_constant=_no_constant, parse_int=_integer, parse_float=_number
)


def parse_json(data: bytes | str) -> Any:
    """Strict JSON: UTF-8, no duplicate members, no NaN, depth at most 64. Raises Malformed.

    What was read can be written again: numbers fit 64 bits, and no escape leaves half a character (RFC 7493, 2).

    orjson is faster but keeps the last of two equal members in silence. So what it read counts only when it writes
    the very same text, which then had nothing twice, nothing rounded and nothing escaped that need not be.
    """
    try:
        octets = data if isinstance(data, bytes) else data.encode("utf-8")
        if (octets.count(b"[") + octets.count(b"{")) <= MAX_DEPTH:
            value = orjson.loads(octets)
            if orjson.dumps(value) == octets:
                return value
    except ValueError:
        pass  # said below, in our words
    return _parse_slowly(data)


def _parse_slowly(data: bytes | str) -> Any:
    """Text with blanks, escapes or unusual numbers in it, or none that is accepted."""
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
        if text.count("[") + text.count("{") > MAX_DEPTH:
            _require_depth(text)
        value = _decoder.decode(text)
        if "\\ud" in text or "\\uD" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except Malformed:
        raise
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise Malformed("not JSON") from None
    return value


def _require_depth(text: str) -> None:
    depth, quoted, escaped = 0, False, False
    for character in text:
        if quoted:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                quoted = False
        elif character == '"':
            quoted = True
        elif character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise Malformed("JSON too deep")
        elif character in "]}":
            depth -= 1


def parse_json_object(data: bytes | str) -> dict[str, Any]:
    """`parse_json` that demands an object."""
    value = parse_json(data)
    if not isinstance(value, dict):
        raise Malformed("not a JSON object")
    return value


def render_json(value: Any) -> bytes:
    """Compact UTF-8 JSON."""
    return orjson.dumps(value)


def render_stable_json(value: Any) -> bytes:
    """Compact UTF-8 JSON with sorted members: the same bytes for equal values."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
