"""The suite of `chancery.key_stores`: where private keys live and are used, and never leave."""

import asyncio
import inspect
import json
import secrets
import subprocess
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, x25519

from agent.contracts.subjects import Subject
from agent.contracts.subjects import pytest_generate_tests as pytest_generate_tests
from protocols.did.multikey import x25519_of
from protocols.errors import Malformed
from protocols.jose import jws
from protocols.jose.jwk import from_public_key, thumbprint, to_public_key, verify_signature
from protocols.ports import KeyHandle, KeyStore
from protocols.ports.keys import KeyNotFound, KeyStoreUnavailable, UnsupportedAlgorithm

SIGNING = ("ES256", "ES384", "ES256K", "EdDSA")
AGREEING = ("ECDH-ES+P-256", "ECDH-ES+P-384", "ECDH-ES+P-521", "ECDH-ES+X25519")
BOTH = "EdDSA+X25519"
EVERY_STORE_HAS = {"ES256", "ES384", "EdDSA", "ECDH-ES+P-256", "A256GCM"}


@dataclass(frozen=True, slots=True)
class Sample:
    """`settings` name a place where keys are kept: every store made of them sees the same keys. `secrets`: texts that
    open the place and are shown nowhere; `exposed` finds the texts that a key's private part would be shown as."""

    settings: Mapping[str, str]
    secrets: tuple[str, ...] = ()
    exposed: Callable[[KeyHandle], Awaitable[list[str]]] | None = None


def with_store(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that is given an open `store` of the subject's, and closes it."""
    signature = inspect.signature(test)
    others = [one for name, one in signature.parameters.items() if name not in ("store", "subject")]

    async def awaited(subject: Subject, arguments: Mapping[str, Any]) -> None:
        store: KeyStore = subject.built()
        await store.open()
        given = {"subject": subject} if "subject" in signature.parameters else {}
        try:
            await test(store=store, **given, **arguments)
        finally:
            await store.close()

    def run(subject: Subject, **arguments: Any) -> None:
        asyncio.run(awaited(subject, arguments))

    first = inspect.Parameter("subject", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    run.__name__, run.__doc__, run.__module__ = test.__name__, test.__doc__, test.__module__
    run.__signature__ = inspect.Signature([first, *others])  # type: ignore[attr-defined]  # pytest reads it
    return run


async def refuses(store: KeyStore, algorithm: str) -> bool:
    """Whether the store does not have the algorithm; then it says so when such a key is asked for."""
    if algorithm in store.algorithms:
        return False
    with pytest.raises(UnsupportedAlgorithm):
        await store.generate(algorithm)
    return True


def peer_of(algorithm: str) -> tuple[dict[str, Any], Callable[[Mapping[str, Any]], bytes]]:
    """Somebody else's fresh key: its public JWK, and their side of the agreement."""
    theirs: Any = to_public_key
    if algorithm.endswith("X25519"):
        mine = x25519.X25519PrivateKey.generate()
        return from_public_key(mine.public_key()), lambda jwk: mine.exchange(theirs(jwk))
    curve: Any = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}[
        algorithm.removeprefix("ECDH-ES+")
    ]
    key = ec.generate_private_key(curve())
    return from_public_key(key.public_key()), lambda jwk: key.exchange(ec.ECDH(), theirs(jwk))


@with_store
async def test_the_capability_table_has_what_issuing_needs(store: KeyStore) -> None:
    """`algorithms` has at least ES256, ES384, EdDSA, ECDH-ES+P-256 and A256GCM, and names nothing unknown."""
    assert set(store.algorithms) >= EVERY_STORE_HAS
    assert store.algorithms <= {*SIGNING, *AGREEING, BOTH, "A256GCM"}


@pytest.mark.parametrize("algorithm", SIGNING)
@with_store
async def test_a_signature_verifies_under_the_public_key_and_no_other(store: KeyStore, algorithm: str) -> None:
    """Raw signatures, of messages of any length."""
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
@with_store
async def test_a_signature_makes_a_jws(store: KeyStore, algorithm: str) -> None:
    """What `sign` answers is a JWS's signature as it is."""
    handle = await store.generate(algorithm)
    unsigned = jws.signing_input({"alg": algorithm}, b"payload")
    token = jws.seal(unsigned, await store.sign(handle, unsigned))
    jws.verify(jws.parse(token), await store.public_key(handle), frozenset({algorithm}))


@pytest.mark.parametrize("algorithm", AGREEING)
@with_store
async def test_both_sides_agree_on_one_secret_whatever_its_first_byte(store: KeyStore, algorithm: str) -> None:
    """Z is 32, 48 or 66 octets with its leading zeros."""
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


@with_store
async def test_a_peers_key_off_the_curve_or_of_another_curve_is_refused(store: KeyStore) -> None:
    """Malformed."""
    handle = await store.generate("ECDH-ES+P-256")
    peer, _ = peer_of("ECDH-ES+P-256")
    with pytest.raises(Malformed):
        await store.agree(handle, {**peer, "y": peer["x"]})
    with pytest.raises(Malformed):
        await store.agree(handle, peer_of("ECDH-ES+P-384")[0])
    with pytest.raises(Malformed):
        await store.agree(handle, {"kty": "EC", "crv": "P-256"})


@with_store
async def test_a_peers_key_of_small_order_is_refused(store: KeyStore) -> None:
    """Malformed."""
    if await refuses(store, "ECDH-ES+X25519"):
        return
    handle = await store.generate("ECDH-ES+X25519")
    for x in ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"):
        with pytest.raises(Malformed):
            await store.agree(handle, {"kty": "OKP", "crv": "X25519", "x": x})


@with_store
async def test_a_key_of_didcomm_v1_signs_and_agrees(store: KeyStore) -> None:
    """EdDSA+X25519: an Ed25519 key, agreeing as the X25519 key of the same point; a store without it refuses it."""
    if await refuses(store, BOTH):
        return
    handle = await store.generate(BOTH)
    public = await store.public_key(handle)
    assert public["crv"] == "Ed25519"
    assert verify_signature(public, "EdDSA", b"signed", await store.sign(handle, b"signed"))
    for _ in range(20):
        peer, theirs = peer_of("ECDH-ES+X25519")
        assert await store.agree(handle, peer) == theirs(x25519_of(public))
    with pytest.raises(Malformed):
        await store.agree(handle, public)


@with_store
async def test_a_wrapped_key_opens_with_its_kek_and_associated_data_only(store: KeyStore) -> None:
    """Malformed for another kek, other associated data, and whatever was altered."""
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


@with_store
async def test_after_a_rotation_the_new_key_signs_and_the_old_one_still_verifies(store: KeyStore) -> None:
    """Keys of one algorithm live side by side."""
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
@with_store
async def test_a_forgotten_key_is_gone_from_every_store_that_had_it(
    store: KeyStore, subject: Subject, algorithm: str
) -> None:
    """KeyNotFound, in every store that is open; forgetting twice is no error."""
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
    fresh = subject.built()
    await fresh.open()
    for one in (store, fresh):
        with pytest.raises(KeyNotFound):
            await use(one)
        with pytest.raises(KeyNotFound):
            await one.public_key(handle)
    await fresh.close()


@with_store
async def test_an_algorithm_beyond_the_table_is_refused_when_the_key_is_made(store: KeyStore) -> None:
    """UnsupportedAlgorithm."""
    for algorithm in {"RS256", "ES512", "HS256", "none", "", "ECDH-ES+P-521"} - store.algorithms:
        with pytest.raises(UnsupportedAlgorithm):
            await store.generate(algorithm)


@with_store
async def test_a_key_is_used_for_nothing_but_what_it_was_made_for(store: KeyStore) -> None:
    """UnsupportedAlgorithm."""
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


@with_store
async def test_an_unknown_reference_is_not_found(store: KeyStore) -> None:
    """KeyNotFound."""
    for algorithm, use in (
        ("ES256", lambda handle: store.sign(handle, b"")),
        ("A256GCM", lambda handle: store.unwrap(handle, bytes(60), b"")),
        ("EdDSA", store.public_key),
    ):
        with pytest.raises(KeyNotFound):
            await use(KeyHandle(store.name, "00" * 16, algorithm))


_IN_ANOTHER_PROCESS = """
import asyncio, json, sys
from importlib import import_module
from protocols.ports import KeyHandle, PluginTools

async def main(module, name, settings, handle):
    store = getattr(import_module(module), name)(PluginTools(settings, None, None))
    await store.open()
    print((await store.sign(KeyHandle(**handle), b"from another process")).hex())
    await store.close()

asyncio.run(main(*json.loads(sys.stdin.read())))
"""


@with_store
async def test_a_handle_outlives_the_store_and_the_process_that_made_it(store: KeyStore, subject: Subject) -> None:
    """Store, reference and algorithm are all that is kept of a key."""
    handle = await store.generate("ES256")
    public = await store.public_key(handle)
    await store.close()
    second: KeyStore = subject.built()
    await second.open()
    assert await second.public_key(handle) == public
    fields = {"store": handle.store, "reference": handle.reference, "algorithm": handle.algorithm}
    made: Any = subject.factory
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", _IN_ANOTHER_PROCESS],
        input=json.dumps([made.__module__, made.__qualname__, dict(subject.sample.settings), fields]),
        capture_output=True,
        text=True,
        check=True,
    )
    assert verify_signature(public, "ES256", b"from another process", bytes.fromhex(done.stdout.strip()))
    assert verify_signature(public, "ES256", b"here", await second.sign(handle, b"here"))
    await second.close()


