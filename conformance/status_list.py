"""Token Status List as a relying party reads it: the token's own rules, and one entry of the list."""

import zlib
from dataclasses import dataclass
from typing import Any

from conformance.jose import Jws, Unreadable, open_jws, unb64u

MEDIA_TYPE = "application/statuslist+jwt"
LARGEST = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reference:
    """`status.status_list` of a referenced token."""

    uri: str
    index: int


@dataclass(frozen=True, slots=True)
class StatusList:
    bits: int
    packed: bytes

    def status(self, index: int) -> int:
        """Entry `index`, least significant bits first; a list that does not reach so far has no answer."""
        per_byte = 8 // self.bits
        place, offset = divmod(index, per_byte)
        if index < 0 or place >= len(self.packed):
            raise Unreadable(f"index {index} lies outside a list of {len(self.packed) * per_byte} entries")
        return self.packed[place] >> (offset * self.bits) & (1 << self.bits) - 1


def reference_of(payload: dict[str, Any]) -> Reference:
    status = payload.get("status")
    entry = status.get("status_list") if isinstance(status, dict) else None
    if not isinstance(entry, dict):
        raise Unreadable("the credential has no status.status_list")
    uri, index = entry.get("uri"), entry.get("idx")
    if not isinstance(uri, str) or not isinstance(index, int) or isinstance(index, bool) or index < 0:
        raise Unreadable("status_list needs a string uri and a non-negative integer idx")
    return Reference(uri, index)


def parse_list(value: Any) -> StatusList:
    if not isinstance(value, dict) or value.get("bits") not in {1, 2, 4, 8} or not isinstance(value.get("lst"), str):
        raise Unreadable("status_list needs bits (1, 2, 4 or 8) and lst")
    return StatusList(value["bits"], _inflate(unb64u(value["lst"])))


def _inflate(packed: bytes) -> bytes:
    """ZLIB (RFC 1950), never more than LARGEST bytes of it."""
    stream = zlib.decompressobj()
    try:
        inflated = stream.decompress(packed, LARGEST)
    except zlib.error as error:
        raise Unreadable(f"lst is not a ZLIB stream: {error}") from error
    if not stream.eof:
        raise Unreadable(f"lst is cut off, or inflates to more than {LARGEST} bytes")
    return inflated


def open_token(token: str, uri: str, now: float) -> tuple[Jws, StatusList]:
    """Everything a Status List Token promises but its signature, which the caller judges."""
    jws = open_jws(token)
    if jws.header.get("typ") != "statuslist+jwt":
        raise Unreadable(f"Status List Token with typ {jws.header.get('typ')!r}")
    claims = jws.claims()
    if claims.get("sub") != uri:
        raise Unreadable(f"sub {claims.get('sub')!r} is not the URI it was fetched from")
    if not isinstance(claims.get("iat"), int | float):
        raise Unreadable("Status List Token without iat")
    if "exp" in claims and not (isinstance(claims["exp"], int | float) and claims["exp"] > now):
        raise Unreadable("the Status List Token is expired")
    if "ttl" in claims and not (isinstance(claims["ttl"], int | float) and claims["ttl"] > 0):
        raise Unreadable("ttl is not a positive number")
    return jws, parse_list(claims.get("status_list"))
