"""The pages that ask for evidence before a credential is issued, in a real Chromium that runs no scripts."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser, Page, expect

from tests.agent.operations.test_required_evidence import DEGREE, MATCH, demand
from tests.authorizing import PASSWORD, REDIRECT, answer_of
from tests.courts import Court
from tests.houses import PERSON
from tests.verifying import NAMES, obtain
from tests.wallets import Wallet

BY_ITSELF = 20_000
"""Milliseconds, on a busy machine, in which a page that loads itself every three seconds has done so."""


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(java_script_enabled=False)
    yield await context.new_page()
    await context.close()


async def signed_in(court: Court, page: Page) -> Any:
    """The wallet that asks for a diploma, its person signed in."""
    client = court.client()
    pushed = await client.push(scope="diploma")
    query = urlencode({"client_id": client.client_id, "request_uri": pushed.body["request_uri"]})
    await page.goto(f"{court.issuer}/authorize?{query}")
    await page.fill("#username", "erika@example.org")
    await page.fill("#password", PASSWORD)
    await page.click("#sign-in")
    return client


async def approved(court: Court, page: Page, client: Any) -> None:
    """Approved in the browser, redeemed by the wallet, issued."""
    async with page.expect_request(lambda asked: asked.url.startswith(REDIRECT)) as asked:
        await page.click("#approve", no_wait_after=True)
    token = await client.redeem(answer_of((await asked.value).url)["code"])
    body = {"credential_configuration_id": "diploma"}
    assert (await client.credential(token.body["access_token"], **body)).status == 200


async def reads(page: Page) -> str:
    """The page waits and shows a code to read; the link that is in it."""
    await expect(page.locator("#evidence")).to_have_text("waiting")
    code = await page.locator("figure svg").bounding_box()
    assert code is not None
    assert min(code["width"], code["height"]) > 100  # large enough for a camera
    assert await page.is_visible("#code")
    return await page.get_attribute("#code", "href") or ""


async def test_the_page_goes_on_by_itself_when_a_wallet_read_the_code(court: Court, page: Page) -> None:
    holder = Wallet(court.site.session)
    pid = await obtain(court.site, holder)
    await demand(court, match=MATCH)
    client = await signed_in(court, page)
    link = await reads(page)
    async with page.expect_event("load", timeout=BY_ITSELF):  # nobody touched it
        pass
    assert await reads(page) == link
    assert await page.locator("#approve").count() == 0
    assert (await holder.present(link, pid, NAMES)).status == 200
    await page.wait_for_selector("#approve", timeout=BY_ITSELF)
    await approved(court, page, client)


async def test_a_wallet_on_this_device_brings_the_browser_back(court: Court, page: Page) -> None:
    holder = Wallet(court.site.session)
    pid = await obtain(court.site, holder)
    await demand(court, match=MATCH)
    client = await signed_in(court, page)
    await reads(page)
    await page.click("#here")
    assert await page.is_visible("#wallet")
    answer = await holder.present(await page.get_attribute("#wallet", "href") or "", pid, NAMES)
    await page.goto(answer.body["redirect_uri"])
    assert await page.is_visible("#approve")
    await approved(court, page, client)


async def test_an_offers_page_says_by_itself_that_it_is_done(court: Court, page: Page) -> None:
    holder = Wallet(court.site.session)
    pid = await obtain(court.site, holder)
    await demand(court, match=MATCH)
    body = {"credential_configuration_ids": ["diploma"], "claims": {**DEGREE, **PERSON}}
    _, made = await court.site.api("POST", "/credential-offers", body)
    await page.goto(made["evidence_uri"])
    assert (await holder.present(await reads(page), pid, NAMES)).status == 200
    await expect(page.locator("#evidence")).to_have_text("verified", timeout=BY_ITSELF)
