"""Idempotency keys: one effect for one key, however often and however parallel it is sent."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a key was used for: the hash of its request, and the answer once there is one."""

    request_hash: bytes
    status: int | None
    body: bytes | None


class IdempotencyKeys(Protocol):
    """Idempotency keys of a tenant."""

    async def reserve(self, key_hash: bytes, request_hash: bytes, expires_at: datetime) -> Remembered | None:
        """Take the key; None when it is ours now, else what it was used for."""

    async def remember(self, key_hash: bytes, status: int, body: bytes) -> None:
        """Keep the answer for whoever sends the key again."""

    async def release(self, key_hash: bytes) -> None:
        """Nothing happened: the key may be used again."""
