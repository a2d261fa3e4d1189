"""What every key store has to do, one suite for all of them: Askar on SQLite and on PostgreSQL, PKCS#11 on SoftHSM."""

import asyncio
import json
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aries_askar import Store
from cryptography.hazmat.primitives.asymmetric import ec, x25519

from protocols.errors import Malformed
from protocols.jose import jws
from protocols.jose.jwk import from_public_key, thumbprint, to_public_key, verify_signature
from protocols.ports import KeyHandle, KeyStore, PluginTools
from protocols.ports.keys import KeyNotFound, KeyStoreUnavailable, UnsupportedAlgorithm

SIGNING = ("ES256", "ES384", "ES256K", "EdDSA")
AGREEING = ("ECDH-ES+P-256", "ECDH-ES+P-384", "ECDH-ES+P-521", "ECDH-ES+X25519")
EVERY_STORE_HAS = {"ES256", "ES384", "EdDSA", "ECDH-ES+P-256", "A256GCM"}


@dataclass(frozen=True, slots=True)
class Kept:
    """A place where keys are kept: the plugin's name and settings. Every `store` made of it sees the same keys."""

    plugin: str
    settings: dict[str, str]

    def store(self) -> KeyStore:
        (point,) = entry_points(group="chancery.key_stores", name=self.plugin)
        store: KeyStore = point.load()(PluginTools(self.settings, None, None))
        return store

    def secret(self) -> str:
        """What opens the store: the raw key or the PIN."""
        if "pin" in self.settings:
            return self.settings["pin"]
        return Path(self.settings["key_file"]).read_text().strip()


@pytest.fixture(scope="module", params=["askar-sqlite", "askar-postgresql", "pkcs11-softhsm"])
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    if request.param == "pkcs11-softhsm":
        yield Kept("pkcs11", request.getfixturevalue("softhsm").token(f"contract {secrets.token_hex(4)}"))
        return
    folder = tmp_path_factory.mktemp("askar")
    uri = f"sqlite://{folder}/keys.db"
    if request.param == "askar-postgresql":
        server = request.getfixturevalue("postgres")
        user = server.admin_dsn.removeprefix("postgresql://").split("@", 1)[0]
        uri = f"postgres://{user}@localhost/askar_{secrets.token_hex(4)}?host={server.socket}"
    yield Kept("askar", {"uri": uri, "key_file": str(folder / "keys.key")})


@pytest_asyncio.fixture
async def store(kept: Kept) -> AsyncIterator[KeyStore]:
    store = kept.store()
    await store.open()
    yield store
    await store.close()


async def refuses(store: KeyStore, algorithm: str) -> bool:
    """Whether the store does not have the algorithm; then it says so when such a key is asked for."""
    if algorithm in store.algorithms:
        return False
    with pytest.raises(UnsupportedAlgorithm):
        await store.generate(algorithm)
    return True


def peer_of(algorithm: str) -> tuple[dict[str, Any], Callable[[dict[str, Any]], bytes]]:
    """Somebody else's fresh key: its public JWK, and their side of the agreement."""
    if algorithm.endswith("X25519"):
        mine = x25519.X25519PrivateKey.generate()
        return from_public_key(mine.public_key()), lambda jwk: mine.exchange(to_public_key(jwk))
    curve = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}[algorithm.removeprefix("ECDH-ES+")]
    key = ec.generate_private_key(curve())
    return from_public_key(key.public_key()), lambda jwk: key.exchange(ec.ECDH(), to_public_key(jwk))


async def test_the_capability_table_has_what_issuing_needs(store: KeyStore) -> None:
    assert set(store.algorithms) >= EVERY_STORE_HAS
    assert store.algorithms <= {*SIGNING, *AGREEING, "A256GCM"}


@pytest.mark.parametrize("algorithm", SIGNING)
async def test_a_signature_verifies_under_the_public_key_and_no_other(store: KeyStore, algorithm: str) -> None:
    if await refuses(store, algorithm):
        return
    handle, other = await store.generate(algorithm), await store.generate(algorithm)
    public = await store.public_key(handle)
    for size in (0, 1, 300, 70_000):
        message = secrets.token_bytes(size)
        signature = await store.sign(handle, message)
        assert verify_signature(public, algorithm, message, signature)
        assert not verify_signature(public, algorithm, message + b"!", signature)
        assert not verify_signature(await store.public_key(other), algorithm, message, signature)


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "EdDSA"])
async def test_a_signature_makes_a_jws(store: KeyStore, algorithm: str) -> None:
    handle = await store.generate(algorithm)
    unsigned = jws.signing_input({"alg": algorithm}, b"payload")
    token = jws.seal(unsigned, await store.sign(handle, unsigned))
    jws.verify(jws.parse(token), await store.public_key(handle), frozenset({algorithm}))


