"""Fifty at once against two processes on one port: one wins, and both processes took part."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from agent.cli.load import Flows, run
from tests.authorizing import ERIKA, PASSWORD, REDIRECT, Client
from tests.servers import Servers, pids
from tests.wallets import HolderKey, Wallet

CROWD = 50
POOL = 3


async def crowd(act: Callable[[Wallet], Awaitable[Any]], key: HolderKey) -> list[Any]:
    """The act by fifty clients at the same moment, each over a connection of its own."""
    sessions = [aiohttp.ClientSession() for _ in range(CROWD)]
    try:
        return list(await asyncio.gather(*(act(Wallet(session, key)) for session in sessions)))
    finally:
        await asyncio.gather(*(session.close() for session in sessions))


def both_took_part(servers: Servers, route: str) -> bool:
    refused = pids(servers.logs, lambda line: line["event"] == "refused" and line.get("route") == route)
    return len(refused) == 2


@pytest.fixture
async def session() -> Any:
    async with aiohttp.ClientSession() as made:
        yield made


async def test_a_code_becomes_one_token(servers: Servers, session: aiohttp.ClientSession) -> None:
    await servers.start(workers=2)
    wallet = Wallet(session)
    given = await wallet.offer((await servers.offer(session))["credential_offer_uri"])
    answers = await crowd(lambda one: one.token(given), wallet.key)
    assert sorted(one.status for one in answers) == [200] + [400] * (CROWD - 1)
    assert {one.error for one in answers if one.status == 400} == {"invalid_grant"}
    assert both_took_part(servers, "/token")


async def test_a_nonce_is_spent_once(servers: Servers, session: aiohttp.ClientSession) -> None:
    await servers.start(workers=2)
    wallet, tokens = Wallet(session), []
    for _ in range(CROWD):
        given = await wallet.offer((await servers.offer(session))["credential_offer_uri"])
        tokens.append((await wallet.token(given)).body["access_token"])
    issuer = given["credential_issuer"]
    proofs = {"jwt": [wallet.proof(issuer, await wallet.nonce(issuer))]}
    answers = await crowd(lambda one: one.credential(issuer, tokens.pop(), proofs), wallet.key)
    assert sorted(one.status for one in answers) == [200] + [400] * (CROWD - 1)
    assert {one.error for one in answers if one.status == 400} == {"invalid_nonce"}
    assert both_took_part(servers, "/credential")


async def account(servers: Servers, session: aiohttp.ClientSession) -> Client:
    """A registered client, and a person who signs in."""
    headers = {"Authorization": f"Bearer {servers.tenant.api_key}"}
    for path, body in (
        ("/users", {"email": "erika@example.org", "password": PASSWORD, "external_id": "erika", "claims": ERIKA}),
        ("/clients", {"client_id": "wallet", "name": "A wallet", "redirect_uris": [REDIRECT]}),
    ):
        async with session.post(f"{servers.url}/api/v1{path}", json=body, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
    return Client(Wallet(session), servers.tenant.credential_issuer)


def one_won(answers: list[Any], error: str) -> None:
    assert sorted(one.status for one in answers) == [200] + [400] * (CROWD - 1)
    assert {one.error for one in answers if one.status == 400} == {error}


async def test_an_authorization_code_becomes_one_token(servers: Servers, session: aiohttp.ClientSession) -> None:
    await servers.start(workers=2)
    client = await account(servers, session)
    code = (await client.authorize())["code"]
    answers = await crowd(lambda one: replace(client, wallet=one).redeem(code), client.wallet.key)
    one_won(answers, "invalid_grant")
    assert both_took_part(servers, "/token")


async def test_a_refresh_token_is_rotated_once(servers: Servers, session: aiohttp.ClientSession) -> None:
    await servers.start(workers=2)
    client = await account(servers, session)
    token = (await client.obtain()).body["refresh_token"]
    answers = await crowd(lambda one: replace(client, wallet=one).refresh(token), client.wallet.key)
    one_won(answers, "invalid_grant")
    assert both_took_part(servers, "/token")
    (won,) = [one for one in answers if one.status == 200]
    assert (await client.credential(won.body["access_token"])).status == 200
    assert (await client.refresh(won.body["refresh_token"])).status == 200


async def test_a_wrong_transaction_code_is_counted_over_processes(
    servers: Servers, session: aiohttp.ClientSession
) -> None:
    await servers.start(workers=2)
    wallet = Wallet(session)
    made = await servers.offer(session, tx_code=True)
    given = await wallet.offer(made["credential_offer_uri"])
    wrong = f"{(int(made['tx_code']) + 1) % 1_000_000:06}"
    answers = await crowd(lambda one: one.token(given, wrong), wallet.key)
    assert {one.status for one in answers} <= {400, 429}
    assert both_took_part(servers, "/token")
    assert (await wallet.token(given, made["tx_code"])).error == "invalid_grant"
    refused = [line for line in servers.logs if line.get("detail") == "wrong tx_code"]
    assert len(refused) == 5


async def test_four_times_the_pool_waits_its_turn(servers: Servers, session: aiohttp.ClientSession) -> None:
    servers.settings["CHANCERY_DATABASE_POOL"] = str(POOL)
    await servers.start(workers=2)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as many:
        flows = Flows(many, servers.url, servers.tenant.api_key)
        took = await asyncio.wait_for(run(flows.issuance, 2 * POOL * 4, 2), 60)
    assert len(took) >= 2 * POOL * 4
    assert not [line for line in servers.logs if line["event"] == "unexpected"]


async def test_a_presentation_is_answered_once(servers: Servers, session: aiohttp.ClientSession) -> None:
    await servers.start(workers=2)
    wallet = Wallet(session)
    issued = await wallet.obtain((await servers.offer(session))["credential_offer_uri"])
    credential = issued.body["credentials"][0]["credential"]
    meta = {"vct_values": ["urn:eudi:pid:1"]}
    query = {"credentials": [{"id": "a", "format": "dc+sd-jwt", "meta": meta, "claims": [{"path": ["given_name"]}]}]}
    headers = {"Authorization": f"Bearer {servers.tenant.api_key}"}
    url = f"{servers.url}/api/v1/presentation-requests"
    async with session.post(url, json={"dcql_query": query}, headers=headers) as answer:
        made = await answer.json()
    request = await wallet.request(made["authorization_request_uri"])
    token = {"a": [wallet.presentation(credential, request, {"given_name"})]}
    answers = await crowd(lambda one: one.respond(request, token), wallet.key)
    assert sorted(one.status for one in answers) == [200] + [400] * (CROWD - 1)
    assert both_took_part(servers, "/presentation-responses/{request}")
    async with session.get(f"{url}/{made['presentation_id']}", headers=headers) as answer:
        assert (await answer.json())["state"] == "verified"
