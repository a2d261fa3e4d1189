"""What DIDComm envelopes cost: `chancery bench --didcomm`, in this process, through the code that messages go through.

Keys are in a key store and DID documents cached, as in a server that runs; nothing is stored or recorded. Then the same
for messages as a server takes them, over HTTP, with storage and audit: `MessageFlow`.
"""

import asyncio
import gc
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

import aiohttp
from cryptography.hazmat.primitives.asymmetric import x25519

from agent import discovery
from agent.cache.dids import DidFront
from agent.cli.measuring_beside import beside
from agent.config import Config
from agent.fetch import GuardedFetch
from agent.keyring import Keyring
from agent.operations.messaging.envelope_v2 import EnvelopeV2
from agent.operations.messaging.identity import create_own_did, didcomm_service, identity_from
from agent.sandbox import ProcessSandbox
from agent.scope import Scope
from agent.scope.connections import OwnDid
from agent.scope.messaging import Identity
from agent.tenancy import WORKER, Tenant
from protocols import did as dids
from protocols.did import multikey
from protocols.didcomm import encrypted
from protocols.didcomm import message as wire
from protocols.didcomm.encrypted import Addressee
from protocols.didcomm.message import Message
from protocols.jose import jwk as jwks

_WINDOWS, _ROUNDS = 6, 2
_KIB = 1024
_TYPE = "https://didcomm.org/basicmessage/2.0/message"


@dataclass(frozen=True, slots=True)
class EnvelopeCost:
    """Whose code it is, and how often a second of CPU packs and unpacks; `missing` says why there are no figures."""

    by: str
    pack: float = 0.0
    unpack: float = 0.0
    missing: str = ""


class _Cached:
    """The cache of a server that knows both DIDs already."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], Any] = {}

    async def get(
        self, kind: str, key: str, fill: Callable[[], Awaitable[Any]], seconds: float, shape: Any = None
    ) -> Any:
        """What is known; a peer's long DID is remembered already."""
        return True if kind == "peer_did" else self.known[kind, key]

    async def forget(self, kind: str, key: str) -> None:
        """Nothing is forgotten."""


def measure_didcomm(seconds: float) -> list[EnvelopeCost]:
    """Authcrypt with X25519 at 1 KiB, `seconds` of CPU for each act: ours, then those of other libraries.

    In turns and twice, so that what else the machine does falls on all of them; each one's best counts.
    """
    rounds = [_round(seconds / _ROUNDS) for _ in range(_ROUNDS)]
    return [max(turns, key=lambda one: one.pack + one.unpack) for turns in zip(*rounds, strict=True)]


def lines(found: list[EnvelopeCost]) -> str:
    """The figures for people."""
    told = (one.missing or f"{one.pack:8.0f} packs {one.unpack:8.0f} unpacks /CPU s" for one in found)
    names = (f"{one.by:20}" for one in found)
    head = "authcrypt X25519, 1 KiB"
    return "\n".join((head, *(f"{name} {line}" for name, line in zip(names, told, strict=True))))


def _round(seconds: float) -> list[EnvelopeCost]:
    ours, dids = asyncio.run(_measure(seconds))
    message = {"type": _TYPE, "body": {"content": "x" * _KIB}}
    return [ours, *(EnvelopeCost(**one) for one in beside(dids, message, seconds, _WINDOWS))]


async def _measure(seconds: float) -> tuple[EnvelopeCost, tuple[str, str]]:
    fetch, sandbox, cache = GuardedFetch(), ProcessSandbox(), _Cached()
    config = Config(plugin_settings=(("ASKAR_URI", "sqlite://:memory:"),))
    plugins = discovery.build(config, fetch, sandbox, {"did_methods": DidFront().over})
    store = plugins["key_stores"]["askar"]
    await store.open()
    try:
        scope = _scope(plugins, Keyring(plugins["key_stores"], "askar"), cache, fetch, sandbox)
        ours, theirs = [await _party(scope, cache) for _ in range(2)]
        return await _rates(scope, ours, theirs, seconds)
    finally:
        await store.close()
        await fetch.close()
        sandbox.close()