@pytest.mark.parametrize("algorithm", AGREEING)
async def test_both_sides_agree_on_one_secret_whatever_its_first_byte(store: KeyStore, algorithm: str) -> None:
    if await refuses(store, algorithm):
        return
    handle = await store.generate(algorithm)
    public = await store.public_key(handle)
    seen = set()
    for _ in range(300):
        peer, theirs = peer_of(algorithm)
        secret = await store.agree(handle, peer)
        assert secret == theirs(public)
        seen.add(secret)
    assert len(seen) == 300


async def test_a_peers_key_off_the_curve_or_of_another_curve_is_refused(store: KeyStore) -> None:
    handle = await store.generate("ECDH-ES+P-256")
    peer, _ = peer_of("ECDH-ES+P-256")
    with pytest.raises(Malformed):
        await store.agree(handle, {**peer, "y": peer["x"]})
    with pytest.raises(Malformed):
        await store.agree(handle, peer_of("ECDH-ES+P-384")[0])
    with pytest.raises(Malformed):
        await store.agree(handle, {"kty": "EC", "crv": "P-256"})


async def test_a_peers_key_of_small_order_is_refused(store: KeyStore) -> None:
    if await refuses(store, "ECDH-ES+X25519"):
        return
    handle = await store.generate("ECDH-ES+X25519")
    for x in ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"):
        with pytest.raises(Malformed):
            await store.agree(handle, {"kty": "OKP", "crv": "X25519", "x": x})


async def test_a_wrapped_key_opens_with_its_kek_and_associated_data_only(store: KeyStore) -> None:
    kek, other = await store.generate("A256GCM"), await store.generate("A256GCM")
    key = secrets.token_bytes(32)
    wrapped = await store.wrap(kek, key, b"tenant|purpose")
    assert key not in wrapped
    assert wrapped != await store.wrap(kek, key, b"tenant|purpose")
    assert await store.unwrap(kek, wrapped, b"tenant|purpose") == key
    altered = wrapped[:-1] + bytes([wrapped[-1] ^ 1])
    for used, text, data in (
        (kek, wrapped, b"tenant|other"),
        (other, wrapped, b"tenant|purpose"),
        (kek, altered, b"tenant|purpose"),
        (kek, wrapped[:20], b"tenant|purpose"),
        (kek, b"", b"tenant|purpose"),
    ):
        with pytest.raises(Malformed):
            await store.unwrap(used, text, data)
    assert await store.unwrap(kek, wrapped, b"tenant|purpose") == key


async def test_after_a_rotation_the_new_key_signs_and_the_old_one_still_verifies(store: KeyStore) -> None:
    old = await store.generate("ES256")
    before = await store.sign(old, b"before")
    public = await store.public_key(old)
    new = await store.generate("ES256")
    assert thumbprint(await store.public_key(new)) != thumbprint(public)
    assert verify_signature(await store.public_key(new), "ES256", b"after", await store.sign(new, b"after"))
    await store.forget(old)
    assert verify_signature(public, "ES256", b"before", before)
    with pytest.raises(KeyNotFound):
        await store.sign(old, b"after")


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "ECDH-ES+P-256", "A256GCM"])
async def test_a_forgotten_key_is_gone_from_every_store_that_had_it(
    store: KeyStore, kept: Kept, algorithm: str
) -> None:
    handle = await store.generate(algorithm)

    async def use(one: KeyStore) -> object:
        if algorithm == "A256GCM":
            return await one.unwrap(handle, await one.wrap(handle, b"k" * 32, b""), b"")
        if algorithm.startswith("ECDH"):
            return await one.agree(handle, peer_of(algorithm)[0])
        return await one.sign(handle, b"message")

    await use(store)
    await store.forget(handle)
    await store.forget(handle)
    fresh = kept.store()
    await fresh.open()
    for one in (store, fresh):
        with pytest.raises(KeyNotFound):
            await use(one)
        with pytest.raises(KeyNotFound):
            await one.public_key(handle)
    await fresh.close()


