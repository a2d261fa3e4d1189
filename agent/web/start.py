"""The start page: a person creates an offer or a presentation request and sees the result.

A one-time code in the link becomes a session; without one nothing is shown and nothing is made.
"""

import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from agent.operations.administering import sessions
from agent.operations.administering.sessions import Session
from agent.operations.issuing.create_credential_offer import CreateCredentialOffer, create_credential_offer
from agent.operations.verifying.presentation_result import presentation_result
from agent.operations.verifying.request_presentation import RequestPresentation, request_presentation
from agent.scope import Scope
from agent.scope.tenants import CredentialConfiguration
from agent.tenancy import Principal
from agent.web.pages import page, qr
from protocols.errors import ProtocolError
from protocols.http import Call, Reply, Route

COOKIE = "chancery_session"
_Page = Callable[[Scope, Session, Call], Awaitable[Reply]]


class NoSession(ProtocolError):
    """Open the link that the server printed; it carries the code for a session."""

    code = "no_session"
    status = 403


class StartPages:
    """The pages' routes; `scope_of` gives the world of a principal."""

    def __init__(self, scope_of: Callable[[str, Principal], Awaitable[Scope]]) -> None:
        self._scope_of = scope_of

    def routes(self) -> Sequence[Route]:
        """Rows of the tenant's table."""
        return (
            self._row("GET", "/start", _start),
            self._row("POST", "/start/offers", _offer),
            self._row("GET", "/start/offers/{id}", _offer_result),
            self._row("POST", "/start/requests", _request),
            self._row("GET", "/start/requests/{id}", _request_result),
        )

    def _row(self, method: str, path: str, show: _Page) -> Route:
        async def operate(scope: Scope, call: Call) -> Reply:
            try:
                return await self._enter(scope, call, show)
            except ProtocolError as error:
                return page(scope, "refused.html", error.status, title="Refused", reason=error.description)

        return Route(method, path, None, lambda call: call, operate, lambda reply: reply)

    async def _enter(self, scope: Scope, call: Call, show: _Page) -> Reply:
        """Exchange a code, or find the session; a form must carry the session's own token."""
        code = call.query_parameters().get("code") if show is _start else None
        if code:
            begun = await sessions.begin_session(scope, code)
            headers = {"Location": f"{scope.tenant.base_url}/start", "Cache-Control": "no-store"}
            return Reply(303, headers=headers, cookies={COOKIE: begun.token})
        token = call.cookies.get(COOKIE, "")
        principal = sessions.principal_of(scope, token)
        if principal is None:
            raise NoSession()
        session = sessions.session(scope, token)
        if call.method == "POST" and not hmac.compare_digest(call.form().get("csrf", ""), session.csrf):
            raise NoSession("form token")
        return await show(await self._scope_of(scope.tenant.name, principal), session, call)


async def _start(scope: Scope, session: Session, _call: Call) -> Reply:
    names = [(name, _shown(one)) for name, one in scope.catalogue.configurations.items()]
    return page(scope, "start.html", title="Start", configurations=names, csrf=session.csrf)


def _shown(configuration: CredentialConfiguration) -> str:
    name: str = next(
        (str(one["name"]) for one in configuration.display if "name" in one), configuration.credential_configuration_id
    )
    return name


async def _offer(scope: Scope, _session: Session, call: Call) -> Reply:
    form = call.form()
    wanted = CreateCredentialOffer((form.get("configuration", ""),), {}, tx_code="tx_code" in form)
    made = await create_credential_offer(scope, wanted)
    return _link(
        scope, "Credential offer", made.credential_offer_uri, f"offers/{made.issuance_id}", tx_code=made.tx_code
    )


def _link(scope: Scope, title: str, link: str, result: str, tx_code: str | None = None) -> Reply:
    where = f"{scope.tenant.base_url}/start/{result}"
    return page(scope, "link.html", title=title, link=link, qr=qr(link), result=where, tx_code=tx_code)


async def _offer_result(scope: Scope, _session: Session, call: Call) -> Reply:
    async with scope.unit() as unit:
        found = await unit.issuances.get(_id(call))
    state = found.state if found else "unknown"
    return _result(scope, "Offer", state, ("offered", "authorized"))


async def _request(scope: Scope, _session: Session, call: Call) -> Reply:
    configuration = scope.catalogue.configurations.get(call.form().get("configuration", ""))
    if configuration is None:
        raise ProtocolError("unknown configuration")
    made = await request_presentation(scope, RequestPresentation(_query(configuration)))
    return _link(
        scope, "Presentation request", made.authorization_request_uri or "", f"requests/{made.presentation_id}"
    )


def _query(configuration: CredentialConfiguration) -> Mapping[str, Any]:
    """Everything that the type declares at its top level, each claim on its own terms: nothing is demanded."""
    claims = [{"path": one["path"]} for one in configuration.claims if len(one["path"]) == 1][:2]
    meta = {"vct_values": [configuration.type]}
    return {"credentials": [{"id": "credential", "format": configuration.format, "meta": meta, "claims": claims}]}


async def _request_result(scope: Scope, _session: Session, call: Call) -> Reply:
    found = await presentation_result(scope, _id(call))
    shown = [
        {"type": one["type"], "claims": sorted((name, value) for name, value in one["claims"].items())}
        for one in found.credentials
    ]
    return _result(scope, "Presentation", found.state, ("created", "fetched"), shown, ", ".join(found.errors))


def _result(
    scope: Scope,
    title: str,
    state: str,
    waiting: tuple[str, ...],
    credentials: Sequence[Any] = (),
    reason: str = "",
) -> Reply:
    refresh = 2 if state in waiting else 0
    return page(scope, "result.html", refresh=refresh, title=title, state=state, credentials=credentials, reason=reason)


def _id(call: Call) -> UUID:
    try:
        return UUID(call.path["id"])
    except ValueError:
        raise NoSession("not an id") from None
