"""Ways to sign in that lead elsewhere: passkeys, the tenant's identity provider, and links to add a passkey."""

from importlib.resources import files

from agent.operations.signing_in.enrolment import (
    begin_enrolment,
    begin_passkey_registration,
    end_enrolment,
    register_passkey,
)
from agent.operations.signing_in.passkeys import PasskeyRefused, begin_passkey, sign_in_with_passkey
from agent.operations.signing_in.upstream import Refused, begin_upstream, finish_upstream, offered, session_of
from agent.scope import Scope
from agent.scope.authorizing import AuthorizationSession
from agent.web import authorization as pages
from agent.web.pages import page
from protocols.http import NO_STORE, Call, Reply
from protocols.oauth.authorization_request import redirect
from protocols.oidc.errors import ProviderUnusable

_SCRIPT = files("agent.web").joinpath("static/passkeys.js").read_bytes()


# -------------------------------------------------------------------------------------------------------- passkeys
async def _sign_in_options(scope: Scope, session: AuthorizationSession, call: Call) -> Reply:
    options = await begin_passkey(scope, session, call.form().get("username", ""))
    return Reply(200, options.encode(), "application/json", NO_STORE)


async def _sign_in(scope: Scope, session: AuthorizationSession, call: Call) -> Reply:
    try:
        return pages.onward(scope, await sign_in_with_passkey(scope, session, call.form().get("credential", "")))
    except PasskeyRefused as error:
        return pages.sign_in_page(scope, session, call, error.description)


async def _registration_options(scope: Scope, session: AuthorizationSession, _call: Call) -> Reply:
    options = await begin_passkey_registration(scope, session)
    return Reply(200, options.encode(), "application/json", NO_STORE)


async def _register(scope: Scope, session: AuthorizationSession, call: Call) -> Reply:
    try:
        await register_passkey(scope, session, call.form().get("credential", ""))
    except PasskeyRefused as error:
        return await pages.signed_in_page(scope, session, call, error.description)
    again = await pages.reopened(scope, call)
    if "enrolment" not in session.request:
        return await pages.signed_in_page(scope, again, call)
    await end_enrolment(scope, again)
    return page(scope, "passkey_added.html", title="Passkey added")


async def _show_link(scope: Scope, call: Call) -> Reply:
    """Nothing is spent by looking: whatever reads mail opens links too."""
    code = call.query_parameters().get("code", "")
    return page(scope, "enrolment.html", title="Add a passkey", code=code)


async def _take_link(scope: Scope, call: Call) -> Reply:
    return pages.onward(scope, await begin_enrolment(scope, call.form().get("code", "")))


async def _serve_script(_scope: Scope, _call: Call) -> Reply:
    return Reply(200, _SCRIPT, "text/javascript; charset=utf-8", {"Cache-Control": "public, max-age=3600"})


# ------------------------------------------------------------------------------------------------ identity provider
async def _leave(scope: Scope, session: AuthorizationSession, call: Call) -> Reply:
    """A page and no redirect: a policy for forms reaches as far as a form is redirected (CSP 3, 6.4.1)."""
    wanted = call.form().get("provider", "")
    try:
        address = await begin_upstream(scope, session, wanted)
    except ProviderUnusable as error:
        return pages.sign_in_page(scope, session, call, error.description)
    name = next((one.name for one in offered(scope) if str(one.id) == wanted), "")
    return page(scope, "leave.html", title="Sign in elsewhere", address=address, provider=name)


async def _return(scope: Scope, call: Call) -> Reply:
    parameters = call.query_parameters()
    session = await pages.session_named(scope, call, session_of(parameters.get("state", "")))
    answer = await finish_upstream(scope, session, call.path["provider"], parameters)
    if isinstance(answer, Refused):
        request = answer.session.request
        return redirect(request["redirect_uri"], scope.tenant.base_url, request["state"], answer.answer)
    return pages.onward(scope, answer)


ROUTES = (
    pages.row("POST", "/authorize/{session}/passkey/options", pages.in_session(_sign_in_options)),
    pages.row("POST", "/authorize/{session}/passkey", pages.in_session(_sign_in)),
    pages.row("POST", "/authorize/{session}/passkeys/options", pages.in_session(_registration_options)),
    pages.row("POST", "/authorize/{session}/passkeys", pages.in_session(_register)),
    pages.row("POST", "/authorize/{session}/upstream", pages.in_session(_leave)),
    pages.row("GET", "/upstream/{provider}", _return),
    pages.row("GET", "/passkeys", _show_link),
    pages.row("POST", "/passkeys", _take_link),
    pages.row("GET", "/assets/passkeys.js", _serve_script),
)
"""Rows of the tenant's table, beside the authorization endpoint's own."""
