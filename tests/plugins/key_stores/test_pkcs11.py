"""What only a token can do to us: forget our login, take its sessions away, refuse the PIN."""

import asyncio
import secrets
import time
import traceback
from collections.abc import AsyncIterator
from pathlib import Path

import pkcs11
import pytest
import pytest_asyncio
from pkcs11 import Attribute, ObjectClass

from plugins.key_stores.pkcs11 import Pkcs11KeyStore
from plugins.key_stores.pkcs11.sessions import PooledSession
from protocols.jose.jwk import verify_signature
from protocols.ports import KeyHandle, PluginTools
from protocols.ports.keys import KeyStoreUnavailable
from tests.softhsm import SoftHsm


@pytest.fixture
def settings(softhsm: SoftHsm) -> dict[str, str]:
    return softhsm.token(f"own {secrets.token_hex(4)}")


def store_of(settings: dict[str, str], **more: str) -> Pkcs11KeyStore:
    return Pkcs11KeyStore(PluginTools({**settings, **more}, None, None))


@pytest_asyncio.fixture
async def store(settings: dict[str, str]) -> AsyncIterator[Pkcs11KeyStore]:
    made = store_of(settings)
    await made.open()
    yield made
    await made.close()


def token_of(settings: dict[str, str]) -> pkcs11.Token:
    return pkcs11.lib(settings["module"]).get_token(token_label=settings["token"])


async def signs(store: Pkcs11KeyStore, handle: object) -> bool:
    message = secrets.token_bytes(20)
    signature = await store.sign(handle, message)
    return verify_signature(await store.public_key(handle), "ES256", message, signature)


async def test_a_private_key_can_not_be_read_from_the_token(store: Pkcs11KeyStore, settings: dict[str, str]) -> None:
    for algorithm in sorted(store.algorithms):
        await store.generate(algorithm)
    session = token_of(settings).open()
    classes = (ObjectClass.PRIVATE_KEY, ObjectClass.SECRET_KEY)
    found = [key for one in classes for key in session.get_objects({Attribute.CLASS: one})]
    assert len(found) == len(store.algorithms)
    for key in found:
        assert key[Attribute.SENSITIVE] is True
        assert key[Attribute.ALWAYS_SENSITIVE] is True
        assert key[Attribute.EXTRACTABLE] is False
        assert key[Attribute.NEVER_EXTRACTABLE] is True
        with pytest.raises(pkcs11.AttributeSensitive):
            key[Attribute.VALUE]
    session.close()


async def test_what_was_tried_for_the_capability_table_is_not_kept(
    store: Pkcs11KeyStore, settings: dict[str, str]
) -> None:
    assert "ECDH-ES+P-521" in store.algorithms
    session = token_of(settings).open()
    assert list(session.get_objects({})) == []
    session.close()


async def test_an_agreement_leaves_nothing_in_the_token(store: Pkcs11KeyStore, settings: dict[str, str]) -> None:
    handle, other = await store.generate("ECDH-ES+P-256"), await store.generate("ECDH-ES+P-256")
    session = token_of(settings).open()
    before = len(list(session.get_objects({})))
    await store.agree(handle, await store.public_key(other))
    assert len(list(session.get_objects({}))) == before
    session.close()


async def test_after_a_logout_the_next_call_logs_in_again(store: Pkcs11KeyStore, settings: dict[str, str]) -> None:
    handle = await store.generate("ES256")
    assert await signs(store, handle)
    with pytest.raises(pkcs11.UserAlreadyLoggedIn):
        token_of(settings).open(user_pin=settings["pin"])
    other = store_of(settings)
    await other.open()
    store._pool._keeper.close()  # a session that logged in logs out the whole process when it closes
    assert await signs(store, handle)
    assert await signs(other, handle)
    await other.close()
    assert await signs(store, handle)


