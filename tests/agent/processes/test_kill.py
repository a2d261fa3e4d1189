"""kill -9 in the middle of an issuance load: nothing is half done, nothing is usable twice, no place is given twice."""

import asyncio
import contextlib
import random
from typing import Any

import aiohttp
import pytest

from tests.servers import Servers
from tests.wallets import Answer, Wallet

CLIENTS = 12


async def call(servers: Servers, session: aiohttp.ClientSession, method: str, path: str, body: Any) -> Any:
    headers = {"Authorization": f"Bearer {servers.tenant.api_key}"}
    async with session.request(method, f"{servers.url}/api/v1{path}", json=body, headers=headers) as answer:
        return await answer.json() if answer.content_type.endswith("json") else None


async def load(servers: Servers, tokens: dict[str, dict[str, Any]], spent: list[dict[str, Any]]) -> None:
    """Issue until the server is gone; remember which codes were answered with a token."""
    async with aiohttp.ClientSession() as session:
        wallet = Wallet(session)
        with contextlib.suppress(aiohttp.ClientError, asyncio.TimeoutError, ConnectionError):
            while True:
                given = await wallet.offer((await servers.offer(session))["credential_offer_uri"])
                issuer = given["credential_issuer"]
                token = await wallet.token(given)
                spent.append(given)
                tokens[token.body["access_token"]] = given
                proof = wallet.proof(issuer, await wallet.nonce(issuer))
                await wallet.credential(issuer, token.body["access_token"], {"jwt": [proof]})


async def prove(servers: Servers, spent: list[dict[str, Any]]) -> int:
    """What the database and the restarted server say; how many credentials there were."""
    connection = await servers.database.connect_admin()
    try:
        doubled = await connection.fetchval(
            "SELECT count(*) FROM (SELECT registry_id, idx FROM status_list_entries GROUP BY 1, 2 HAVING count(*) > 1) x"
        )
        credentials = await connection.fetchval("SELECT count(*) FROM credentials")
        entries = await connection.fetchval("SELECT count(*) FROM status_list_entries WHERE credential_id IS NOT NULL")
        unaudited = await connection.fetchval(
            "SELECT count(*) FROM credentials c WHERE NOT EXISTS (SELECT FROM audit_logs a WHERE a.resource_id = c.id"
            " AND a.event_type = 'credential.issued')"
        )
        unfounded = await connection.fetchval(
            "SELECT count(*) FROM audit_logs a WHERE event_type = 'credential.issued' AND NOT EXISTS"
            " (SELECT FROM credentials c WHERE c.id = a.resource_id)"
        )
        halfway = await connection.fetchval(
            "SELECT count(*) FROM issuances i WHERE (state = 'issued') <> EXISTS"
            " (SELECT FROM credentials c WHERE c.issuance_id = i.id)"
        )
    finally:
        await connection.close()
    assert (doubled, unaudited, unfounded, halfway, entries) == (0, 0, 0, 0, credentials)
    async with aiohttp.ClientSession() as session:
        for given in spent[-30:]:
            assert (await Wallet(session).token(given)).error == "invalid_grant"
    return int(credentials)


async def killed(servers: Servers, seed: int) -> None:
    moments = random.Random(seed)
    tokens: dict[str, dict[str, Any]] = {}
    spent: list[dict[str, Any]] = []
    await servers.start()
    clients = [asyncio.create_task(load(servers, tokens, spent)) for _ in range(CLIENTS)]
    async with asyncio.timeout(30):  # until one of them has come round, so that there is a credential
        while len(spent) <= CLIENTS:  # noqa: ASYNC110  # the load knows nothing of who watches it
            await asyncio.sleep(0.01)
    await asyncio.sleep(moments.uniform(0.3, 1.5))
    await servers.kill()
    await asyncio.wait_for(asyncio.gather(*clients), 30)
    await servers.start()
    assert await prove(servers, spent) > 0
    async with aiohttp.ClientSession() as session:
        assert (await Wallet(session).obtain((await servers.offer(session))["credential_offer_uri"])).status == 200


async def defer(servers: Servers, waiting: list[tuple[str, str, str]]) -> None:
    """Be deferred, be approved, collect, until the server is gone; remember what was promised."""
    async with aiohttp.ClientSession() as session:
        wallet = Wallet(session)
        with contextlib.suppress(aiohttp.ClientError, asyncio.TimeoutError, ConnectionError):
            while True:
                given = await wallet.offer((await servers.offer(session))["credential_offer_uri"])
                issuer, token = given["credential_issuer"], (await wallet.token(given)).body["access_token"]
                proof = wallet.proof(issuer, await wallet.nonce(issuer))
                answer = await wallet.credential(issuer, token, {"jwt": [proof]})
                waiting.append((issuer, token, answer.body["transaction_id"]))
                for one in (await call(servers, session, "GET", "/approvals", None))["items"]:
                    await call(servers, session, "POST", f"/approvals/{one['id']}/approve", {})
                await asyncio.sleep(0.95)
                await collect(wallet, *waiting[-1])


async def collect(wallet: Wallet, issuer: str, token: str, transaction_id: str) -> Answer:
    headers, body = {"Authorization": f"Bearer {token}"}, {"transaction_id": transaction_id}
    return await wallet.send("POST", f"{issuer}/deferred_credential", json=body, headers=headers)


async def test_c17_a_server_killed_while_it_delivers_delivers_once_or_says_that_it_did(servers: Servers) -> None:
    waiting: list[tuple[str, str, str]] = []
    await servers.start()
    async with aiohttp.ClientSession() as session:
        policy = {"name": "looked-at", "approval": True, "interval": 1}
        await call(servers, session, "POST", "/issuance-policies", policy)
        await call(servers, session, "PATCH", "/credential-configurations/pid", {"policy": "looked-at"})
        await asyncio.sleep(0.2)  # the notice of the changed catalogue
    clients = [asyncio.create_task(defer(servers, waiting)) for _ in range(CLIENTS)]
    await asyncio.sleep(2.5)
    await servers.kill()
    await asyncio.wait_for(asyncio.gather(*clients), 30)
    await servers.start()
    before = await prove(servers, [])
    async with aiohttp.ClientSession() as session:
        for one in (await call(servers, session, "GET", "/approvals", None))["items"]:
            await call(servers, session, "POST", f"/approvals/{one['id']}/approve", {})
        await asyncio.sleep(1)
        answers = [await collect(Wallet(session), *one) for one in waiting]
        again = [await collect(Wallet(session), *one) for one in waiting]
    assert {one.status for one in answers} <= {200, 400}
    assert {one.error for one in answers if one.status == 400} <= {"invalid_transaction_id"}
    assert {one.error for one in again} == {"invalid_transaction_id"}
    assert await prove(servers, []) == before + sum(one.status == 200 for one in answers) == len(waiting)


@pytest.mark.parametrize("seed", range(5))
async def test_a_killed_server_leaves_nothing_half_done(servers: Servers, seed: int) -> None:
    await killed(servers, seed)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(5, 55))
async def test_fifty_more(servers: Servers, seed: int) -> None:
    await killed(servers, seed)
