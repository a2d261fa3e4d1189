"""Signing in in a real browser: passkeys with a virtual authenticator, and another vendor's OpenID Provider."""

import os
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, BrowserContext, Page

from tests.authorizing import PASSWORD, answer_of
from tests.courts import Court
from tests.houses import free_port
from tests.interop.credo.install import CannotInstall
from tests.interop.openid_provider.install import install
from tests.interop.openid_provider.peer import OpenIdProvider


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"fetch_allow": "localhost"}


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A browser without a past."""
    made = await browser.new_context()
    yield made
    await made.close()


async def authenticator(context: BrowserContext, page: Page, **options: Any) -> tuple[Any, str]:
    """A virtual authenticator in this page (WebAuthn Level 3, 11); its session and id."""
    session = await context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    made = await session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
            | options
        },
    )
    return session, made["authenticatorId"]


@pytest.fixture
async def landing() -> AsyncIterator[str]:
    """The redirect URI of a wallet on this machine, which listens there."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="the wallet")

    app = web.Application()
    app.router.add_get("/cb", answer)
    async with TestServer(app, host="127.0.0.1") as server:
        yield f"http://127.0.0.1:{server.port}/cb"


async def arrive(court: Court, page: Page, landing: str) -> Any:
    """At the sign-in page of a new request of a wallet, which is returned."""
    client = court.client(redirect_uri=landing)
    uri = (await client.push()).body["request_uri"]
    await page.goto(f"{court.issuer}/authorize?{urlencode({'client_id': 'wallet', 'request_uri': uri})}")
    return client


async def approve(court: Court, page: Page, client: Any) -> str:
    """Approve; who it was, and the wallet's code is good."""
    who = await page.inner_text("#signed-in")
    async with page.expect_navigation(url="http://127.0.0.1:*/cb**"):
        await page.click("#approve")
    assert (await client.redeem(answer_of(page.url)["code"])).status == 200
    return who


async def with_password(page: Page) -> None:
    await page.fill("#username", "erika@example.org")
    await page.fill("#password", PASSWORD)
    await page.click("#sign-in")


async def test_a_passkey_is_added_after_a_password_and_signs_in(
    court: Court, context: BrowserContext, landing: str
) -> None:
    page = await context.new_page()
    complaints: list[str] = []
    page.on(
        "console", lambda one: complaints.append(f"{one.location['url']}: {one.text}") if one.type == "error" else None
    )
    session, device = await authenticator(context, page)
    client = await arrive(court, page, landing)
    await with_password(page)
    async with page.expect_navigation():
        await page.click("#add-passkey")
    await page.wait_for_selector("#approve")
    assert len((await session.send("WebAuthn.getCredentials", {"authenticatorId": device}))["credentials"]) == 1
    await approve(court, page, client)
    # discovered: no address is typed
    client = await arrive(court, page, landing)
    await page.click("#passkey")
    await page.wait_for_selector("#approve")
    assert await approve(court, page, client) == "erika@example.org"
    # by address
    client = await arrive(court, page, landing)
    await page.fill("#passkey-username", "Erika@Example.org")
    await page.click("#passkey")
    await page.wait_for_selector("#approve")
    assert await approve(court, page, client) == "erika@example.org"
    assert [one for one in complaints if one.startswith(court.site.url)] == []  # the wallet has no icon
    # 6.1.1: a copy of the authenticator, whose counter stands behind
    (held,) = (await session.send("WebAuthn.getCredentials", {"authenticatorId": device}))["credentials"]
    await session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": device})
    _, copy = await authenticator(context, page)
    await session.send("WebAuthn.addCredential", {"authenticatorId": copy, "credential": held | {"signCount": 1}})
    await arrive(court, page, landing)
    await page.click("#passkey")
    await page.wait_for_selector("#refused")
    assert await court.events("passkey_counter") == ["passkey_counter"]
    # without user verification: a passkey alone is one factor
    await session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": copy})
    _, weak = await authenticator(context, page, isUserVerified=False)
    await session.send("WebAuthn.addCredential", {"authenticatorId": weak, "credential": held | {"signCount": 99}})
    await arrive(court, page, landing)
    await page.click("#passkey")
    await page.wait_for_selector(".status:not(:empty)")
    assert await page.locator("#approve").count() == 0


