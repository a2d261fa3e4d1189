"""A pool of sessions with one token: logged in once, logged in again when the token forgot us.

A login belongs to the process and the token, not to a session (PKCS #11 v2.40, 5.6): one session holds it and the
others are opened plain.  A generation counts logins; a session of an old one is closed instead of used.
"""

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeVar

import pkcs11
from pkcs11 import Attribute, ObjectClass

from plugins.key_stores.pkcs11.library import load
from protocols.ports.keys import KeyStoreUnavailable

T = TypeVar("T")
_KEYS_A_SESSION = 512
_LOST = (
    pkcs11.SessionClosed,
    pkcs11.SessionHandleInvalid,
    pkcs11.UserNotLoggedIn,
    pkcs11.DeviceError,
    pkcs11.DeviceRemoved,
    pkcs11.TokenNotPresent,
)
_STALE = (pkcs11.KeyHandleInvalid, pkcs11.ObjectHandleInvalid)
_REFUSED = (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange, pkcs11.PinLocked, pkcs11.PinExpired)
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True, repr=False)
class TokenAddress:
    """Which token of which module, and how to learn the PIN when it is needed."""

    module: str
    label: str
    pin: Callable[[], str]


@dataclass(slots=True)
class PooledSession:
    """One session and the object handles that were found through it."""

    session: Any
    generation: int
    keys: OrderedDict[tuple[str, ObjectClass], Any] = field(default_factory=OrderedDict)

    def find(self, reference: str, object_class: ObjectClass) -> Any:
        """An object by its CKA_ID, from a bounded cache; None without one."""
        place = (reference, object_class)
        if place not in self.keys:
            query = {Attribute.ID: bytes.fromhex(reference), Attribute.CLASS: object_class, Attribute.TOKEN: True}
            found = list(self.session.get_objects(query))
            if not found:
                return None
            self.keys[place] = found[0]
        self.keys.move_to_end(place)
        while len(self.keys) > _KEYS_A_SESSION:
            self.keys.popitem(last=False)
        return self.keys[place]

    def logged_in(self) -> bool:
        """Whether the token takes us for its user: nobody else may make a private object."""
        template = {Attribute.CLASS: ObjectClass.DATA, Attribute.TOKEN: False, Attribute.PRIVATE: True}
        try:
            self.session.create_object({**template, Attribute.VALUE: b"-"}).destroy()
        except pkcs11.UserNotLoggedIn:
            return False
        return True


class SessionPool:
    """Runs functions with a session each, in as many threads as sessions; the event loop never waits for the token."""

    def __init__(self, address: TokenAddress, size: int) -> None:
        self._address, self._size = address, size
        self._threads: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
        self._free: list[PooledSession] = []
        self._keeper: Any = None  # the session that logged in
        self._token: Any = None
        self._generation = 0
        self._refused = b""  # hash of a wrong PIN: it is shown once, as repeating it would lock the token

    async def open(self) -> None:
        """Log in. Raises KeyStoreUnavailable."""
        self._threads = ThreadPoolExecutor(self._size, "pkcs11")
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, self._log_in, self._generation)
        except KeyStoreUnavailable:
            await self.close()
            raise

    async def close(self) -> None:
        """Wait for calls under way, then close every session."""
        threads, self._threads = self._threads, None
        if threads:
            await asyncio.get_running_loop().run_in_executor(None, threads.shutdown)
        with self._lock:
            self._drop_sessions()

    async def run(self, function: Callable[[PooledSession], T]) -> T:
        """The function's result; it runs once more, logged in anew, when the session was lost under it."""
        if self._threads is None:
            raise KeyStoreUnavailable("store is closed")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, function)

    def _run(self, function: Callable[[PooledSession], T]) -> T:
        for _ in range(_ATTEMPTS):
            pooled = self._take()
            try:
                return function(pooled)
            except pkcs11.PKCS11Error as error:
                self._recover(pooled, error)
            finally:
                self._give_back(pooled)
        raise KeyStoreUnavailable("the token loses our sessions")

    def _recover(self, pooled: PooledSession, error: pkcs11.PKCS11Error) -> None:
        """Make another attempt worth while. Raises KeyStoreUnavailable when the error would come again."""
        if isinstance(error, _STALE):
            with self._lock:
                for one in (pooled, *self._free):
                    one.keys.clear()
        elif isinstance(error, _LOST) or type(error) is pkcs11.PKCS11Error:  # the plain class: not initialised
            self._log_in(pooled.generation)
        elif not self._overtaken(pooled):
            raise KeyStoreUnavailable(type(error).__name__) from None

    def _overtaken(self, pooled: PooledSession) -> bool:
        """Whether another thread logged in anew under this call: then any error may come from that."""
        with self._lock:
            return pooled.generation != self._generation

    def _take(self) -> PooledSession:
        with self._lock:
            if self._free:
                return self._free.pop()
            token, generation = self._token, self._generation
        try:
            return PooledSession(token.open(rw=True), generation)
        except pkcs11.PKCS11Error:
            self._log_in(generation)
        with self._lock:
            return PooledSession(self._open(self._token), self._generation)

    def _give_back(self, pooled: PooledSession) -> None:
        with self._lock:
            if pooled.generation == self._generation:
                self._free.append(pooled)
                return
        with suppress(pkcs11.PKCS11Error):
            pooled.session.close()

    def _log_in(self, generation: int) -> None:
        """Begin a new generation, unless another thread was faster."""
        with self._lock:
            if generation != self._generation:
                return
            self._drop_sessions()
            try:
                self._token = load(self._address.module).get_token(token_label=self._address.label)
            except pkcs11.PKCS11Error as error:
                raise KeyStoreUnavailable(type(error).__name__) from None
            self._keeper = self._logged_in_session()
            self._generation += 1

    def _logged_in_session(self) -> Any:
        """A session whose process is logged in; another store on this token may have done it."""
        plain = self._open(self._token)
        try:
            if PooledSession(plain, 0).logged_in():
                return plain
            plain.close()
            return self._present(self._address.pin())
        except pkcs11.UserAlreadyLoggedIn:
            return self._open(self._token)
        except (pkcs11.PKCS11Error, OSError) as error:
            raise KeyStoreUnavailable(type(error).__name__) from None

    def _present(self, pin: str) -> Any:
        digest = sha256(pin.encode()).digest()
        if digest == self._refused:
            raise KeyStoreUnavailable("the token refused this PIN")
        try:
            return self._token.open(rw=True, user_pin=pin)
        except _REFUSED:
            self._refused = digest
            raise

    def _open(self, token: Any) -> Any:
        try:
            return token.open(rw=True)
        except pkcs11.PKCS11Error as error:
            raise KeyStoreUnavailable(type(error).__name__) from None

    def _drop_sessions(self) -> None:
        for session in (*(pooled.session for pooled in self._free), self._keeper):
            with suppress(pkcs11.PKCS11Error):
                if session is not None:
                    session.close()
        self._free, self._keeper = [], None
