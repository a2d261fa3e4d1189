"""kill -9 in the middle of an issuance load: nothing is half done, nothing is usable twice, no place is given twice."""

import asyncio
import contextlib
import random
from typing import Any

import aiohttp
import pytest

from tests.servers import Servers
from tests.wallets import Wallet

CLIENTS = 12


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
    await asyncio.sleep(moments.uniform(0.3, 1.5))
    await servers.kill()
    await asyncio.wait_for(asyncio.gather(*clients), 30)
    await servers.start()
    assert await prove(servers, spent) > 0
    async with aiohttp.ClientSession() as session:
        assert (await Wallet(session).obtain((await servers.offer(session))["credential_offer_uri"])).status == 200


@pytest.mark.parametrize("seed", range(5))
async def test_a_killed_server_leaves_nothing_half_done(servers: Servers, seed: int) -> None:
    await killed(servers, seed)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(5, 55))
async def test_fifty_more(servers: Servers, seed: int) -> None:
    await killed(servers, seed)
