"""The Nonce Endpoint (OpenID4VCI 1.0, 7): c_nonce values that nobody stores until they are spent.

A c_nonce holds its own time, randomness and a MAC: 6 bytes of milliseconds since 1970, 10 random bytes, and the first
16 bytes of the MAC over both. Whoever has the MAC key recognises it; only a spent one needs to be remembered.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from protocols.encoding import b64url, parse_b64url
from protocols.errors import Malformed
from protocols.http import NO_STORE, Call, Reply, json_reply
from protocols.openid4vci.errors import InvalidNonce

LIFETIME = timedelta(minutes=5)
_TIME, _RANDOM, _MAC = 6, 10, 16


@dataclass(frozen=True, slots=True)
class Nonce:
    """A c_nonce that is ours and has not expired: its bytes, and when it was made."""

    value: bytes
    made_at: datetime


def make(now: datetime, random: bytes, mac: Callable[[bytes], bytes]) -> str:
    """A c_nonce. `random`: 10 fresh bytes."""
    body = int(now.timestamp() * 1000).to_bytes(_TIME, "big") + random[:_RANDOM]
    return b64url(body + mac(body)[:_MAC])


def read(text: str, now: datetime, mac: Callable[[bytes], bytes]) -> Nonce:
    """Recognise a c_nonce of ours. Raises InvalidNonce for a foreign, altered or expired one."""
    try:
        value = parse_b64url(text)
    except Malformed:
        raise InvalidNonce("not ours") from None
    body, tag = value[:-_MAC], value[-_MAC:]
    if len(value) != _TIME + _RANDOM + _MAC or not hmac.compare_digest(mac(body)[:_MAC], tag):
        raise InvalidNonce("not ours")
    made_at = datetime.fromtimestamp(int.from_bytes(body[:_TIME], "big") / 1000, UTC)
    if not timedelta(seconds=-5) <= now - made_at <= LIFETIME:
        raise InvalidNonce("expired")
    return Nonce(value, made_at)


def parse(_call: Call) -> None:
    """A Nonce Request is an empty POST (7.1)."""


def render(c_nonce: str) -> Reply:
    """The Nonce Response (7.2)."""
    return json_reply({"c_nonce": c_nonce}, headers=NO_STORE)
