"""Keys in an Askar store, in SQLite or PostgreSQL (docs/adr/0003).

A key rests in the store only, encrypted under the store's raw key.  Signing with P-256 and P-384 costs ten times
less in OpenSSL than in Askar, and either library holds the key in this process's memory while it is used; so such a
key is loaded into an OpenSSL key object, kept in a bounded cache that expires, and the buffer it came through is wiped.
Nothing of the port answers with private bytes.
"""

import asyncio
import ctypes
import os
import secrets
import time
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from aries_askar import AskarError, AskarErrorCode, Key, KeyAlg, Store
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from protocols.encoding import parse_json_object
from protocols.errors import Malformed
from protocols.jose.jwk import public, to_public_key
from protocols.ports import KeyHandle, PluginTools
from protocols.ports.keys import Jwk, KeyNotFound, KeyStoreUnavailable, UnsupportedAlgorithm

_KEY_ALGORITHMS = {
    "ES256": KeyAlg.P256,
    "ES384": KeyAlg.P384,
    "ES256K": KeyAlg.K256,
    "EdDSA": KeyAlg.ED25519,
    "ECDH-ES+P-256": KeyAlg.P256,
    "ECDH-ES+P-384": KeyAlg.P384,
    "ECDH-ES+X25519": KeyAlg.X25519,
    "EdDSA+X25519": KeyAlg.ED25519,
    "A256GCM": KeyAlg.A256GCM,
}
_CURVES: dict[str, tuple[ec.EllipticCurve, hashes.HashAlgorithm, int]] = {
    "ES256": (ec.SECP256R1(), hashes.SHA256(), 32),
    "ES384": (ec.SECP384R1(), hashes.SHA384(), 48),
    "ECDH-ES+P-256": (ec.SECP256R1(), hashes.SHA256(), 32),
    "ECDH-ES+P-384": (ec.SECP384R1(), hashes.SHA384(), 48),
}
_IN_OPENSSL = frozenset(_CURVES) | {"ECDH-ES+X25519"}
_OpenSslKey = ec.EllipticCurvePrivateKey | x25519.X25519PrivateKey
_CACHE_SIZE, _CACHE_SECONDS = 512, 900.0
_NONCE = 12