async def test_an_algorithm_beyond_the_table_is_refused_when_the_key_is_made(store: KeyStore) -> None:
    for algorithm in {"RS256", "ES512", "HS256", "none", "", "ECDH-ES+P-521"} - store.algorithms:
        with pytest.raises(UnsupportedAlgorithm):
            await store.generate(algorithm)


async def test_a_key_is_used_for_nothing_but_what_it_was_made_for(store: KeyStore) -> None:
    signing, kek = await store.generate("ES256"), await store.generate("A256GCM")
    agreeing = await store.generate("ECDH-ES+P-256")
    with pytest.raises(UnsupportedAlgorithm):
        await store.agree(signing, peer_of("ECDH-ES+P-256")[0])
    with pytest.raises(UnsupportedAlgorithm):
        await store.sign(agreeing, b"message")
    with pytest.raises(UnsupportedAlgorithm):
        await store.wrap(signing, b"k" * 32, b"")
    with pytest.raises((UnsupportedAlgorithm, KeyNotFound)):
        await store.sign(kek, b"message")
    with pytest.raises(KeyNotFound):
        await store.public_key(kek)


async def test_an_unknown_reference_is_not_found(store: KeyStore) -> None:
    for algorithm, use in (
        ("ES256", lambda handle: store.sign(handle, b"")),
        ("A256GCM", lambda handle: store.unwrap(handle, bytes(60), b"")),
        ("EdDSA", store.public_key),
    ):
        with pytest.raises(KeyNotFound):
            await use(KeyHandle(store.name, "00" * 16, algorithm))


_IN_ANOTHER_PROCESS = """
import asyncio, json, sys
from importlib.metadata import entry_points
from protocols.ports import KeyHandle, PluginTools

async def main(plugin, settings, handle):
    (point,) = entry_points(group="chancery.key_stores", name=plugin)
    store = point.load()(PluginTools(settings, None, None))
    await store.open()
    print((await store.sign(KeyHandle(**handle), b"from another process")).hex())
    await store.close()

asyncio.run(main(*json.loads(sys.stdin.read())))
"""


async def test_a_handle_outlives_the_store_and_the_process_that_made_it(kept: Kept) -> None:
    first = kept.store()
    await first.open()
    handle = await first.generate("ES256")
    public = await first.public_key(handle)
    await first.close()
    second = kept.store()
    await second.open()
    assert await second.public_key(handle) == public
    fields = {"store": handle.store, "reference": handle.reference, "algorithm": handle.algorithm}
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", _IN_ANOTHER_PROCESS],
        input=json.dumps([kept.plugin, kept.settings, fields]),
        capture_output=True,
        text=True,
        check=True,
    )
    assert verify_signature(public, "ES256", b"from another process", bytes.fromhex(done.stdout.strip()))
    assert verify_signature(public, "ES256", b"here", await second.sign(handle, b"here"))
    await second.close()


async def test_many_tasks_use_many_keys_at_once(store: KeyStore) -> None:
    handles = await asyncio.gather(*(store.generate("ES256") for _ in range(8)))
    publics = [await store.public_key(handle) for handle in handles]
    numbers = range(200)
    signatures = await asyncio.gather(*(store.sign(handles[n % 8], str(n).encode()) for n in numbers))
    for number, signature in zip(numbers, signatures, strict=True):
        assert verify_signature(publics[number % 8], "ES256", str(number).encode(), signature)


async def test_no_answer_and_no_repr_shows_private_bytes(store: KeyStore, kept: Kept) -> None:
    handle = await store.generate("ES256")
    public = await store.public_key(handle)
    assert set(public) == {"kty", "crv", "x", "y"}
    await store.sign(handle, b"message")
    shown = "".join(map(repr, (store, handle, public, vars(store))))
    hidden = [kept.secret()]
    if kept.plugin == "askar":
        hidden += await _askar_secret(kept, handle)
    for secret in hidden:
        assert secret not in shown


async def _askar_secret(kept: Kept, handle: KeyHandle) -> list[str]:
    raw = await Store.open(kept.settings["uri"], "raw", kept.secret())
    async with raw.session() as session:
        secret = (await session.fetch_key(handle.reference)).key.get_secret_bytes()
    await raw.close()
    return [secret.hex(), repr(secret), str(int.from_bytes(secret, "big"))]


async def test_a_closed_store_does_nothing(kept: Kept) -> None:
    store = kept.store()
    await store.open()
    handle = await store.generate("ES256")
    await store.close()
    with pytest.raises(KeyStoreUnavailable):
        await store.sign(handle, b"message")
    await store.close()
