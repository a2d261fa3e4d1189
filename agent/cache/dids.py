"""The one resolver in front of all DID methods: cached by method, filled once, bounded in time and in number."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from agent.cache.memory import Aged, MemoryCache
from protocols.did import DidDeactivated, DidDocument, DidNotFound, FeatureNotSupported, Version, parse_did
from protocols.errors import ProtocolError
from protocols.ports import ResolvesVersions

# Methods whose DIDs spell their documents: they wait for nobody, and keep what is worth keeping themselves.
_SPELLED = frozenset({"key", "jwk", "peer"})
_SECONDS = {"web": 60.0, "webvh": 300.0}
_OTHERS = 120.0
_LONGEST = 3600.0
_REFUSED = 15.0
_DEADLINE = 12.0
_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A resolution that failed, kept for a short while."""

    error: ProtocolError


class Allowance:
    """How often a place may be asked: a bucket of `burst` that fills by `rate` a second, for each name, bounded."""

    def __init__(self, burst: float, rate: float, names: int = 2048) -> None:
        self._burst, self._rate, self._names = burst, rate, names
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> bool:
        """Whether one more is allowed now; takes it."""
        now = time.monotonic()
        left, at = self._left.pop(name, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._rate)
        self._left[name] = (left - 1 if left >= 1 else left, now)
        while len(self._left) > self._names:
            self._left.popitem(last=False)
        return left >= 1


class DidFront:
    """Caches for one process. Documents are public, so that tenants share them; nothing says who asked.

    A flood of DIDs costs at most what the allowances let through: of one host, and of all together.
    """

    def __init__(self) -> None:
        self._cache = MemoryCache(size=4096)
        self._hosts = Allowance(20, 5)
        self._all = Allowance(200, 50)

    def over(self, methods: Mapping[str, Any]) -> dict[str, Any]:
        """The family with the front before every plugin; one that names its `methods` stands for each of them."""
        found: dict[str, Any] = {name: FrontedMethod(self, name, plugin) for name, plugin in methods.items()}
        for plugin in methods.values():
            for method in getattr(plugin, "methods", ()):
                found.setdefault(method, FrontedMethod(self, method, plugin))
        return found

    async def resolve(self, plugin: Any, did: str, version: Version) -> DidDocument:
        """The document, not older than its method allows. Raises what the method raises."""
        method, name = parse_did(did)
        if method in _SPELLED:
            return await _ask(plugin, did, version)

        async def fill() -> Aged:
            if not (self._hosts.take(f"{method}:{_host(method, name)}") and self._all.take("")):
                # Not kept: the next one who asks may be luckier.
                return Aged(_Refusal(DidNotFound("asked too often")), 0)
            return await self._fill(plugin, did, version, _SECONDS.get(method, _OTHERS))

        # A version that was named by its hash stays what it is.
        key = f"{did}?{version.id}&{version.time}&{version.number}"
        found = await self._cache.get((_NOBODY, "did_document", key), fill, _OTHERS)
        if isinstance(found, _Refusal):
            raise found.error.with_traceback(None)
        document: DidDocument = found
        return document

    async def _fill(self, plugin: Any, did: str, version: Version, seconds: float) -> Aged:
        try:
            async with asyncio.timeout(_DEADLINE):
                document = await _ask(plugin, did, version)
        except TimeoutError:
            return Aged(_Refusal(DidNotFound("no answer in time")), _REFUSED)
        except DidDeactivated as error:
            return Aged(_Refusal(error), seconds)
        except ProtocolError as error:
            return Aged(_Refusal(error), _REFUSED)
        return Aged(document, _LONGEST if version.id is not None else _kept(document, seconds))

    def clear(self) -> None:
        """Forget everything."""
        self._cache.clear()


class FrontedMethod:
    """A DID method's plugin behind the front; what is no resolving goes to the plugin as it is."""

    def __init__(self, front: DidFront, method: str, plugin: Any) -> None:
        self.method = method
        self.plugin = plugin
        self._front = front

    async def resolve(self, did: str) -> DidDocument:
        """The current document."""
        return await self._front.resolve(self.plugin, did, Version())

    async def resolve_version(self, did: str, version: Version) -> DidDocument:
        """The document of a version. Raises FeatureNotSupported for a method without versions."""
        return await self._front.resolve(self.plugin, did, version)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plugin, name)


async def _ask(plugin: Any, did: str, version: Version) -> DidDocument:
    if not version:
        found: DidDocument = await plugin.resolve(did)
        return found
    if not isinstance(plugin, ResolvesVersions):
        raise FeatureNotSupported("the method has no versions")
    return await plugin.resolve_version(did, version)


def _kept(document: DidDocument, seconds: float) -> float:
    """As long as the method keeps documents, or shorter when the DID's controller says so."""
    stated = document.metadata.get("ttl")
    return min(seconds, float(stated)) if isinstance(stated, str) and stated.isdigit() else seconds


def _host(method: str, name: str) -> str:
    """Whom a resolution asks: the host of methods that name one, else the method's own resolver."""
    parts = name.split(":")
    if method == "webvh":
        return unquote(parts[1]).lower() if len(parts) > 1 else ""
    return unquote(parts[0]).lower() if method == "web" else ""
