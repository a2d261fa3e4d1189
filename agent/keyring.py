"""Named keys of a tenant: a purpose leads to a handle, a handle to the store that holds the key."""

from collections.abc import Mapping

from protocols.ports import KeyHandle, KeyStore
from protocols.ports.keys import Jwk, KeyStoreUnavailable


class Keyring:
    """Uses keys by handle, whichever store has them. Waits."""

    def __init__(self, stores: Mapping[str, KeyStore], default: str) -> None:
        self._stores, self._default = stores, default

    def store(self, name: str) -> KeyStore:
        """A store by name. Raises KeyStoreUnavailable: a key is never used from another store instead."""
        if name not in self._stores:
            raise KeyStoreUnavailable(name)
        return self._stores[name]

    def algorithms(self, store: str | None = None) -> frozenset[str]:
        """What a store (the configured one by default) can make keys for."""
        return self.store(store or self._default).algorithms

    async def generate(self, algorithm: str, store: str | None = None) -> tuple[KeyHandle, Jwk]:
        """A new key in a store (the configured one by default): its handle and its public JWK."""
        chosen = self.store(store or self._default)
        handle = await chosen.generate(algorithm)
        return handle, await chosen.public_key(handle)

    async def sign(self, handle: KeyHandle, payload: bytes) -> bytes:
        """The raw signature."""
        return await self.store(handle.store).sign(handle, payload)

    async def forget(self, handle: KeyHandle) -> None:
        """Destroy a key for ever."""
        await self.store(handle.store).forget(handle)

    async def agree(self, handle: KeyHandle, peer: Jwk) -> bytes:
        """The shared secret with a peer's key."""
        return await self.store(handle.store).agree(handle, peer)
