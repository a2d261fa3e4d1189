"""A tenant's own settings: each key does something, and nothing else can be set."""

import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from agent.mail import Mailer
from agent.operations.administering.sessions import begin_session, create_start_code, principal_of
from agent.storage.database import open_pool
from agent.workers.notifications import Notifications
from tests.houses import Clock, Site, free_port
from tests.verifying import query

PORT = free_port()
ANY = {"credential_configuration_ids": ["pid"]}


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"fetch_allow": f"localhost:{PORT}"}


async def put(site: Site, **sections: Any) -> None:
    status, answer = await site.api("PATCH", "/configuration", sections)
    assert status == 204, answer


async def test_what_is_set_stays_and_null_takes_it_away(site: Site) -> None:
    await put(site, branding={"name": "Town", "accent_color": "#a00000"}, security={"api_key_days": 30})
    await put(site, branding={"name": None})
    _, shown = await site.api("GET", "/configuration")
    assert shown == {
        "features": {},
        "branding": {"accent_color": "#a00000"},
        "security": {"api_key_days": 30},
        "notifications": {},
    }
    assert (await site.api("GET", "/configuration", key=site.beta.api_key))[1]["branding"] == {}


@pytest.mark.parametrize(
    "sections",
    [
        {"features": {"wallets": True}},
        {"features": {"issuing": "no"}},
        {"branding": {"logo": "data:image/svg+xml,<svg onload=alert(1)>"}},
        {"branding": {"accent_color": "red;background:url(//x)"}},
        {"security": {"session_minutes": 481}},
        {"integrations": {"anything": 1}},
        {"notifications": {"webhook": {"url": "ftp://example.org"}}},
        {"notifications": {"events": ["everything"]}},
    ],
)
async def test_what_would_do_nothing_or_harm_is_not_accepted(site: Site, sections: Any) -> None:
    assert (await site.api("PATCH", "/configuration", sections))[0] == 422


async def test_of_a_feature_that_is_off_nothing_new_begins(site: Site) -> None:
    await put(site, features={"issuing": False, "verifying": False, "messaging": False})
    asked: Any
    for path, asked in (
        ("/credential-offers", ANY),
        ("/presentation-requests", {"dcql_query": query()}),
        ("/didcomm/invitations", {}),
    ):
        status, problem = await site.api("POST", path, asked)
        assert (status, problem["code"]) == (403, "feature_off"), path
        assert (await site.api("POST", path, asked, site.beta.api_key))[0] == 201, path
    assert (await site.api("PATCH", "/issuer", {"policy": {"public_clients": True}}))[0] == 204
    assert (await pushed(site)) == (503, "temporarily_unavailable")
    encrypted = {"Content-Type": "application/didcomm-encrypted+json"}
    async with site.session.post(f"{site.url}/t/alpha/didcomm", data=b"{}", headers=encrypted) as answer:
        assert (answer.status, (await answer.json())["error"]) == (403, "feature_off")
    await put(site, features={"issuing": None, "verifying": True, "messaging": True})
    assert (await pushed(site))[0] == 201
    assert (await site.api("POST", "/credential-offers", ANY))[0] == 201


async def pushed(site: Site) -> tuple[int, str | None]:
    form = {
        "client_id": "app",
        "response_type": "code",
        "scope": "pid",
        "redirect_uri": "http://127.0.0.1/",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    async with site.session.post(f"{site.url}/t/alpha/par", data=form) as answer:
        return answer.status, (await answer.json()).get("error")


async def test_pages_carry_the_tenants_name_and_color(site: Site) -> None:
    await put(site, branding={"name": "Town <Hall>", "accent_color": "#ffcc00"})
    async with site.session.get(f"{site.url}/t/alpha/start?code=x") as answer:
        page, policy = await answer.text(), answer.headers["Content-Security-Policy"]
    assert "header,button{background:#ffcc00;color:#000}" in page
    assert "Town &lt;Hall&gt;" in page
    style = page.split("<style>", 1)[1].split("</style>", 1)[0]
    assert f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" in policy


async def test_sessions_and_keys_live_no_longer_than_the_tenant_says(site: Site, clock: Clock) -> None:
    await put(site, security={"session_minutes": 5, "api_key_days": 2})
    scope = await site.scope()
    code = (await create_start_code(scope, None)).partition("code=")[2]
    session = await begin_session(scope, code)
    assert principal_of(scope, session.token)
    _, made = await site.api("POST", "/api-keys", {"name": "ci", "role": "auditor"})
    clock.forward(minutes=6)
    assert principal_of(scope, session.token) is None
    connection = await site.database.connect_admin()
    lives = await connection.fetchval("SELECT expires_at - created_at FROM api_keys WHERE id = $1", made["id"])
    await connection.close()
    assert timedelta(days=1, hours=23) < lives <= timedelta(days=2)


async def test_a_notice_of_a_limit_reaches_the_tenants_webhook_signed(
    site: Site, aiohttp_raw_server: Callable[..., Awaitable[RawTestServer]]
) -> None:
    heard: list[tuple[Any, bytes]] = []

    async def hook(request: web.BaseRequest) -> web.StreamResponse:
        heard.append((request.headers, await request.read()))
        return web.Response(status=204)

    await aiohttp_raw_server(hook, port=PORT)
    await put(site, notifications={"webhook": {"url": f"http://localhost:{PORT}/"}, "events": ["limit.reached"]})
    await site.api("PATCH", "/tenants/alpha/limits", {"max_users": 1}, site.operator_key)
    user = {"email": "a@example.org", "password": "correct horse battery staple"}
    assert (await site.api("POST", "/users", user))[0] == 201
    async with await open_pool(site.database.addresses.maint, 2, "agent_maint") as maint:
        await Notifications(maint, site.house.scope_of, Mailer("", ""))()
    [(headers, body)] = heard
    told = json.loads(body)
    assert (told["type"], told["data"]) == ("limit.reached", {"limit": "max_users", "value": 1})
    secret = bytes.fromhex((await site.api("GET", "/configuration/webhook-secret"))[1]["secret"])
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    assert b64decode(headers["webhook-signature"].removeprefix("v1,")) == hmac.digest(secret, signed, sha256)
