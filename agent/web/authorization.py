"""The authorization endpoint as a person meets it: sign in, see what is asked, approve or deny. Needs no JavaScript."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlsplit
from uuid import UUID

from agent.operations.signing_in.begin_authorization import Browser, RefusedByRedirect, begin_authorization
from agent.operations.signing_in.decide import approve, deny
from agent.operations.signing_in.sign_in import SessionGone, WrongPassword, open_session, person, sign_in
from agent.scope import Scope
from agent.scope.authorizing import AuthorizationSession
from agent.web.pages import page
from protocols.encoding import b64url
from protocols.errors import ProtocolError
from protocols.http import Call, Reply, Route
from protocols.oauth.authorization_request import redirect
from protocols.oauth.errors import InvalidRequest

_Step = Callable[[Scope, AuthorizationSession, Call], Awaitable[Reply]]


def _row(method: str, path: str, show: Callable[[Scope, Call], Awaitable[Reply]]) -> Route:
    async def operate(scope: Scope, call: Call) -> Reply:
        try:
            return await show(scope, call)
        except RefusedByRedirect as refusal:
            return redirect(refusal.redirect_uri, scope.tenant.base_url, refusal.state, {"error": refusal.code})
        except ProtocolError as error:
            reason = f"{error.description} ({error.code})"
            return page(scope, "refused.html", error.status, title="This did not work", reason=reason)

    return Route(method, path, None, lambda call: call, operate, lambda reply: reply)


def _cookie(scope: Scope) -> str:
    """The cookie's name: bound to the host by its prefix where TLS allows that (RFC 6265bis, 4.1.3.2)."""
    return "__Host-authorization" if scope.tenant.base_url.startswith("https://") else "authorization"


def _onward(scope: Scope, browser: Browser) -> Reply:
    headers = {"Location": f"{scope.tenant.base_url}/authorize/{browser.session}", "Cache-Control": "no-store"}
    return Reply(303, headers=headers, cookies={_cookie(scope): browser.secret})


async def _begin(scope: Scope, call: Call) -> Reply:
    return _onward(scope, await begin_authorization(scope, call.query_parameters()))


def _in_session(step: _Step) -> Callable[[Scope, Call], Awaitable[Reply]]:
    async def show(scope: Scope, call: Call) -> Reply:
        try:
            session = await open_session(scope, UUID(call.path["session"]), call.cookies.get(_cookie(scope), ""))
        except ValueError:
            raise SessionGone() from None
        if call.method == "POST" and not hmac.compare_digest(call.form().get("csrf", ""), _csrf(scope, call)):
            raise InvalidRequest("form token")
        return await step(scope, session, call)

    return show


def _csrf(scope: Scope, call: Call) -> str:
    secret = call.cookies.get(_cookie(scope), "")
    return b64url(scope.vault.derive("authorization_csrf", secret.encode()))


async def _show(scope: Scope, session: AuthorizationSession, call: Call) -> Reply:
    action = f"{scope.tenant.base_url}/authorize/{session.id}"
    if session.state == "started":
        return _sign_in_page(scope, session, call)
    who = await person(scope, session)
    shown = [_shown(scope, name) for name in session.request["configurations"]]
    return page(
        scope,
        "consent.html",
        title="Receive a credential",
        form_action=_origin(session.request["redirect_uri"]),
        action=action,
        csrf=_csrf(scope, call),
        email=who.email,
        client=session.request["client_name"] or session.request["client_id"],
        target=_origin(session.request["redirect_uri"]),
        credentials=shown,
    )


def _sign_in_page(scope: Scope, session: AuthorizationSession, call: Call, refusal: str = "") -> Reply:
    return page(
        scope,
        "sign_in.html",
        403 if refusal else 200,
        title="Sign in",
        action=f"{scope.tenant.base_url}/authorize/{session.id}",
        csrf=_csrf(scope, call),
        refusal=refusal,
        demo=scope.catalogue.policy.demo_sign_in,
    )


def _shown(scope: Scope, name: str) -> str:
    display = scope.catalogue.configurations[name].display
    return next((str(one["name"]) for one in display if "name" in one), name)


def _origin(uri: str) -> str:
    """Where the answer will go, as a source expression: browsers apply form-action to redirects too (CSP 3, 6.4.1)."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("https", "http") else f"{parts.scheme}:"


async def _sign_in(scope: Scope, session: AuthorizationSession, call: Call) -> Reply:
    form = call.form()
    try:
        return _onward(scope, await sign_in(scope, session, form.get("username", ""), form.get("password", "")))
    except WrongPassword as error:
        return _sign_in_page(scope, session, call, error.description)


async def _decide(scope: Scope, session: AuthorizationSession, call: Call) -> Reply:
    decisions = {"approve": approve, "deny": deny}
    decision = call.form().get("decision", "")
    if decision not in decisions:
        raise InvalidRequest("decision")
    answer: Mapping[str, str] = await decisions[decision](scope, session)
    return redirect(session.request["redirect_uri"], scope.tenant.base_url, session.request["state"], answer)


ROUTES = (
    _row("GET", "/authorize", _begin),
    _row("GET", "/authorize/{session}", _in_session(_show)),
    _row("POST", "/authorize/{session}/sign-in", _in_session(_sign_in)),
    _row("POST", "/authorize/{session}/decision", _in_session(_decide)),
)
