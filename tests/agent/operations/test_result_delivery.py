"""How a verifier learns of the end: server-sent events across processes, a signed webhook from the outbox."""

import asyncio
import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import sha256
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from agent.compose.house import House
from agent.mail import Mailer
from agent.operations.verifying import follow_presentation as following
from agent.storage.database import open_pool
from agent.workers.notifications import Notifications
from tests.houses import Site, free_port
from tests.verifying import NAMES, ask, configure, obtain
from tests.wallets import Wallet

PORT = free_port()
HOOK = f"http://localhost:{PORT}/hook"


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"fetch_allow": f"localhost:{PORT}"}


@pytest.fixture
def wallet(site: Site) -> Wallet:
    return Wallet(site.session)


@pytest_asyncio.fixture
async def credential(site: Site, wallet: Wallet) -> str:
    return await obtain(site, wallet)


async def events(answer: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    """The data of each event as it comes."""
    async for line in answer.content:
        if line.startswith(b"data: "):
            yield json.loads(line[6:])


def open_stream(site: Site, made: dict[str, Any], key: str | None = None) -> Any:
    headers = {"Authorization": f"Bearer {key or site.alpha.api_key}"}
    return site.session.get(
        f"{site.url}/api/v1/presentation-requests/{made['presentation_id']}/events", headers=headers
    )


async def test_a_stream_tells_the_end_at_once_and_ends_with_it(site: Site, wallet: Wallet, credential: str) -> None:
    made = await ask(site)
    async with asyncio.timeout(10), open_stream(site, made) as answer:
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        told = events(answer)
        assert (await anext(told))["state"] == "created"
        assert (await wallet.present(made["authorization_request_uri"], credential, NAMES)).status == 200
        last = await anext(told)
        assert last == {"presentation_id": made["presentation_id"], "state": "verified", "errors": []}
        assert [one async for one in told] == []
    async with open_stream(site, made) as answer:  # whoever comes late is told and not kept
        assert [one["state"] async for one in events(answer)] == ["verified"]


async def test_a_refusal_ends_a_stream_and_an_expiry_too(site: Site, wallet: Wallet, credential: str) -> None:
    made = await ask(site)
    async with asyncio.timeout(10), open_stream(site, made) as answer:
        told = events(answer)
        await anext(told)
        await wallet.present(made["authorization_request_uri"], credential, {"given_name"})
        assert (await anext(told))["errors"] == ["query_not_answered"]
    made = await ask(site)
    admin = await site.database.connect_admin()
    try:
        await admin.execute(
            "UPDATE agent.presentation_requests SET created_at = now() - interval '1 hour',"
            " expires_at = now() + interval '1 second' WHERE id = $1",
            made["presentation_id"],
        )
    finally:
        await admin.close()
    async with asyncio.timeout(10), open_stream(site, made) as answer:
        assert [one["state"] async for one in events(answer)] == ["created", "expired"]


async def test_who_waits_in_another_process_is_woken(
    site: Site, wallet: Wallet, credential: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Another house over the same database and key stores, as another process has it."""
    made = await ask(site)
    async with House(site.house.config, site.house.addresses) as other:
        scope = await other.scope_of("alpha", (await site.scope()).principal)
        from uuid import UUID

        told = await following.follow_presentation(scope, UUID(made["presentation_id"]))
        assert b'"created"' in await anext(told)
        woken = asyncio.ensure_future(anext(told))
        await asyncio.sleep(0.05)
        assert (await wallet.present(made["authorization_request_uri"], credential, NAMES)).status == 200
        async with asyncio.timeout(3):  # a beat takes fifteen seconds, so this was a notice
            assert b'"verified"' in await woken
        await told.aclose()


async def test_j12_a_stream_is_its_tenants_and_does_not_outlive_its_key_by_a_minute(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await ask(site)
    async with open_stream(site, made, site.beta.api_key) as answer:
        assert answer.status == 404
    async with open_stream(site, made, "chy_none") as answer:
        assert answer.status == 401
    assert following.LONGEST < 60
    monkeypatch.setattr(following, "LONGEST", 0.3)
    async with asyncio.timeout(5), open_stream(site, made) as answer:
        assert [one["state"] async for one in events(answer)] == ["created"]


class Receiver:
    """The verifier's own system, and what it was sent."""

    def __init__(self) -> None:
        self.status, self.got = 200, list[tuple[dict[str, str], bytes]]()

    async def serve(self, request: web.BaseRequest) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        return web.Response(status=self.status)


@pytest_asyncio.fixture
async def receiver(aiohttp_raw_server: Callable[..., Awaitable[RawTestServer]]) -> Receiver:
    made = Receiver()
    await aiohttp_raw_server(made.serve, port=PORT)
    return made


async def work(site: Site) -> None:
    """The worker's round."""
    pool = await open_pool(site.database.addresses.maint, 1, "agent_maint")
    try:
        await Notifications(pool, site.house.scope_of, Mailer("", ""))()
    finally:
        await pool.close()


async def test_the_end_is_posted_signed_and_holds_no_personal_data(
    site: Site, wallet: Wallet, credential: str, receiver: Receiver
) -> None:
    await configure(site, webhook={"url": HOOK, "secret_version": 2})
    _, secret = await site.api("GET", "/verifier/webhook-secret")
    made = await ask(site)
    assert (await wallet.present(made["authorization_request_uri"], credential, NAMES)).status == 200
    await work(site)
    ((headers, body),) = receiver.got
    told = json.loads(body)
    assert (told["type"], told["id"]) == ("presentation.verified", headers["webhook-id"])
    assert (told["data"]["presentation_id"], told["data"]["state"]) == (made["presentation_id"], "verified")
    assert b"Erika" not in body
    signed = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
    mac = hmac.digest(b64decode(secret["secret"].removeprefix("whsec_")), signed, sha256)
    signatures = headers["webhook-signature"].split(" ")
    assert signatures[0] == f"v1,{b64encode(mac).decode()}"
    assert len(signatures) == 2  # the secret before signs too, while a receiver changes over
    await work(site)
    assert len(receiver.got) == 1


async def test_a_receiver_that_fails_is_tried_later_with_the_same_id(
    site: Site, wallet: Wallet, credential: str, receiver: Receiver
) -> None:
    await configure(site, webhook={"url": HOOK})
    receiver.status = 503
    made = await ask(site)
    assert (await wallet.present(made["authorization_request_uri"], credential, {"given_name"})).status == 400
    await work(site)
    await work(site)
    assert len(receiver.got) == 1
    receiver.status = 204
    admin = await site.database.connect_admin()
    try:
        await admin.execute("UPDATE agent.outbox SET available_at = now() - interval '1 second'")
        await work(site)
        assert await admin.fetchval("SELECT count(*) FROM agent.outbox") == 0
    finally:
        await admin.close()
    ids = [headers["webhook-id"] for headers, _ in receiver.got]
    assert len(ids) == 2
    assert ids[0] == ids[1]
    assert json.loads(receiver.got[1][1])["type"] == "presentation.refused"


async def test_what_waits_for_the_browser_is_told_when_it_is_back(
    site: Site, wallet: Wallet, credential: str, receiver: Receiver
) -> None:
    await configure(site, webhook={"url": HOOK})
    made = await ask(site, redirect_uri="https://verifier.example/done")
    answer = await wallet.present(made["authorization_request_uri"], credential, NAMES)
    await work(site)
    assert receiver.got == []
    code = answer.body["redirect_uri"].partition("response_code=")[2]
    path = f"/presentation-requests/{made['presentation_id']}/response-code"
    assert (await site.api("POST", path, {"response_code": code}))[0] in (200, 201)
    await work(site)
    assert [json.loads(body)["data"]["state"] for _, body in receiver.got] == ["verified"]


async def test_without_a_webhook_nothing_is_left_behind_and_one_inside_is_refused_by_the_guard(
    site: Site, wallet: Wallet, credential: str
) -> None:
    made = await ask(site)
    assert (await wallet.present(made["authorization_request_uri"], credential, NAMES)).status == 200
    admin = await site.database.connect_admin()
    try:
        assert await admin.fetchval("SELECT count(*) FROM agent.outbox WHERE topic LIKE 'presentation%'") == 0
    finally:
        await admin.close()
    for url in ("ftp://verifier.example", "https://user@verifier.example", "not a url"):
        status, _ = await site.api("PATCH", "/verifier", {"webhook": {"url": url}})
        assert status == 422
    assert (await site.api("GET", "/verifier/webhook-secret"))[0] == 422
