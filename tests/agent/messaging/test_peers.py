"""DIDs of peers: the long form first, the short form afterwards, in every process that shares the database."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from agent.cache.memory import MemoryCache
from agent.operations.messaging.begin_protocol import BeginProtocol, begin_protocol
from agent.operations.messaging.peers import key_of, resolve
from agent.workers.deliveries import Deliveries
from protocols.did import DidNotFound, MethodNotSupported, peer
from protocols.encoding import b64url, render_json
from tests.agent.messaging.world import World

AGREE = {"kty": "OKP", "crv": "X25519", "x": "NPb9QSnIdxy1eLxJtYkWyY1r6GMdw6jEhlkkFzvbnQM"}
METHOD_2 = "did:peer:2.Ez6LSg8zQom395jKLrGiBNruB9MM6V8PWuf2FpEy4uRFiqQBR"


async def long_form(world: World, uri: str = "https://a.example") -> str:
    service = {"id": "dm", "type": "DIDCommMessaging", "serviceEndpoint": {"uri": uri}}
    options: dict[str, Any] = {"relationships": {"k": ["keyAgreement"]}, "services": [service]}
    return str((await world.plugins["did_methods"]["peer"].create({"k": AGREE}, options)).id)


async def test_a_short_form_is_known_once_the_long_one_was_seen(world: World) -> None:
    scope, other = await world.tenant("peers-a"), await world.tenant("peers-b")
    for long in (await long_form(world), METHOD_2):
        (short,) = peer.short_forms(long)
        with pytest.raises(DidNotFound):
            await resolve(scope, short)
        assert (await resolve(scope, long)).id == long
        world.cache = MemoryCache()  # another process
        assert (await resolve(await world.scope_of("peers-a", scope.principal), short)).id == short
        with pytest.raises(DidNotFound):
            await resolve(other, short)
    rows = await world.rows(scope, "SELECT long_sealed FROM agent.peer_dids")
    assert len(rows) == 2
    assert not any(b"did:peer" in row["long_sealed"] for row in rows)


async def test_a_kid_is_found_under_either_form_and_by_its_key(world: World) -> None:
    scope = await world.tenant("peers-c")
    long = await long_form(world)
    assert await key_of(scope, f"{long}#k", "keyAgreement") == AGREE
    assert await key_of(scope, f"{peer.short_forms(long)[0]}#k", "keyAgreement") == AGREE
    multibase = METHOD_2.partition(".E")[2]
    assert await key_of(scope, f"{METHOD_2}#{multibase[1:]}", "keyAgreement")
    with pytest.raises(DidNotFound):
        await key_of(scope, f"{METHOD_2}#{multibase[1:]}", "authentication")
    with pytest.raises(MethodNotSupported):
        await resolve(scope, "did:sov:abc")


@pytest.fixture
async def inside() -> AsyncIterator[tuple[int, list[str]]]:
    """Something that listens where nobody from outside should reach, and who came."""
    came: list[str] = []

    async def meet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append("somebody")
        writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], came
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("method", [2, 4])
async def test_h12_a_peer_did_does_not_send_us_into_our_own_network(
    world: World, inside: tuple[int, list[str]], method: int
) -> None:
    port, came = inside
    scope = await world.tenant(f"peers-h{method}")
    addresses = (
        f"http://127.0.0.1:{port}",
        f"https://127.0.0.1:{port}",
        f"http://[::1]:{port}",
        "https://10.0.0.1/",
        "file:///etc/passwd",
    )
    for address in addresses:
        did = await long_form(world, address)
        if method == 2:
            did = f"{METHOD_2}.S{b64url(render_json({'t': 'dm', 's': {'uri': address}}))}"
        await begin_protocol(scope, BeginProtocol(did, "trust-ping"))
    await Deliveries(world.maint, world.scope_of)()
    rows = await world.rows(scope, "SELECT attempts FROM outbox")
    assert [row["attempts"] for row in rows] == [1] * len(addresses)
    assert came == []
