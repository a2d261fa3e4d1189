"""The authorization endpoint and its answers (RFC 6749, 4.1; RFC 9126, 4; RFC 9207; FAPI 2.0 Security Profile)."""

import re
import secrets
from urllib.parse import urlencode, urlsplit

from conformance.browser import forms_of, parameters_of
from conformance.client import Client
from conformance.offering import credential_offer, offer_uri
from conformance.registry import check
from conformance.session import Session, standing
from conformance.verdict import expect, expect_no_store, skip
from conformance.wallet import Issuance


@check("authorize-page")
async def page_needs_no_script(session: Session) -> None:
    """Open the authorization request: an HTML page with a form, all that is needed to go on without JavaScript."""
    client = await Client.of(session)
    answer = await client.browser().open(await client.link())
    expect(answer.status == 200 and answer.media_type == "text/html", "HTTP 200 with an HTML page", answer)
    fields = client.browser().sign_in.fields.keys() | {client.browser().sign_in.approve}
    forms = [form for form in forms_of(answer.text()) if fields & (form.inputs.keys() | form.buttons.keys())]
    expect(forms, "a form that the target file describes", "none")


@check("authorize-page-not-framed")
async def page_is_not_framed(session: Session) -> None:
    """The page forbids framing: frame-ancestors or X-Frame-Options."""
    client = await Client.of(session)
    headers = (await client.browser().open(await client.link())).headers
    policy = headers.get("Content-Security-Policy", "")
    allowed = re.search(r"frame-ancestors +('none'|'self')", policy) or headers.get("X-Frame-Options")
    expect(allowed, "frame-ancestors or X-Frame-Options", policy or "no Content-Security-Policy")


@check("authorize-page-no-store")
async def page_is_not_stored(session: Session) -> None:
    """Cache-Control of the sign-in page."""
    client = await Client.of(session)
    expect_no_store(await client.browser().open(await client.link()))


@check("authorize-no-referrer")
async def page_tells_no_referrer(session: Session) -> None:
    """Referrer-Policy of the sign-in page: the URL holds what others should not see (RFC 9700, 4.2.4)."""
    client = await Client.of(session)
    policy = (await client.browser().open(await client.link())).headers.get("Referrer-Policy")
    expect(policy in {"no-referrer", "same-origin", "strict-origin", "origin"}, "a strict Referrer-Policy", policy)


@check("authorize-answered")
async def code_is_given(session: Session) -> None:
    """Sign in and approve: a redirect to the client with a code."""
    answer = await (await Client.of(session)).answered()
    expect(parameters_of(answer).get("code"), "code in the query", sorted(parameters_of(answer)))


@check("authorize-iss")
async def answer_names_the_issuer(session: Session) -> None:
    """iss of the authorization response is the server's identifier (RFC 9207)."""
    client = await Client.of(session)
    iss = parameters_of(await client.answered()).get("iss")
    expect(iss == client.issuer, f"iss {client.issuer}", iss)


@check("authorize-state")
async def state_comes_back(session: Session) -> None:
    """state as it was sent, of 128 characters, some of which need encoding."""
    state = f"{secrets.token_urlsafe(90)} &=+%/"
    found = parameters_of(await (await Client.of(session)).answered(state=state)).get("state")
    expect(found == state, "the state that was sent", found)


@check("authorize-no-state")
async def no_state_is_made_up(session: Session) -> None:
    """No state in, none out."""
    found = parameters_of(await (await Client.of(session)).answered(state=None))
    expect("state" not in found, "no state", sorted(found))


@check("authorize-members")
async def answer_says_nothing_unknown(session: Session) -> None:
    """code, state and iss, each once, nothing in the fragment."""
    location = urlsplit((await (await Client.of(session)).answered()).headers["Location"])
    names = sorted(pair.partition("=")[0] for pair in location.query.split("&"))
    expect(names == ["code", "iss", "state"], "code, iss and state", names)
    expect(not location.fragment, "no fragment", "one")


