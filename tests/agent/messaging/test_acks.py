"""please_ack and ack: asked for, given, noted, and never for ever."""

import secrets

from agent.operations.messaging.begin_protocol import BeginProtocol, begin_protocol
from agent.operations.messaging.identity import identity_of
from agent.scope import Scope
from agent.workers.deliveries import Deliveries
from tests.agent.messaging.peer import Peer
from tests.agent.messaging.world import World

PING, EMPTY = "https://didcomm.org/trust-ping/2.0/ping", "https://didcomm.org/empty/1.0/empty"
MESSAGE = "https://didcomm.org/basicmessage/2.0/message"


async def test_an_acknowledgement_goes_with_the_answer_or_alone(stranger: Peer) -> None:
    answer = await stranger.say(PING, headers={"please_ack": [""]})
    assert (answer.name, answer.headers["ack"]) == ("ping-response", [answer.thid])
    alone = await stranger.say(MESSAGE, {"content": "x"}, headers={"please_ack": [""]})
    assert (alone.type, alone.headers["ack"]) == (EMPTY, [alone.thid])


async def test_only_what_was_handled_is_acknowledged(stranger: Peer) -> None:
    before = await stranger.say(PING)
    asked = {"please_ack": [before.thid, "never seen", ""]}
    answer = await stranger.say(PING, headers=asked)
    assert answer.headers["ack"] == [before.thid, answer.thid]


async def test_an_acknowledgement_is_not_acknowledged(stranger: Peer) -> None:
    assert await stranger.say(EMPTY, headers={"please_ack": [""], "ack": ["x"]}) == 202
    for wrong in ("all", {}, [7], ["x"] * 17):
        assert "ack" not in (await stranger.say(PING, headers={"please_ack": wrong})).headers


async def test_what_the_peer_has_is_noted(world: World, tenant: Scope) -> None:
    other = await world.tenant(f"o{secrets.token_hex(6)}")
    to = (await identity_of(other)).did
    await begin_protocol(tenant, BeginProtocol(to, "basicmessage", {"content": "x"}, please_ack=True))
    deliveries = Deliveries(world.maint, world.scope_of)
    for _ in range(2):
        await deliveries()
    states = await world.rows(tenant, "SELECT direction, state FROM messages ORDER BY direction")
    assert [tuple(row) for row in states] == [("in", "handled"), ("out", "acknowledged")]