async def test_after_a_logout_an_unknown_key_is_not_mistaken_for_a_forgotten_one(store: Pkcs11KeyStore) -> None:
    handle = await store.generate("ES256")
    store._pool._keeper.close()
    assert await signs(store, handle)
    kek = await store.generate("A256GCM")
    store._pool._keeper.close()
    assert await store.unwrap(kek, await store.wrap(kek, b"k" * 32, b""), b"") == b"k" * 32


async def test_when_the_token_takes_every_session_away_work_goes_on(store: Pkcs11KeyStore, softhsm: SoftHsm) -> None:
    handle = await store.generate("ES256")
    assert await signs(store, handle)
    softhsm.end()
    answers = await asyncio.gather(*(signs(store, handle) for _ in range(20)))
    assert all(answers)


async def test_a_call_that_a_new_login_overtook_is_made_again(store: Pkcs11KeyStore) -> None:
    calls = 0

    def overtaken(pooled: PooledSession) -> bool:
        nonlocal calls
        calls += 1
        if calls == 1:
            store._pool._log_in(pooled.generation)
            raise pkcs11.GeneralError
        return pooled.logged_in()

    assert await store._pool.run(overtaken)
    assert calls == 2


async def test_a_key_forgotten_in_one_session_is_not_found_in_another(store: Pkcs11KeyStore) -> None:
    handles = await asyncio.gather(*(store.generate("ES256") for _ in range(4)))
    await asyncio.gather(*(store.sign(handle, b"x") for handle in handles for _ in range(8)))
    await store.forget(handles[0])
    for _ in range(8):
        answers = await asyncio.gather(*(store.sign(handle, b"x") for handle in handles), return_exceptions=True)
        assert [type(answer).__name__ for answer in answers] == ["KeyNotFound", "bytes", "bytes", "bytes"]


async def test_a_wrong_pin_is_shown_to_the_token_once_and_to_nobody_else(
    settings: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    wrong = "99887766"
    store = store_of(settings, pin=wrong)
    with pytest.raises(KeyStoreUnavailable) as refused:
        await store.open()
    with pytest.raises(KeyStoreUnavailable):
        await store.forget(KeyHandle("pkcs11", "00", "ES256"))
    shown = "".join(traceback.format_exception(refused.value)) + repr(store) + repr(vars(store)) + caplog.text
    assert wrong not in shown
    assert "PinIncorrect" in shown


async def test_a_login_that_is_refused_later_is_not_repeated(settings: dict[str, str], tmp_path: Path) -> None:
    pin_file = tmp_path / "pin"
    pin_file.write_text(settings["pin"] + "\n")
    store = store_of(settings, pin="", pin_file=str(pin_file))
    await store.open()
    handle = await store.generate("ES256")
    pin_file.write_text("00000000")
    store._pool._keeper.close()
    said = []
    for _ in range(12):
        with pytest.raises(KeyStoreUnavailable) as refused:
            await store.sign(handle, b"x")
        said.append(str(refused.value))
    assert "PinIncorrect" in said[0]
    assert {"PinIncorrect" in text for text in said[1:]} == {False}
    pin_file.write_text(settings["pin"])
    assert await signs(store, handle)
    await store.close()


async def test_an_absent_token_or_module_is_unavailable(settings: dict[str, str], tmp_path: Path) -> None:
    for changed in ({"token": "nobody"}, {"module": str(tmp_path / "none.so")}, {"pin": "", "pin_file": "/nowhere"}):
        with pytest.raises(KeyStoreUnavailable):
            await store_of(settings, **changed).open()


async def test_the_event_loop_does_not_wait_for_the_token(store: Pkcs11KeyStore) -> None:
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - before)

    watcher = asyncio.create_task(watch())
    before = time.perf_counter()
    blocking = 0.3
    await asyncio.gather(*(store._pool.run(lambda _: time.sleep(blocking)) for _ in range(4)))
    watcher.cancel()
    assert time.perf_counter() - before < 4 * blocking
    assert longest < blocking