@check("authorize-code-entropy")
async def codes_cannot_be_guessed(session: Session) -> None:
    """Two codes differ and are long enough for 128 bits."""
    client = await Client.of(session)
    codes = [await client.code() for _ in range(2)]
    expect(codes[0] != codes[1], "another code each time", "the same code twice")
    expect(min(map(len, codes)) >= 22, "at least 22 characters", f"{min(map(len, codes))} characters")


@check("authorize-answer-no-store")
async def answer_is_not_stored(session: Session) -> None:
    """Cache-Control of the redirect that carries the code."""
    expect_no_store(await (await Client.of(session)).answered())


@check("authorize-answer-redirect")
async def answer_is_no_replayed_post(session: Session) -> None:
    """The redirect is 302 or 303: 307 would send the person's password on (RFC 9700, 4.12)."""
    status = (await (await Client.of(session)).answered()).status
    expect(status in {302, 303}, "HTTP 302 or 303", status)


@check("authorize-deny")
async def denial_is_told(session: Session) -> None:
    """Deny: access_denied by redirect, with state and iss."""
    client = await Client.of(session)
    found = parameters_of(await client.answered("deny", state="denied-state"))
    wanted = {"error": "access_denied", "state": "denied-state", "iss": client.issuer}
    expect(wanted.items() <= found.items() and "code" not in found, str(wanted), found)


@check("authorize-wrong-password")
async def password_is_compared(session: Session) -> None:
    """Another password: no code."""
    client = await Client.of(session)
    browser = client.browser()
    fields = {name: f"{text}x" if "pass" in name else text for name, text in browser.sign_in.fields.items()}
    if fields == browser.sign_in.fields:
        skip("the person signs in without a password")
    page = await browser.open(await client.link())
    form = next((f for f in forms_of(page.text()) if f.inputs.keys() & fields.keys()), None)
    if form is None:
        skip("nothing to sign in to")
    answer = await browser.go(form.method, form.action, {**form.values, **form.filled(fields)})
    expect(not browser.landed(answer), "no redirect to the client", "one")
    buttons = {name for one in forms_of(answer.text()) for name in one.buttons}
    signed_in = answer.status in {302, 303} or browser.sign_in.approve in buttons
    expect(not signed_in, "the sign-in page again", answer.status)


@check("authorize-form-token")
async def forms_cannot_be_forged(session: Session) -> None:
    """The sign-in form without its hidden values, as another site would send it: no way in."""
    client = await Client.of(session)
    browser = client.browser()
    page = await browser.open(await client.link())
    form = next((f for f in forms_of(page.text()) if f.inputs.keys() & browser.sign_in.fields.keys()), None)
    if form is None or not form.values.keys() - browser.sign_in.fields.keys():
        skip("the form has no hidden values")
    known = {form.inputs[one] for one in browser.sign_in.fields if one in form.inputs}
    typed = {name: text for name, text in form.values.items() if name in known} | form.filled(browser.sign_in.fields)
    answer = await browser.go(form.method, form.action, typed)
    expect(400 <= answer.status < 500, "HTTP 4xx", answer.status)


@check("authorize-other-browser")
async def page_belongs_to_its_browser(session: Session) -> None:
    """The page of a signed-in browser, opened by another one: no decision to make there."""
    client = await Client.of(session)
    first, second = client.browser(), client.browser()
    page = await first.open(await client.link())
    answer = await second.open(page.url)
    buttons = {name for one in forms_of(answer.text()) for name in (*one.buttons, *one.inputs)}
    known = {*first.sign_in.fields, first.sign_in.approve}
    if page.url == await client.link():
        skip("the page has no URL of its own")
    expect(answer.status >= 400 or not buttons & known, "a refusal", answer.status)