def _scope(plugins: Any, keys: Keyring, cache: _Cached, fetch: GuardedFetch, sandbox: ProcessSandbox) -> Scope:
    nothing: Any = None  # what no envelope touches
    catalogue: Any = type("Catalogue", (), {"version": "bench"})
    return Scope(
        tenant=Tenant(uuid4(), "bench", "https://bench.example/t/bench"),
        principal=WORKER,
        now=lambda: datetime.now(UTC),
        entropy=secrets.token_bytes,
        unit=nothing,
        vault=nothing,
        keys=keys,
        catalogue=catalogue,
        plugins=plugins,
        fetch=fetch,
        sandbox=sandbox,
        cache=cast(Any, cache),
        places=nothing,
    )


async def _party(scope: Scope, cache: _Cached) -> Identity:
    own: OwnDid = await create_own_did(scope, [didcomm_service("https://bench.example/didcomm")])
    identity = identity_from(own)
    cache.known["didcomm_own", own.did] = identity
    cache.known["didcomm_identity", "bench"] = replace(identity, did="did:example:public")
    return identity


async def _rates(
    scope: Scope, ours: Identity, theirs: Identity, seconds: float
) -> tuple[EnvelopeCost, tuple[str, str]]:
    envelopes = EnvelopeV2()
    message = Message(str(uuid4()), _TYPE, {"content": "x" * _KIB}, ours.did, (theirs.did,))
    packed = await envelopes.pack(scope, ours, message)
    opened = await envelopes.open(scope, packed)
    if opened.received.message.body != message.body or opened.received.sender != ours.did:
        raise RuntimeError("what was packed is not what was opened")
    gc.collect()
    gc.freeze()
    try:
        packs = await _rate(lambda: envelopes.pack(scope, ours, message), seconds)
        unpacks = await _rate(lambda: envelopes.open(scope, packed), seconds)
    finally:
        gc.unfreeze()
    return EnvelopeCost("chancery", packs, unpacks), (ours.did, theirs.did)


async def _rate(act: Callable[[], Awaitable[Any]], seconds: float) -> float:
    """Runs in a second of CPU: the best of several windows, as the machine is not ours alone."""
    best = 0.0
    for _ in range(_WINDOWS):
        count, started = 0, time.process_time()
        end = started + seconds / _WINDOWS
        while (now := time.process_time()) < end or not count:
            for _ in range(20):
                await act()
            count += 20
        best = max(best, count / (now - started))
    return best


class MessageFlow:
    """A stranger with a did:key of its own sends a tenant messages of 1 KiB, each new."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session, self._url = session, f"{base}/t/demo/didcomm"
        self._key = x25519.X25519PrivateKey.from_private_bytes(secrets.token_bytes(32))
        multi = multikey.encode(jwks.from_public_key(self._key.public_key()))
        self._did, self._kid = f"did:key:{multi}", f"did:key:{multi}#{multi}"
        self._to: tuple[str, Addressee] | None = None

    async def __call__(self) -> None:
        """One message, until it is acknowledged. Raises RuntimeError when it is not."""
        did, addressee = self._to or await self._addressee()
        message = Message(secrets.token_hex(16), _TYPE, {"content": "x" * _KIB}, self._did, (did,))
        fresh = encrypted.fresh(secrets.token_bytes(encrypted.FRESH_OCTETS))
        packed = encrypted.authcrypt(wire.render(message), self._kid, [addressee], fresh)
        headers = {"Content-Type": encrypted.ENCRYPTED}
        async with self._session.post(self._url, data=packed, headers=headers) as answer:
            if answer.status != 202:
                raise RuntimeError(f"message was answered by {answer.status}")

    async def _addressee(self) -> tuple[str, Addressee]:
        async with self._session.get(self._url.removesuffix("didcomm") + "did.json") as answer:
            served = await answer.json(content_type=None)
        keys = dids.keys(dids.DidDocument(served["id"], served), "keyAgreement")
        kid, jwk = next((kid, jwk) for kid, jwk in keys.items() if jwk["crv"] == "X25519")
        static = self._key.exchange(cast(x25519.X25519PublicKey, jwks.to_public_key(jwk)))
        self._to = served["id"], Addressee(kid, jwk, static)
        return self._to
