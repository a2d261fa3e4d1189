"""The authorization endpoint as a person meets it: sign in, see what is asked, approve or deny. Needs no JavaScript."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from agent.operations.issuing.evidence import Evidence, outstanding
from agent.operations.signing_in.begin_authorization import RefusedByRedirect, begin_authorization
from agent.operations.signing_in.browser_session import Browser, SessionGone, open_session, person
from agent.operations.signing_in.decide import approve, deny
from agent.operations.signing_in.sign_in import WrongPassword, sign_in
from agent.operations.signing_in.upstream import offered
from agent.scope import Scope
from agent.scope.authorizing import AuthorizationSession
from agent.scope.tenants import IssuancePolicy
from agent.web import evidence
from agent.web.pages import page
from protocols.encoding import b64url
from protocols.errors import ProtocolError
from protocols.http import Call, Reply, Route
from protocols.oauth.authorization_request import redirect
from protocols.oauth.errors import InvalidRequest

_Step = Callable[[Scope, AuthorizationSession, Call], Awaitable[Reply]]


def row(method: str, path: str, show: Callable[[Scope, Call], Awaitable[Reply]]) -> Route:
    """A row whose failures are pages, or redirects once the client is believed."""

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


def onward(scope: Scope, browser: Browser) -> Reply:
    """To the page of the next step, with the browser's secret."""
    headers = {"Location": f"{scope.tenant.base_url}/authorize/{browser.session}", "Cache-Control": "no-store"}
    return Reply(303, headers=headers, cookies={_cookie(scope): browser.secret})


async def _begin(scope: Scope, call: Call) -> Reply:
    return onward(scope, await begin_authorization(scope, call.query_parameters()))


async def session_named(scope: Scope, call: Call, session: UUID) -> AuthorizationSession:
    """The session of this id, if it is this browser's. Raises SessionGone."""
    return await open_session(scope, session, call.cookies.get(_cookie(scope), ""))


async def reopened(scope: Scope, call: Call) -> AuthorizationSession:
    """The session in the URL as it is now. Raises SessionGone."""
    try:
        return await session_named(scope, call, UUID(call.path["session"]))
    except ValueError:
        raise SessionGone() from None


def in_session(step: _Step) -> Callable[[Scope, Call], Awaitable[Reply]]:
    """A step that needs the session's browser, and its form token when something is to be done."""

    async def show(scope: Scope, call: Call) -> Reply:
        session = await reopened(scope, call)
        if call.method == "POST" and not hmac.compare_digest(call.form().get("csrf", ""), _csrf(scope, call)):
            raise InvalidRequest("form token")
        return await step(scope, session, call)

    return show


def _csrf(scope: Scope, call: Call) -> str:
    secret = call.cookies.get(_cookie(scope), "")
    return b64url(scope.vault.derive("authorization_csrf", secret.encode()))


async def _show(scope: Scope, session: AuthorizationSession, call: Call) -> Reply:
    if session.state == "started":
        return sign_in_page(scope, session, call)
    return await signed_in_page(scope, session, call)


def _script(scope: Scope) -> str:
    return f"{scope.tenant.base_url}/assets/passkeys.js" if scope.catalogue.policy.passkey_sign_in else ""


def _action(scope: Scope, session: AuthorizationSession) -> str:
    return f"{scope.tenant.base_url}/authorize/{session.id}"


async def signed_in_page(scope: Scope, session: AuthorizationSession, call: Call, refusal: str = "") -> Reply:
    """What is asked of the person; for one who came by a link, the passkey to add. Raises SessionGone."""
    who = await person(scope, session)
    values: dict[str, Any] = {
        "action": _action(scope, session),
        "csrf": _csrf(scope, call),
        "name": who.name,
        "refusal": refusal,
    }
    if "enrolment" in session.request:
        return page(scope, "passkeys.html", title="Add a passkey", script=_script(scope), **values)
    missing = await outstanding(scope, session)
    if missing is not None:
        return await evidence.show(scope, _asking(scope, session, call, missing))
    shown = [_shown(scope, name) for name in session.request["configurations"]]
    return page(
        scope,
        "consent.html",
        title="Receive a credential",
        form_action=_origin(session.request["redirect_uri"]),
        script=_script(scope),
        **values,
        client=session.request["client_name"] or session.request["client_id"],
        target=_origin(session.request["redirect_uri"]),
        credentials=shown,
    )


def sign_in_page(scope: Scope, session: AuthorizationSession, call: Call, refusal: str = "") -> Reply:
    """The ways in that this tenant offers, and no others."""
    policy = scope.catalogue.policy
    return page(
        scope,
        "sign_in.html",
        403 if refusal else 200,
        title="Sign in",
        action=_action(scope, session),
        csrf=_csrf(scope, call),
        refusal=refusal,
        password=policy.password_sign_in,
        demo=policy.demo_sign_in,
        providers=offered(scope),
        script=_script(scope),
    )


def _shown(scope: Scope, name: str) -> str:
    configuration = scope.catalogue.configuration(name)
    display = configuration.display if configuration else ()
    return next((str(one["name"]) for one in display if "name" in one), name)


def _origin(uri: str) -> str:
    """Where the answer will go, as a source expression: browsers apply form-action to redirects too (CSP 3, 6.4.1)."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("https", "http") else f"{parts.scheme}:"


async def _sign_in(scope: Scope, session: AuthorizationSession, call: Call) -> Reply:
    form = call.form()
    try:
        return onward(scope, await sign_in(scope, session, form.get("username", ""), form.get("password", "")))
    except WrongPassword as error:
        return sign_in_page(scope, session, call, error.description)


def _asking(
    scope: Scope, session: AuthorizationSession, call: Call, missing: tuple[IssuancePolicy, Evidence]
) -> evidence.Asking:
    return evidence.of_session(session.id, missing, _action(scope, session), _csrf(scope, call))


async def _ask_for_evidence(scope: Scope, session: AuthorizationSession, call: Call) -> Reply:
    await person(scope, session)
    missing = await outstanding(scope, session)
    if missing is None:
        return Reply(303, headers={"Location": _action(scope, session), "Cache-Control": "no-store"})
    return await evidence.ask(scope, _asking(scope, session, call, missing), call)


async def _decide(scope: Scope, session: AuthorizationSession, call: Call) -> Reply:
    decisions = {"approve": approve, "deny": deny}
    decision = call.form().get("decision", "")
    if decision not in decisions:
        raise InvalidRequest("decision")
    answer: Mapping[str, str] = await decisions[decision](scope, session)
    return redirect(session.request["redirect_uri"], scope.tenant.base_url, session.request["state"], answer)


ROUTES = (
    row("GET", "/authorize", _begin),
    row("GET", "/authorize/{session}", in_session(_show)),
    row("POST", "/authorize/{session}/sign-in", in_session(_sign_in)),
    row("POST", "/authorize/{session}/decision", in_session(_decide)),
    row("POST", "/authorize/{session}/evidence", in_session(_ask_for_evidence)),
    row("GET", "/evidence/{reference}", evidence.show_for_offer),
    row("POST", "/evidence/{reference}", evidence.ask_for_offer),
)
