"""Pages of a presentation in a real Chromium: the Digital Credentials API with a stand-in for the platform's wallet,
and the fragment mode; tied to the browser that began."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.houses import Site
from tests.verifying import NAMES, ask, digital_answer, obtain, result
from tests.wallets import Wallet


@pytest.fixture
def wallet(site: Site) -> Wallet:
    return Wallet(site.session)


@pytest_asyncio.fixture
async def credential(site: Site, wallet: Wallet) -> str:
    return await obtain(site, wallet)


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    opened = await browser.new_page()
    yield opened
    await opened.close()


STAND_IN = "navigator.credentials.get = async (options) => JSON.parse(await platform(JSON.stringify(options)))"


async def platform(page: Page, wallet: Wallet, credential: str, origin: str | None = None) -> list[Any]:
    """The platform's wallet: answers for the origin that the browser says the page is of."""
    seen: list[Any] = []

    async def get(source: Any, options: str) -> str:
        (asked,) = json.loads(options)["digital"]["requests"]
        seen.append(asked)
        there = origin or await source["page"].evaluate("location.origin")
        return json.dumps({"protocol": asked["protocol"], "data": digital_answer(wallet, credential, asked, there)})

    await page.expose_binding("platform", get)
    await page.add_init_script(STAND_IN)
    return seen


@pytest.mark.parametrize("mode", ["dc_api", "dc_api.jwt"])
@pytest.mark.parametrize(
    ("protocol", "body"),
    [
        ("openid4vp-v1-unsigned", {"client_id_prefix": "origin"}),
        ("openid4vp-v1-signed", {}),
        ("openid4vp-v1-multisigned", {"client_id_prefixes": ["x509_hash", "x509_san_dns"]}),
    ],
)
async def test_a_person_presents_over_the_digital_credentials_api(
    site: Site, wallet: Wallet, credential: str, page: Page, mode: str, protocol: str, body: dict[str, Any]
) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    seen = await platform(page, wallet, credential)
    made = await ask(site, response_mode=mode, **body)
    await page.goto(made["start_uri"])
    await page.click("#ask")
    await expect(page.locator("#state")).to_have_text("done")
    assert [one["protocol"] for one in seen] == [protocol]
    assert (await result(site, made))["state"] == "verified"
    assert complaints == []


async def test_d18_an_answer_for_another_origin_or_from_another_browser_is_refused(
    site: Site, wallet: Wallet, credential: str, page: Page, browser: Browser
) -> None:
    await platform(page, wallet, credential, "https://evil.example")
    made = await ask(site, response_mode="dc_api")
    await page.goto(made["start_uri"])
    stranger = await (await browser.new_context()).new_page()
    taken = await stranger.goto(made["start_uri"])
    assert taken is not None
    assert taken.status == 404
    for headers in ({}, {"Origin": site.url}, {"Origin": "https://evil.example"}):
        answer = await wallet.send("POST", f"{made['start_uri']}/answer", json={"data": {}}, headers=headers)
        assert answer.status == 403
    await page.click("#ask")
    await expect(page.locator("#state")).to_have_text("refused")
    assert (await result(site, made))["errors"] == ["invalid_key_binding"]


@pytest.mark.parametrize("prefix", ["redirect_uri", "x509_san_dns"])
async def test_the_fragment_mode_ends_in_the_browser_that_began(
    site: Site, wallet: Wallet, credential: str, page: Page, browser: Browser, prefix: str
) -> None:
    made = await ask(site, response_mode="fragment", client_id_prefix=prefix)
    await page.goto(made["start_uri"])
    link = await page.get_attribute("#link", "href")
    request = await wallet.request(link or "")
    assert request["redirect_uri"] == f"{made['start_uri']}/return"
    token = json.dumps({"pid": [wallet.presentation(credential, request, NAMES, iat=int(time.time()))]})
    landed = f"{request['redirect_uri']}#vp_token={quote(token, safe='')}&state={request['state']}"
    stranger = await (await browser.new_context()).new_page()
    refused = await stranger.goto(landed)
    assert refused is not None
    assert refused.status == 403
    await page.goto(landed)
    await expect(page.locator("#state")).to_have_text("done")
    assert "#" not in page.url
    assert (await result(site, made))["state"] == "verified"
