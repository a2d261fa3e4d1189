"""What an authorization request asks for, judged: whose redirect URI it is, and configurations that are issued here."""

from typing import Any

from agent.operations.issuing.authenticate_client import Client
from agent.operations.issuing.codes import digest
from agent.scope import Scope
from agent.scope.authorizing import OfferedToSignIn
from agent.scope.settings import ISSUING
from protocols.encoding import b64url
from protocols.oauth.authorization_request import AuthorizationRequest, is_registered
from protocols.oauth.errors import InvalidRequest, InvalidScope, TemporarilyUnavailable, UnauthorizedClient
from protocols.openid4vci import authorization_details


async def judged(scope: Scope, request: AuthorizationRequest, client: Client) -> dict[str, Any]:
    """The request as it is kept until the code is redeemed.

    Raises InvalidRequest, InvalidScope, InvalidAuthorizationDetails, UnauthorizedClient, TemporarilyUnavailable.
    """
    if ISSUING in scope.catalogue.tenant.off:
        raise TemporarilyUnavailable("the tenant has switched issuing off")
    _require_client(scope, request, client)
    offer = await _offer(scope, request.issuer_state)
    configurations = _configurations(scope, request, offer)
    return {
        "client_id": client.client_id,
        "client_name": client.registered.name if client.registered else None,
        "client_method": client.method,
        "client": b64url(client.digest),
        "redirect_uri": request.redirect_uri,
        "state": request.state,
        "code_challenge": request.code_challenge,
        "scope": _granted_scope(scope, request.scope, configurations),
        "by_identifier": request.authorization_details is not None,
        "configurations": list(configurations),
        "dpop_jkt": request.dpop_jkt,
        "issuance": str(offer.id) if offer else None,
        "subject": b64url(offer.subject) if offer and offer.subject else None,
    }


def _require_client(scope: Scope, request: AuthorizationRequest, client: Client) -> None:
    """Whose redirect URI this may be: a registered one exactly, or what an attested wallet pushed (RFC 9126, 2.4)."""
    if client.registered is not None:
        if not is_registered(request.redirect_uri, client.registered.redirect_uris):
            raise InvalidRequest("redirect_uri is not registered")
        if client.registered.grant_types and "authorization_code" not in client.registered.grant_types:
            raise UnauthorizedClient()
    elif client.method == "none" and not scope.catalogue.policy.public_clients:
        raise UnauthorizedClient("unknown client")


def _granted_scope(scope: Scope, asked: str | None, configurations: tuple[str, ...]) -> str | None:
    """The part of the scope that is granted: what nobody here knows was ignored (OpenID4VCI 1.0, 5.1.2)."""
    known = {scope.catalogue.configurations[name].scope for name in configurations}
    return " ".join(one for one in (asked or "").split(" ") if one in known) or None


async def _offer(scope: Scope, issuer_state: str | None) -> OfferedToSignIn | None:
    if issuer_state is None:
        return None
    async with scope.unit() as unit:
        found: OfferedToSignIn | None = await unit.authorizations.offered(digest(issuer_state))
    if found is None:
        raise InvalidRequest("issuer_state")
    return found


def _configurations(scope: Scope, request: AuthorizationRequest, offer: OfferedToSignIn | None) -> tuple[str, ...]:
    known = scope.catalogue.configurations
    if request.authorization_details is not None:
        wanted = authorization_details.parse(request.authorization_details, scope.tenant.base_url)
        if not set(wanted) <= known.keys():
            raise InvalidScope("unknown configuration")
    elif request.scope:
        scopes = request.scope.split(" ")
        wanted = tuple(name for name, one in known.items() if one.scope in scopes)
    else:
        wanted = offer.credential_configuration_ids if offer else ()
    if offer:
        wanted = tuple(one for one in wanted if one in offer.credential_configuration_ids)
    if not wanted:
        raise InvalidScope("nothing that is issued here")
    return wanted
