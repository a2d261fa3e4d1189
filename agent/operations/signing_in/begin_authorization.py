"""GET /authorize: a browser arrives with an authorization request (RFC 6749, 4.1.1; RFC 9126, 4)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from agent.operations.issuing.authenticate_client import Client, registered_client
from agent.operations.issuing.authorization_request import judged
from agent.operations.issuing.codes import digest
from agent.operations.signing_in.browser_session import LIFETIME, Browser
from agent.scope import Scope
from agent.tenancy import uuid7
from protocols.encoding import b64url
from protocols.errors import ProtocolError
from protocols.oauth import authorization_request
from protocols.oauth.authorization_request import REQUEST_URI, is_registered
from protocols.oauth.errors import InvalidClient, InvalidRequest, InvalidRequestUri


class RefusedByRedirect(ProtocolError):
    """The request was refused, and the client is known well enough to be told by redirect (RFC 6749, 4.1.2.1)."""

    def __init__(self, error: ProtocolError, redirect_uri: str, state: str | None) -> None:
        super().__init__(error.detail)
        self.code = error.code  # type: ignore[misc]  # the cause's own word
        self.redirect_uri, self.state = redirect_uri, state


async def begin_authorization(scope: Scope, parameters: Mapping[str, str]) -> Browser:
    """Raises InvalidRequest, InvalidRequestUri, InvalidClient: told on a page, as no redirect URI is believed yet."""
    client_id = parameters.get("client_id")
    if not client_id:
        raise InvalidRequest("no client_id")
    if "request_uri" in parameters:
        request = await _pushed(scope, client_id, parameters["request_uri"])
    else:
        request = await _plain(scope, client_id, parameters)
    browser = Browser(uuid7(scope.now(), scope.entropy(10)), b64url(scope.entropy(32)))
    issuance = UUID(request["issuance"]) if request["issuance"] else None
    async with scope.unit() as unit:
        end = scope.now() + LIFETIME
        await unit.authorizations.begin(browser.session, digest(browser.secret), request, issuance, end)
        await unit.commit()
    return browser


async def _pushed(scope: Scope, client_id: str, request_uri: str) -> dict[str, Any]:
    """Only the pushed parameters count; it is used up when the code is sent, not when it is looked at."""
    if not request_uri.startswith(REQUEST_URI) or len(request_uri) > len(REQUEST_URI) + 100:
        raise InvalidRequestUri("not one of ours")
    hashed = digest(request_uri.removeprefix(REQUEST_URI))
    async with scope.unit() as unit:
        found: Mapping[str, Any] | None = await unit.authorizations.pushed(hashed)
    if found is None or found["client_id"] != client_id:
        raise InvalidRequestUri("unknown, used, expired or another client's")
    return {**found, "request_uri": b64url(hashed)}


async def _plain(scope: Scope, client_id: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    if scope.catalogue.policy.require_par:
        raise InvalidRequest("requests have to be pushed")
    if "request" in parameters:
        raise InvalidRequest("request objects are not supported")
    registered = await registered_client(scope, client_id)
    if registered is not None and registered.method != "none":
        raise InvalidClient("this client has to push its requests")
    uri, state = parameters.get("redirect_uri", ""), parameters.get("state")
    believed = registered is not None and is_registered(uri, registered.redirect_uris)
    try:
        request = authorization_request.read(parameters, client_id)
        return {**await judged(scope, request, Client(client_id, "none", registered)), "request_uri": None}
    except ProtocolError as error:
        if believed:
            raise RefusedByRedirect(error, uri, state) from None
        raise
