"""Where messages go: the next endpoint where one fails, and nobody twice."""

import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.test_utils import RawTestServer

from agent.operations.messaging.accept_invitation import AcceptInvitation, accept_invitation
from agent.operations.messaging.begin_protocol import BeginProtocol, begin_protocol
from agent.operations.messaging.create_invitation import CreateInvitation, create_invitation
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
    await begin_protocol(bob, BeginProtocol(contact, "user-profile", {"request": ["description"]}))
    await deliveries()
    async with bob.unit() as unit:
        again = await unit.talks.threads(contact, None, 100)
    # Nothing of ours fits: nothing is sent.
    assert len([one for one in again if "/user-profile/" in one.protocol]) == len(profiles) + 1
