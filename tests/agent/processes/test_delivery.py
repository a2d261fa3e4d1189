"""A verifier waits at one server process, and the wallet answers another one over the same database."""

import asyncio
import json
from dataclasses import replace

import aiohttp

from tests.houses import free_port
from tests.servers import Servers
from tests.verifying import NAMES, query
from tests.wallets import Wallet


async def test_who_waits_at_one_server_is_told_what_another_one_took(servers: Servers) -> None:
    second = replace(servers, port=free_port(), settings={"CHANCERY_PUBLIC_URL": servers.url}, starts=10)
    headers = {"Authorization": f"Bearer {servers.tenant.api_key}"}
    api = f"{servers.url}/api/v1/presentation-requests"
    try:
        await asyncio.gather(servers.start(), second.start())
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            wallet = Wallet(session)
            issued = await wallet.obtain((await servers.offer(session))["credential_offer_uri"])
            credential = issued.body["credentials"][0]["credential"]
            for shown, state in ((NAMES, "verified"), ({"given_name"}, "refused")):
                async with session.post(api, json={"dcql_query": query()}, headers=headers) as answer:
                    made = await answer.json()
                request = await wallet.request(made["authorization_request_uri"])
                elsewhere = request["response_uri"].replace(servers.url, second.url)
                token = {"pid": [wallet.presentation(credential, request, shown)]}
                async with session.get(f"{api}/{made['presentation_id']}/events", headers=headers) as stream:
                    events = (json.loads(line[6:]) async for line in stream.content if line.startswith(b"data: "))
                    assert (await anext(events))["state"] == "fetched"
                    await wallet.respond({**request, "response_uri": elsewhere}, token)
                    async with asyncio.timeout(5):  # a beat takes fifteen seconds, so this was a notice
                        assert (await anext(events))["state"] == state
                        assert [one async for one in events] == []
    finally:
        await second.stop()