class AskarKeyStore:
    """`ports.KeyStore` over aries-askar.

    Settings: `uri` (sqlite:///path or postgres://...), `key_file` (the store's raw key, made with mode 0600 when it
    is not there) or `key` (the raw key itself, as a file reference of the configuration).
    """

    name: ClassVar[str] = "askar"
    algorithms = frozenset(_KEY_ALGORITHMS)

    def __init__(self, tools: PluginTools) -> None:
        self._uri = tools.settings.get("uri", "sqlite://:memory:")
        self._key_file = tools.settings.get("key_file", "")
        self._raw_key = tools.settings.get("key", "")
        self._store: Store | None = None
        self._loaded: OrderedDict[str, tuple[float, Any]] = OrderedDict()

    async def open(self) -> None:
        """Open the store, or make it. Raises KeyStoreUnavailable."""
        try:
            self._store = await self._open_or_provision(self._pass_key())
        except (AskarError, OSError) as error:
            raise KeyStoreUnavailable(type(error).__name__) from None

    async def _open_or_provision(self, key: str) -> Store:
        for _ in range(20):
            try:
                return await Store.open(self._uri, "raw", key)
            except AskarError as error:
                if error.code not in (AskarErrorCode.NOT_FOUND, AskarErrorCode.BUSY, AskarErrorCode.BACKEND):
                    raise
            try:
                return await Store.provision(self._uri, "raw", key, recreate=False)
            except AskarError:  # another process makes it at this moment
                await asyncio.sleep(0.1)
        return await Store.open(self._uri, "raw", key)

    def _pass_key(self) -> str:
        if self._raw_key or not self._key_file:
            return self._raw_key or Store.generate_raw_key()
        path = Path(self._key_file)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Written whole, then given its name: of two processes that begin at once, both read one key.
            written = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
            with open(written, "x", encoding="ascii", opener=_private) as file:
                file.write(Store.generate_raw_key())
            with suppress(FileExistsError):
                os.link(written, path)
            written.unlink()
        return path.read_text(encoding="ascii").strip()

    async def close(self) -> None:
        """Forget loaded keys and close the store."""
        self._loaded.clear()
        if self._store:
            await self._store.close()
            self._store = None

    async def generate(self, algorithm: str) -> KeyHandle:
        """A new key. Raises UnsupportedAlgorithm."""
        if algorithm not in _KEY_ALGORITHMS:
            raise UnsupportedAlgorithm(f"askar keeps no {algorithm} keys")
        key = Key.generate(_KEY_ALGORITHMS[algorithm])
        reference = f"{algorithm}.{secrets.token_urlsafe(18)}"
        async with self._session() as session:
            await session.insert_key(reference, key)
        return KeyHandle(self.name, reference, algorithm)

    async def public_key(self, key: KeyHandle) -> Jwk:
        """The public JWK."""
        if key.algorithm == "A256GCM":
            raise KeyNotFound("a symmetric key has no public part")
        return public(parse_json_object((await self._fetch(key)).get_jwk_public()))

    async def sign(self, key: KeyHandle, payload: bytes) -> bytes:
        """Raw signature of the message."""
        found = await self._use(key)
        if key.algorithm in ("ES256", "ES384"):
            _, digest, size = _CURVES[key.algorithm]
            r, s = decode_dss_signature(found.sign(payload, ec.ECDSA(digest)))
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        if key.algorithm not in ("EdDSA", "ES256K", "EdDSA+X25519"):
            raise UnsupportedAlgorithm(f"{key.algorithm} does not sign")
        signature: bytes = found.sign_message(payload)
        return signature

    async def agree(self, key: KeyHandle, peer: Jwk) -> bytes:
        """ECDH in the store's library. Raises Malformed for a point off the curve or of small order."""
        curve = key.algorithm.removeprefix("ECDH-ES+").removeprefix("EdDSA+")
        if curve == key.algorithm:
            raise UnsupportedAlgorithm(f"{key.algorithm} does not agree")
        required = public(peer)
        if required["crv"] != curve:
            raise Malformed("curve of the peer's key")
        theirs = to_public_key(required)
        mine = await self._use(key)
        if isinstance(mine, Key):  # an Edwards key, which agrees as the Montgomery key of the same point
            mine = _openssl_key(mine.convert_key(KeyAlg.X25519), "ECDH-ES+X25519")
        try:
            if isinstance(mine, x25519.X25519PrivateKey):
                return mine.exchange(theirs)  # type: ignore[arg-type]  # crv was compared
            return bytes(mine.exchange(ec.ECDH(), theirs))
        except ValueError:
            raise Malformed("peer's key") from None

    async def wrap(self, kek: KeyHandle, key: bytes, associated_data: bytes) -> bytes:
        """Nonce, ciphertext and tag of the key under AES-256-GCM."""
        sealed = (await self._kek(kek)).aead_encrypt(key, aad=associated_data)
        return bytes(sealed.nonce) + bytes(sealed.ciphertext_tag)

    async def unwrap(self, kek: KeyHandle, wrapped: bytes, associated_data: bytes) -> bytes:
        """Open what `wrap` sealed."""
        found = await self._kek(kek)
        try:
            return bytes(found.aead_decrypt(wrapped[_NONCE:], nonce=wrapped[:_NONCE], aad=associated_data))
        except AskarError:
            raise Malformed("wrapped key does not open") from None

    async def forget(self, key: KeyHandle) -> None:
        """Remove the key from the store and from memory."""
        self._loaded.pop(key.reference, None)
        async with self._session() as session:
            try:
                await session.remove_key(key.reference)
            except AskarError as error:
                if error.code != AskarErrorCode.NOT_FOUND:
                    raise KeyStoreUnavailable("remove") from None

    def _session(self) -> Any:
        if self._store is None:
            raise KeyStoreUnavailable("store is closed")
        return self._store.session()

    async def _kek(self, kek: KeyHandle) -> Any:
        if kek.algorithm != "A256GCM":
            raise UnsupportedAlgorithm(f"{kek.algorithm} does not wrap")
        return await self._use(kek)

    async def _fetch(self, key: KeyHandle) -> Key:
        try:
            async with self._session() as session:
                entry = await session.fetch_key(key.reference)
        except AskarError as error:
            raise KeyStoreUnavailable(error.code.name) from None
        if entry is None:
            raise KeyNotFound(key.store)
        found: Key = entry.key
        return found

    async def _use(self, key: KeyHandle) -> Any:
        """The loaded key, from a bounded cache."""
        found = self._loaded.get(key.reference)
        if found and found[0] > time.monotonic():
            return found[1]
        fetched = await self._fetch(key)
        loaded = _openssl_key(fetched, key.algorithm) if key.algorithm in _IN_OPENSSL else fetched
        self._loaded[key.reference] = (time.monotonic() + _CACHE_SECONDS, loaded)
        self._loaded.move_to_end(key.reference)
        while len(self._loaded) > _CACHE_SIZE:
            self._loaded.popitem(last=False)
        return loaded


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _openssl_key(key: Key, algorithm: str) -> _OpenSslKey:
    """The key as OpenSSL's object; the bytes in between are wiped, as far as CPython lets them be."""
    secret: bytes = key.get_secret_bytes()
    try:
        if algorithm == "ECDH-ES+X25519":
            return x25519.X25519PrivateKey.from_private_bytes(secret)
        return ec.derive_private_key(int.from_bytes(secret, "big"), _CURVES[algorithm][0])
    finally:
        ctypes.memset(id(secret) + bytes.__basicsize__ - 1, 0, len(secret))
