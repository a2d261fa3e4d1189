"""Key stores: where private keys live and are used, and never leave."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from protocols.errors import ProtocolError

Jwk = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KeyHandle:
    """A key by name: the store that has it, the store's own reference to it, and the algorithm it was made for.

    The reference of a key that no store can use is the key itself: it is never shown.
    """

    store: str
    reference: str = field(repr=False)
    algorithm: str


class UnsupportedAlgorithm(ProtocolError):
    """The key store cannot use keys of this algorithm."""

    code = "unsupported_algorithm"


class KeyNotFound(ProtocolError):
    """The key store has no such key."""

    code = "key_not_found"
    status = 404


class KeyStoreUnavailable(ProtocolError):
    """The key store does not answer."""

    code = "key_store_unavailable"
    status = 503


class KeyStore(Protocol):
    """One place that keeps private keys. Waits; may be called from many tasks at once.

    `algorithms` is the capability table: JWS names for signing keys (ES256, ES384, EdDSA, ES256K), ECDH-ES+<curve>
    (P-256, P-384, P-521, X25519) for agreement, EdDSA+X25519 for an Ed25519 key that does both (DIDComm v1: it agrees
    as the X25519 key of the same point) and A256GCM for key wrapping. A request beyond it raises
    UnsupportedAlgorithm when the key is made, never when it is used.
    """

    name: ClassVar[str]
    algorithms: frozenset[str]

    async def open(self) -> None:
        """Connect. Raises KeyStoreUnavailable."""

    async def close(self) -> None:
        """Let go of sessions and of every key held in memory."""

    async def generate(self, algorithm: str) -> KeyHandle:
        """A new key that cannot be exported. Raises UnsupportedAlgorithm."""

    async def public_key(self, key: KeyHandle) -> Jwk:
        """The public JWK, required members only. Raises KeyNotFound; a symmetric key has none."""

    async def sign(self, key: KeyHandle, payload: bytes) -> bytes:
        """Raw signature of the message: r||s for ECDSA (hashed here), 64 bytes for EdDSA."""

    async def agree(self, key: KeyHandle, peer: Jwk) -> bytes:
        """ECDH shared secret Z with the peer's public key, checked to be on the curve and not of small order."""

    async def wrap(self, kek: KeyHandle, key: bytes, associated_data: bytes) -> bytes:
        """Seal a key under an A256GCM key-encryption key."""

    async def unwrap(self, kek: KeyHandle, wrapped: bytes, associated_data: bytes) -> bytes:
        """Open what `wrap` sealed. Raises KeyNotFound when the kek is gone, Malformed when it does not open."""

    async def forget(self, key: KeyHandle) -> None:
        """Destroy the key for ever; a key that is gone already is no error."""
