"""`ports.KeyStore` over PKCS#11."""

import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pkcs11
from pkcs11 import ObjectClass

from plugins.key_stores.pkcs11.capabilities import capabilities
from plugins.key_stores.pkcs11.kinds import KEK, Kind
from plugins.key_stores.pkcs11.objects import derive, gcm, generate_kek, generate_pair, point_of, public_jwk, sign
from plugins.key_stores.pkcs11.sessions import PooledSession, SessionPool, TokenAddress
from protocols.errors import Malformed
from protocols.jose.jwk import public
from protocols.ports import KeyHandle, PluginTools
from protocols.ports.keys import Jwk, KeyNotFound, KeyStoreUnavailable, UnsupportedAlgorithm

T = TypeVar("T")
_NONCE, _TAG = 12, 16
_PUBLIC_KEYS = 1024


class Pkcs11KeyStore:
    """Keys in one token, made there as sensitive and not extractable.

    Settings: `module` (path of the token's library), `token` (its label), `pin_file` (read whenever it is needed) or
    `pin`, `sessions` (how many calls run at once, 4). `algorithms` is empty until `open` has tried what the token can.
    """

    name: ClassVar[str] = "pkcs11"

    def __init__(self, tools: PluginTools) -> None:
        settings = tools.settings
        self.algorithms: frozenset[str] = frozenset()
        address = TokenAddress(settings.get("module", ""), settings.get("token", ""), _pin(settings))
        self._pool = SessionPool(address, max(1, int(settings.get("sessions", "4"))))
        self._kinds: Mapping[str, Kind] = {}
        self._public: OrderedDict[str, Jwk] = OrderedDict()

    async def open(self) -> None:
        """Log in and ask the token what it can do. Raises KeyStoreUnavailable."""
        await self._pool.open()
        self._kinds, wraps = await self._pool.run(_capabilities)
        self.algorithms = frozenset(self._kinds) | ({KEK} if wraps else frozenset())

    async def close(self) -> None:
        """Close every session."""
        self._public.clear()
        await self._pool.close()

    async def generate(self, algorithm: str) -> KeyHandle:
        """A new key in the token. Raises UnsupportedAlgorithm."""
        if algorithm not in self.algorithms:
            raise UnsupportedAlgorithm(f"the token keeps no {algorithm} keys")
        key_id = secrets.token_bytes(16)
        kind = self._kinds.get(algorithm)

        def make(pooled: PooledSession) -> None:
            if kind is None:
                generate_kek(pooled.session, key_id, store=True)
            else:
                generate_pair(pooled.session, kind, key_id, store=True)

        await self._pool.run(make)
        return KeyHandle(self.name, key_id.hex(), algorithm)

    async def public_key(self, key: KeyHandle) -> Jwk:
        """The public JWK, from a bounded cache."""
        if key.reference not in self._public:
            kind = self._kind(key)
            self._public[key.reference] = await self._with(key, ObjectClass.PUBLIC_KEY, partial(public_jwk, kind))
        self._public.move_to_end(key.reference)
        while len(self._public) > _PUBLIC_KEYS:
            self._public.popitem(last=False)
        return self._public[key.reference]

    async def sign(self, key: KeyHandle, payload: bytes) -> bytes:
        """Raw signature of the message."""
        kind = self._kind(key)
        if not kind.signs:
            raise UnsupportedAlgorithm(f"{key.algorithm} does not sign")
        return await self._with(key, ObjectClass.PRIVATE_KEY, lambda found: sign(found, kind, payload))

    async def agree(self, key: KeyHandle, peer: Jwk) -> bytes:
        """ECDH in the token. Raises Malformed for a point off the curve or of small order."""
        kind, theirs = self._kind(key), public(peer)
        if kind.signs:
            raise UnsupportedAlgorithm(f"{key.algorithm} does not agree")
        if theirs["crv"] != kind.crv:
            raise Malformed("curve of the peer's key")

        point = point_of(theirs)
        secret = await self._with(
            key, ObjectClass.PRIVATE_KEY, lambda found: derive(found, kind, point), "peer's key is refused"
        )
        if not any(secret):
            raise Malformed("peer's key is of small order")
        return secret

    async def wrap(self, kek: KeyHandle, key: bytes, associated_data: bytes) -> bytes:
        """Nonce, ciphertext and tag of the key under AES-256-GCM."""
        nonce = secrets.token_bytes(_NONCE)
        sealed: bytes = await self._with_kek(kek, lambda found: found.encrypt(key, **gcm(nonce, associated_data)))
        return nonce + sealed

    async def unwrap(self, kek: KeyHandle, wrapped: bytes, associated_data: bytes) -> bytes:
        """Open what `wrap` sealed."""
        if len(wrapped) <= _NONCE + _TAG:
            raise Malformed("wrapped key does not open")
        nonce, sealed = wrapped[:_NONCE], wrapped[_NONCE:]
        opened: bytes = await self._with_kek(
            kek, lambda found: found.decrypt(sealed, **gcm(nonce, associated_data)), "wrapped key does not open"
        )
        return opened

    async def forget(self, key: KeyHandle) -> None:
        """Destroy the key's objects in the token."""
        self._public.pop(key.reference, None)

        def destroy(pooled: PooledSession) -> None:
            for object_class in (ObjectClass.PRIVATE_KEY, ObjectClass.SECRET_KEY, ObjectClass.PUBLIC_KEY):
                found = pooled.find(key.reference, object_class)
                pooled.keys.pop((key.reference, object_class), None)
                if found is not None:
                    found.destroy()
            _require_login(pooled)

        await self._pool.run(destroy)

    def _kind(self, key: KeyHandle) -> Kind:
        if key.algorithm == KEK:
            raise KeyNotFound("a symmetric key is no key pair")
        if key.algorithm not in self._kinds:
            raise KeyStoreUnavailable(f"the token no longer does {key.algorithm}")
        return self._kinds[key.algorithm]

    async def _with_kek(self, kek: KeyHandle, use: Callable[[Any], T], refusal: str | None = None) -> T:
        if kek.algorithm != KEK:
            raise UnsupportedAlgorithm(f"{kek.algorithm} does not wrap")
        return await self._with(kek, ObjectClass.SECRET_KEY, use, refusal)

    async def _with(
        self, key: KeyHandle, object_class: ObjectClass, use: Callable[[Any], T], refusal: str | None = None
    ) -> T:
        """Use an object of the token. Raises KeyNotFound, and Malformed(refusal) when the token refuses the data."""

        def run(pooled: PooledSession) -> T:
            found = pooled.find(key.reference, object_class)
            if found is None:
                _require_login(pooled)
                raise KeyNotFound(key.store)
            try:
                return use(found)
            except _REFUSED_DATA:
                if refusal is None:
                    raise
                _require_login(pooled)
                raise Malformed(refusal) from None

        return await self._pool.run(run)


_REFUSED_DATA = (
    pkcs11.ArgumentsBad,
    pkcs11.DataInvalid,
    pkcs11.EncryptedDataInvalid,
    pkcs11.EncryptedDataLenRange,
    pkcs11.FunctionFailed,
    pkcs11.GeneralError,  # what SoftHSM says of a wrong tag
    pkcs11.MechanismParamInvalid,
    pkcs11.PublicKeyInvalid,
)


def _require_login(pooled: PooledSession) -> None:
    """A private object that is not seen is not there only while we are logged in; else this says that we are not."""
    if not pooled.logged_in():
        raise pkcs11.UserNotLoggedIn


def _capabilities(pooled: PooledSession) -> tuple[Mapping[str, Kind], bool]:
    return capabilities(pooled.session, frozenset(pooled.session.token.slot.get_mechanisms()))


def _pin(settings: Mapping[str, str]) -> Callable[[], str]:
    """How to learn the PIN; a closure, so that it is in no object's repr."""
    file, pin = settings.get("pin_file", ""), settings.get("pin", "")
    if file:
        return lambda: Path(file).read_text(encoding="utf-8").strip()
    return lambda: pin