@check("authorize-request-uri-again")
async def request_uri_is_used_once(session: Session) -> None:
    """The request_uri of a request that was answered: refused, and not by a redirect with a code."""
    client = await Client.of(session)
    link = client.pushed_link(standing(await client.push(), "request_uri")["request_uri"])
    await client.answered(link=link)
    browser = client.browser()
    answer = await browser.open(link)
    expect(400 <= answer.status < 500 or "error=" in answer.headers.get("Location", ""), "a refusal", answer.status)


@check("authorize-request-uri-reloaded")
async def page_may_be_reloaded(session: Session) -> None:
    """The link opened twice before signing in: the second browser gets its code."""
    client = await Client.of(session)
    link = client.pushed_link(standing(await client.push(), "request_uri")["request_uri"])
    await client.browser().open(link)
    answer = await client.browser().open(link)
    expect(answer.status < 400, "the page again", answer.status)
    expect(parameters_of(await client.answered(link=link)).get("code"), "a code", "none")


@check("authorize-request-uri-of-another-client")
async def request_uri_is_its_clients(session: Session) -> None:
    """A request_uri with another client's client_id."""
    client, other = await Client.of(session), await Client.other(session)
    uri = standing(await client.push(), "request_uri")["request_uri"]
    answer = await client.browser().open(other.pushed_link(uri))
    expect(400 <= answer.status < 500, "an error page, HTTP 4xx", answer.status)


@check("authorize-request-uri-unknown")
async def made_up_request_uri_is_refused(session: Session) -> None:
    """A request_uri that nobody issued: an error page, no redirect."""
    client = await Client.of(session)
    uri = f"urn:ietf:params:oauth:request_uri:{secrets.token_urlsafe(32)}"
    answer = await client.browser().open(client.pushed_link(uri))
    expect(400 <= answer.status < 500, "an error page, HTTP 4xx", answer.status)


@check("authorize-outside-parameters")
async def only_pushed_parameters_count(session: Session) -> None:
    """Another state and redirect_uri beside the request_uri: neither is used."""
    client = await Client.of(session)
    uri = standing(await client.push(state="inside"), "request_uri")["request_uri"]
    link = client.pushed_link(uri, state="outside", redirect_uri="https://evil.example/cb")
    found = parameters_of(await client.answered(link=link)).get("state")
    expect(found == "inside", "the pushed state", found)


@check("authorize-client-missing")
async def client_is_named(session: Session) -> None:
    """request_uri without client_id (RFC 9126, 4)."""
    client = await Client.of(session)
    uri = standing(await client.push(), "request_uri")["request_uri"]
    url = f"{client.endpoint('authorization_endpoint')}?{urlencode({'request_uri': uri})}"
    answer = await client.browser().open(url)
    expect(400 <= answer.status < 500, "an error page, HTTP 4xx", answer.status)


@check("authorize-open-redirector")
async def nobody_is_sent_to_strangers(session: Session) -> None:
    """A plain request with a redirect_uri nobody registered: an error page, no redirect there."""
    client = await Client.of(session)
    client.require_registration()
    query = urlencode(await client.asked(redirect_uri="https://evil.example/cb"))
    answer = await client.browser().open(f"{client.endpoint('authorization_endpoint')}?{query}")
    expect("evil.example" not in answer.headers.get("Location", ""), "no redirect", "one")
    expect(400 <= answer.status < 500, "an error page, HTTP 4xx", answer.status)


@check("authorize-offered")
async def offer_by_code_is_taken(session: Session) -> None:
    """An offer with the authorization code grant, its issuer_state sent along: a credential."""
    offer = await credential_offer(session, await offer_uri(session, "offer_by_code"))
    grant = offer.get("grants", {}).get("authorization_code")
    expect(isinstance(grant, dict), "the authorization_code grant", sorted(offer.get("grants", {})))
    issuance = await Issuance.by_code(session, issuer_state=grant.get("issuer_state"))
    answer = await issuance.post_credential(issuance.credential_request(await issuance.proof()))
    expect(answer.status in {200, 202}, "HTTP 200 or 202", answer)