@with_store
async def test_many_tasks_use_many_keys_at_once(store: KeyStore) -> None:
    """A store may be called from many tasks at once."""
    handles = await asyncio.gather(*(store.generate("ES256") for _ in range(8)))
    publics = [await store.public_key(handle) for handle in handles]
    numbers = range(200)
    signatures = await asyncio.gather(*(store.sign(handles[n % 8], str(n).encode()) for n in numbers))
    for number, signature in zip(numbers, signatures, strict=True):
        assert verify_signature(publics[number % 8], "ES256", str(number).encode(), signature)


@with_store
async def test_no_answer_and_no_repr_shows_private_bytes(store: KeyStore, subject: Subject) -> None:
    """Public members alone; nothing in the store's attributes or representations."""
    handle = await store.generate("ES256")
    public = await store.public_key(handle)
    assert set(public) == {"kty", "crv", "x", "y"}
    await store.sign(handle, b"message")
    shown = "".join(map(repr, (store, handle, public, vars(store))))
    sample: Sample = subject.sample
    hidden = list(sample.secrets)
    if sample.exposed is not None:
        hidden += await sample.exposed(handle)
    for secret in hidden:
        assert secret not in shown


@with_store
async def test_a_closed_store_does_nothing(store: KeyStore) -> None:
    """KeyStoreUnavailable; and it may be closed twice."""
    handle = await store.generate("ES256")
    await store.close()
    with pytest.raises(KeyStoreUnavailable):
        await store.sign(handle, b"message")
