"""The start page in a real browser: an offer, a presentation request and its result; nothing without the session."""

import pytest
from playwright.async_api import Browser

from tests.houses import Site
from tests.wallets import Wallet


async def start_url(site: Site) -> str:
    status, made = await site.api("POST", "/start-codes", {})
    assert status == 201
    return made["url"]


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_person_offers_a_credential_asks_for_it_and_sees_the_result(
    site: Site, browser: Browser, scripts: bool
) -> None:
    wallet, page = Wallet(site.session), await browser.new_page(java_script_enabled=scripts)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    await page.goto(await start_url(site))
    assert page.url == f"{site.alpha.credential_issuer}/start"
    await page.click("#offer")
    assert await page.locator("figure svg").count() == 1
    link = await page.get_attribute("#link", "href")
    issued = await wallet.obtain(link or "")
    assert issued.status == 200
    await page.click("#result")
    assert await page.inner_text("#state") == "issued"
    await page.goto(f"{site.alpha.credential_issuer}/start")
    await page.click("#request")
    asked = await page.get_attribute("#link", "href")
    credential = issued.body["credentials"][0]["credential"]
    answer = await wallet.present(asked or "", credential, {"given_name", "family_name"})
    assert answer.status == 200
    await page.click("#result")
    assert await page.inner_text("#state") == "verified"
    assert "Mustermann" in await page.inner_text("table")
    assert complaints == []


async def test_the_code_is_good_once_and_nothing_is_made_without_a_session(site: Site, browser: Browser) -> None:
    url, page = await start_url(site), await browser.new_page()
    await page.goto(url)
    stranger = await (await browser.new_context()).new_page()
    for address in (url, f"{site.alpha.credential_issuer}/start", f"{site.alpha.credential_issuer}/start?code=guess"):
        answer = await stranger.goto(address)
        assert answer is not None
        assert answer.status == 403
        assert await stranger.locator("form").count() == 0
    async with site.session.post(f"{site.alpha.credential_issuer}/start/offers", data={"csrf": "x"}) as posted:
        assert posted.status == 403


async def test_a_form_needs_the_sessions_own_token(site: Site, browser: Browser) -> None:
    page = await browser.new_page()
    await page.goto(await start_url(site))
    await page.evaluate("document.querySelectorAll('[name=csrf]').forEach(one => one.value = 'forged')")
    await page.click("#offer")
    assert await page.locator("#refused").count() == 1


async def test_a_session_of_one_tenant_is_none_of_another(site: Site, browser: Browser) -> None:
    page = await browser.new_page()
    await page.goto(await start_url(site))
    answer = await page.goto(f"{site.beta.credential_issuer}/start")
    assert answer is not None
    assert answer.status == 403
