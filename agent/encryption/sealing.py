"""Sealed values: AES-256-GCM under a named key, bound to the place where they lie.

Form (domain agent.sealed): 0x01 | key id, 16 bytes | nonce, 12 bytes | ciphertext | tag, 16 bytes.
Associated data: table|column|tenant|row, so that a value moved to another row, column or tenant does not open.
"""

import secrets
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from protocols.errors import ProtocolError

VERSION = b"\x01"
_HEADER = 1 + 16
_NONCE = 12


class KeyDestroyed(ProtocolError):
    """The key that sealed this was destroyed."""

    code = "key_destroyed"
    status = 410


class DoesNotOpen(ProtocolError):
    """A sealed value was altered or moved."""

    code = "integrity_error"
    status = 500


@dataclass(frozen=True, slots=True)
class DataKey:
    """An unwrapped key: its id and its cipher. The bytes themselves are not kept beside it."""

    id: UUID
    cipher: AESGCM

    def __repr__(self) -> str:
        return f"DataKey({self.id})"


def data_key(key_id: UUID, key: bytes) -> DataKey:
    """A data key of 32 bytes."""
    if len(key) != 32:
        raise ValueError("a data key has 32 bytes")
    return DataKey(key_id, AESGCM(key))


def place(table: str, column: str, tenant: UUID, row_id: UUID) -> bytes:
    """The associated data of a sealed value."""
    return f"{table}|{column}|{tenant}|{row_id}".encode()


def seal(key: DataKey, plaintext: bytes, associated_data: bytes) -> bytes:
    """Seal under a fresh nonce."""
    nonce = secrets.token_bytes(_NONCE)
    return VERSION + key.id.bytes + nonce + key.cipher.encrypt(nonce, plaintext, associated_data)


def key_id_of(sealed: bytes) -> UUID:
    """Whose key opens this. Raises DoesNotOpen when it is no sealed value."""
    if len(sealed) < _HEADER + _NONCE + 16 or sealed[:1] != VERSION:
        raise DoesNotOpen("form")
    return UUID(bytes=bytes(sealed[1:_HEADER]))


def unseal(key: DataKey, sealed: bytes, associated_data: bytes) -> bytes:
    """The plaintext. Raises DoesNotOpen when a byte, the place or the key differs."""
    if key_id_of(sealed) != key.id:
        raise DoesNotOpen("key id")
    nonce, ciphertext = sealed[_HEADER : _HEADER + _NONCE], sealed[_HEADER + _NONCE :]
    try:
        return key.cipher.decrypt(nonce, ciphertext, associated_data)
    except InvalidTag:
        raise DoesNotOpen("tag") from None
