"""Pages where a person's browser takes part in a presentation: it begins here, and comes back here.

A cookie ties the transaction to the browser that began it (OpenID4VP 1.0, 13.3); over the Digital Credentials API and
in the fragment mode the page hands the wallet's answer on (appendix A; OAuth 2.0 Multiple Response Types, 5).
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from agent.operations.verifying.ask_in_browser import begin_in_browser
from agent.operations.verifying.receive_response import receive_from_browser
from agent.operations.verifying.redeem_response_code import return_in_browser
from agent.scope import Scope
from agent.web.pages import page
from protocols.encoding import b64url, render_json
from protocols.errors import Malformed, ProtocolError
from protocols.http import NO_STORE, Call, Reply, Route
from protocols.openid4vp import response
from protocols.openid4vp.digital_credentials import origin_of

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")

_ASK = """
const ask = document.getElementById("ask"), state = document.getElementById("state");
ask.addEventListener("click", async () => {
  ask.disabled = true;
  try {
    const found = await navigator.credentials.get({ digital: { requests: [JSON.parse(ask.dataset.ask)] } });
    const data = typeof found.data === "string" ? JSON.parse(found.data) : found.data;
    const answer = await fetch(ask.dataset.answer, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ protocol: found.protocol, data }),
    });
    state.textContent = answer.ok ? "done" : "refused";
    const { redirect_uri } = await answer.json();
    if (answer.ok && redirect_uri) location.replace(redirect_uri);
  } catch (error) {
    state.textContent = "cancelled";
    ask.disabled = false;
  }
});
"""

_RETURN = """
const here = document.getElementById("fragment"), state = document.getElementById("state");
const form = location.hash.slice(1);
history.replaceState(null, "", location.pathname);
fetch(here.dataset.answer, {
  method: "POST",
  headers: { "Content-Type": "application/x-www-form-urlencoded" },
  body: form,
}).then(async (answer) => {
  state.textContent = answer.ok ? "done" : "refused";
  const { redirect_uri } = await answer.json();
  if (answer.ok && redirect_uri) location.replace(redirect_uri);
});
"""


class NotFromHere(ProtocolError):
    """This answer does not come from the page that asked."""

    status = 403


def browser_secret(call: Call, scope: Scope) -> str:
    """What this browser's cookie says, or a new secret for it."""
    secret = call.cookies.get(cookie_name(scope), "")
    return secret if _SECRET.fullmatch(secret) else b64url(scope.entropy(32))


def cookie_name(scope: Scope) -> str:
    """The cookie's name: bound to the host by its prefix where TLS allows that (RFC 6265bis, 4.1.3.2)."""
    return "__Host-presentation" if scope.tenant.base_url.startswith("https://") else "presentation"


def _shown(show: Callable[[Scope, Call], Awaitable[Reply]]) -> Callable[[Scope, Call], Awaitable[Reply]]:
    async def operate(scope: Scope, call: Call) -> Reply:
        try:
            return await show(scope, call)
        except ProtocolError as error:
            return page(scope, "refused.html", error.status, title="Refused", reason=error.description)

    return operate


async def _begin(scope: Scope, call: Call) -> Reply:
    """The page, for the first browser that opens it; it asks the wallet by link or by the DC API."""
    secret = browser_secret(call, scope)
    begun = await begin_in_browser(scope, call.path["request"], secret)
    here = f"{scope.tenant.base_url}/present/{call.path['request']}"
    ask = ""
    if begun.digital is not None:
        ask = render_json({"protocol": begun.digital.protocol, "data": begun.digital.data}).decode()
    shown = page(
        scope,
        "present.html",
        title="Present a credential",
        inline=_ASK if ask else "",
        link=begun.link,
        ask=ask,
        answer=f"{here}/answer",
        state="",
    )
    return Reply(shown.status, shown.body, shown.media_type, shown.headers, {cookie_name(scope): secret})


async def _return(scope: Scope, call: Call) -> Reply:
    """The wallet sent the browser back: with a response code, or with the answer in the fragment."""
    secret = call.cookies.get(cookie_name(scope), "")
    if not secret:
        raise NotFromHere("no cookie")
    code = call.query_parameters().get("response_code")
    if code is None:
        answer = f"{scope.tenant.base_url}/present/{call.path['request']}/answer"
        return page(scope, "returned.html", title="Presentation", inline=_RETURN, answer=answer, state="waiting")
    found = await return_in_browser(scope, call.path["request"], code, secret)
    if found.redirect_uri:
        return Reply(303, headers={"Location": found.redirect_uri, **NO_STORE})
    return page(scope, "returned.html", title="Presentation", answer="", state=found.state)


async def _answer(scope: Scope, call: Call) -> str | None:
    """What the page was given by the wallet. The origin is the browser's word, and must be the page's own."""
    own = origin_of(scope.tenant.base_url)
    if call.header("origin") != own or call.header("sec-fetch-site") not in (None, "same-origin"):
        raise NotFromHere("origin")
    reference, secret = call.path["request"], call.cookies.get(cookie_name(scope), "")
    if not secret:
        raise NotFromHere("no cookie")
    if call.media_type == "application/json":
        posted = response.read_data(reference, _data(call))
        return await receive_from_browser(scope, posted, own, secret)
    return await receive_from_browser(scope, response.read_form(reference, call.form()), None, secret)


def _data(call: Call) -> Any:
    body = call.json()
    if not isinstance(body, dict) or "data" not in body:
        raise Malformed("no data")
    return body["data"]


ROUTES = (
    Route("GET", "/present/{request}", None, lambda call: call, _shown(_begin), lambda reply: reply),
    Route("GET", "/present/{request}/return", None, lambda call: call, _shown(_return), lambda reply: reply),
    Route("POST", "/present/{request}/answer", None, lambda call: call, _answer, response.render),
)