async def test_an_enrolment_link_is_good_once_and_for_nothing_else(
    court: Court, context: BrowserContext, landing: str
) -> None:
    page = await context.new_page()
    await authenticator(context, page)
    body = {"email": "otto@example.org", "external_id": "otto"}
    _, user = await court.site.api("POST", "/users", body)
    _, link = await court.site.api("POST", f"/users/{user['id']}/passkey-links", {})
    await page.goto(link["url"])
    await page.goto(link["url"])  # looking spends nothing
    await page.click("#continue")
    assert await page.inner_text("#signed-in") == "otto@example.org"
    assert await page.locator("#approve").count() == 0
    inside = page.url
    await page.click("#add-passkey")
    await page.wait_for_selector("#added")
    ended = await page.goto(inside)
    assert ended is not None
    assert ended.status == 400
    await page.goto(link["url"])
    await page.click("#continue")
    assert "was used or has expired" in await page.inner_text("#refused")
    client = await arrive(court, page, landing)
    await page.click("#passkey")
    await page.wait_for_selector("#approve")
    assert await approve(court, page, client) == "otto@example.org"


async def test_without_scripts_the_password_signs_in_and_no_button_lies(
    court: Court, browser: Browser, landing: str
) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    client = await arrive(court, page, landing)
    assert not await page.is_visible("#passkey")
    await with_password(page)
    assert not await page.is_visible("#add-passkey")
    assert await approve(court, page, client) == "erika@example.org"
    await context.close()


@pytest.fixture
def provider_installed() -> None:
    try:
        install()
    except CannotInstall as refusal:
        if os.environ.get("CI") == "true":
            pytest.fail(str(refusal))
        pytest.skip(str(refusal))


async def start(court: Court, userinfo: bool, **changes: Any) -> OpenIdProvider:
    """A provider that knows us, not started yet, and alpha that will know it."""
    port = free_port()
    query = urlencode({"issuer": f"http://localhost:{port}"})
    _, planned = await court.site.api("GET", f"/identity-providers/redirect-uri?{query}")
    client = {
        "client_id": "chancery",
        "client_secret": "a secret of ours",
        "redirect_uris": [planned["redirect_uri"]],
        "scope": "openid profile",
    }
    return OpenIdProvider(port, client | changes, userinfo)


async def believe(court: Court, provider: OpenIdProvider, **changes: Any) -> None:
    body = {
        "issuer": provider.issuer,
        "name": "The Office",
        "client_id": "chancery",
        "client_secret": "a secret of ours",
    }
    status, answer = await court.site.api("POST", "/identity-providers", body | changes)
    assert status == 201, answer
    court.site.house.cache.clear()


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.usefixtures("provider_installed")
async def test_a_person_signs_in_at_another_vendors_provider_or_does_not(
    court: Court, browser: Browser, scripts: bool, landing: str
) -> None:
    context = await browser.new_context(java_script_enabled=scripts)
    # the ID token signed by ES256 with the claims in it, or by RS256 with the claims at UserInfo
    signed = (
        {"id_token_signed_response_alg": "ES256"} if scripts else {"token_endpoint_auth_method": "client_secret_post"}
    )
    async with await start(court, not scripts, **signed) as provider:
        await believe(
            court, provider, userinfo=not scripts, method="client_secret_basic" if scripts else "client_secret_post"
        )
        page = await context.new_page()
        client = await arrive(court, page, landing)
        await page.click("button.upstream")
        await page.fill("[name=login]", "a person")
        await page.fill("[name=password]", "whatever")
        await page.click("button[type=submit]")
        await page.click("button[type=submit]")  # its consent
        await page.wait_for_selector("#approve")
        assert page.url.startswith(court.issuer)
        async with page.expect_navigation(url="http://127.0.0.1:*/cb**"):
            await page.click("#approve")
        token = await client.redeem(answer_of(page.url)["code"])
        issued = await client.credential(token.body["access_token"])
        assert issued.status == 200, issued
        assert len(issued.body["credentials"][0]["credential"].split("~")) == 5
        other = await browser.new_context(java_script_enabled=scripts)
        page = await other.new_page()
        await arrive(court, page, landing)
        await page.click("button.upstream")
        async with page.expect_navigation(url="http://127.0.0.1:*/cb**"):
            await page.click("text=Cancel")
        assert answer_of(page.url) == {"error": "access_denied", "state": "the state", "iss": court.issuer}
        await other.close()
    await context.close()
