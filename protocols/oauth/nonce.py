"""Nonces that nobody stores until they are spent: c_nonce, DPoP nonces, attestation challenges.

A nonce holds its own time, randomness and a MAC: 6 bytes of milliseconds since 1970, 10 random bytes, and the first
16 bytes of the MAC over both. Whoever has the MAC key recognises it; only a spent one needs to be remembered.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from protocols.encoding import b64url, parse_b64url
from protocols.errors import Malformed, ProtocolError

LIFETIME = timedelta(minutes=5)
_TIME, _RANDOM, _MAC = 6, 10, 16
Mac = Callable[[bytes], bytes]


class StaleNonce(ProtocolError):
    """The nonce is not one of this server, or has expired."""


@dataclass(frozen=True, slots=True)
class Nonce:
    """A nonce that is ours and has not expired: its bytes, and when it was made."""

    value: bytes
    made_at: datetime


def make(now: datetime, random: bytes, mac: Mac) -> str:
    """A nonce. `random`: 10 fresh bytes."""
    body = int(now.timestamp() * 1000).to_bytes(_TIME, "big") + random[:_RANDOM]
    return b64url(body + mac(body)[:_MAC])


def read(text: str, now: datetime, mac: Mac) -> Nonce:
    """Recognise a nonce of ours. Raises StaleNonce for a foreign, altered or expired one."""
    try:
        value = parse_b64url(text)
    except Malformed:
        raise StaleNonce("not ours") from None
    body, tag = value[:-_MAC], value[-_MAC:]
    if len(value) != _TIME + _RANDOM + _MAC or not hmac.compare_digest(mac(body)[:_MAC], tag):
        raise StaleNonce("not ours")
    made_at = datetime.fromtimestamp(int.from_bytes(body[:_TIME], "big") / 1000, UTC)
    if not timedelta(seconds=-5) <= now - made_at <= LIFETIME:
        raise StaleNonce("expired")
    return Nonce(value, made_at)
