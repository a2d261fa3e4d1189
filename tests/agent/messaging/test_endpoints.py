"""Where messages go: the next endpoint where one fails, and nobody twice."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.test_utils import RawTestServer

from agent.operations.messaging.accept_invitation import AcceptInvitation, accept_invitation
from agent.operations.messaging.begin_protocol import BeginProtocol, begin_protocol
from agent.operations.messaging.create_invitation import CreateInvitation, create_invitation
from agent.operations.messaging.look import show_profile_of
from agent.workers.deliveries import Deliveries
from tests.agent.messaging.test_peers import AGREE
from tests.agent.messaging.world import World
from tests.houses import free_port


async def test_the_next_endpoint_is_tried_where_one_fails(
    world: World, aiohttp_raw_server: Callable[..., Awaitable[RawTestServer]]
) -> None:
    heard: list[str] = []

    def door(status: int) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            heard.append(f"{status} {request.content_type}")
            return web.Response(status=status)

        return answer

    broken, sound, spare = [await aiohttp_raw_server(door(status)) for status in (503, 202, 202)]
    uris = [f"http://localhost:{port}/" for port in (free_port(), broken.port, sound.port, spare.port)]
    service = {"id": "dm", "type": "DIDCommMessaging", "serviceEndpoint": [{"uri": uri} for uri in uris]}
    options = {"relationships": {"k": ["keyAgreement"]}, "services": [service]}
    did = str((await world.plugins["did_methods"]["peer"].create({"k": AGREE}, options)).id)
    tenant = await world.tenant(f"t{secrets.token_hex(6)}")
    await begin_protocol(tenant, BeginProtocol(did, "trust-ping"))
    await Deliveries(world.maint, world.scope_of)()
    encrypted = "application/didcomm-encrypted+json"
    assert heard == [f"503 {encrypted}", f"202 {encrypted}"]
    assert [row["state"] for row in await world.rows(tenant, "SELECT state FROM messages")] == ["sent"]


async def to(world: World, uri: str) -> str:
    """A peer with this endpoint."""
    service = {"id": "dm", "type": "DIDCommMessaging", "serviceEndpoint": {"uri": uri}}
    options = {"relationships": {"k": ["keyAgreement"]}, "services": [service]}
    return str((await world.plugins["did_methods"]["peer"].create({"k": AGREE}, options)).id)


async def test_peers_that_do_not_answer_hold_up_nobody_else(
    world: World, aiohttp_raw_server: Callable[..., Awaitable[RawTestServer]]
) -> None:
    answering, heard = asyncio.Event(), asyncio.Event()

    async def slow(request: web.BaseRequest) -> web.StreamResponse:
        await answering.wait()
        return web.Response(status=202)

    async def quick(request: web.BaseRequest) -> web.StreamResponse:
        heard.set()
        return web.Response(status=202)

    tenant = await world.tenant(f"t{secrets.token_hex(6)}")
    deaf, alive = [await aiohttp_raw_server(one) for one in (slow, quick)]
    for number in range(12):
        await begin_protocol(
            tenant, BeginProtocol(await to(world, f"http://localhost:{deaf.port}/{number}"), "trust-ping")
        )
    delivering = asyncio.create_task(Deliveries(world.maint, world.scope_of)())
    await asyncio.sleep(0.3)
    # It comes while those are waited for.
    await begin_protocol(tenant, BeginProtocol(await to(world, f"http://localhost:{alive.port}/"), "trust-ping"))
    await asyncio.wait_for(heard.wait(), 5)
    answering.set()
    await delivering
    states = await world.rows(tenant, "SELECT state FROM messages")
    assert [row["state"] for row in states] == ["sent"] * 13


async def test_what_breaks_in_one_delivery_is_tried_later_and_breaks_no_other(world: World) -> None:
    tenant = await world.tenant(f"t{secrets.token_hex(6)}")
    broken = Broken()
    world.plugins["transports"] = {**world.plugins["transports"], "broken": broken}
    for uri in ("broken://a.example", "broken://b.example"):
        await begin_protocol(tenant, BeginProtocol(await to(world, uri), "trust-ping"))
    await Deliveries(world.maint, world.scope_of)()
    assert broken.asked == 2
    waiting = await world.rows(
        tenant, "SELECT attempts, available_at - now() < interval '5 seconds' AS soon FROM outbox"
    )
    assert [(row["attempts"], row["soon"]) for row in waiting] == [(1, True)]


class Broken:
    """A transport with a fault of its own for the first that it is asked to send."""

    schemes = frozenset({"broken"})
    asked = 0

    async def send(self, endpoint: str, message: bytes, media_type: str) -> bytes | None:
        self.asked += 1
        if self.asked == 1:
            raise RuntimeError
        return None


async def test_a_profile_is_sent_back_to_who_begins_and_asks(world: World) -> None:
    alice, bob = [await world.tenant(f"{name}{secrets.token_hex(6)}") for name in "ab"]
    made = await create_invitation(alice, CreateInvitation())
    contact = await accept_invitation(bob, AcceptInvitation(made.url))
    deliveries = Deliveries(world.maint, world.scope_of)
    await deliveries()
    said = {"profile": {"displayName": "Bob", "description": None}, "send_back_yours": True}
    await begin_protocol(bob, BeginProtocol(contact, "user-profile", said))
    await deliveries()
    async with bob.unit() as unit:
        threads = await unit.talks.threads(contact, None, 100)
        profiles = [one for one in threads if "/user-profile/" in one.protocol]
        # Theirs comes in a thread below ours, and asks for nothing more.
        (theirs,) = [one for one in profiles if one.role == "receiver"]
    assert theirs.data == {"profile": {"displayName": alice.catalogue.verifier_name}}
    async with alice.unit() as unit:
        ours = await unit.talks.threads(made.connection, None, 100)
    assert [one.data for one in ours if one.role == "receiver" and "/user-profile/" in one.protocol] == [
        {"profile": said["profile"]}
    ]
    # An update changes what it names: the rest stays, and what is empty goes.
    for update in ({"description": "dives"}, {"displayName": None}):
        await begin_protocol(bob, BeginProtocol(contact, "user-profile", {"profile": update}))
        await deliveries()
    assert (await show_profile_of(alice, made.connection))[1] == {"description": "dives"}
    await begin_protocol(bob, BeginProtocol(contact, "user-profile", {"request": ["description"]}))
    await deliveries()
    async with bob.unit() as unit:
        again = await unit.talks.threads(contact, None, 100)
    # Nothing of ours fits: nothing is sent.
    assert len([one for one in again if "/user-profile/" in one.protocol]) == len(profiles) + 3
