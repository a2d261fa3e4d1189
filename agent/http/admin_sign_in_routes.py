"""The admin API's part about signing in: identity providers, links for passkeys, accounts that are stopped."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agent.http import admin_sign_in_schemas as schemas
from agent.http.failures import NotFound
from agent.operations.administering import scopes as s
from agent.operations.administering.accounts import (
    USERS,
    SetUserStatus,
    list_users,
    set_user_status,
    sign_out_everywhere,
)
from agent.operations.administering.identity_providers import (
    AddIdentityProvider,
    add_identity_provider,
    list_identity_providers,
    planned_redirect_uri,
    remove_identity_provider,
)
from agent.operations.signing_in.enrolment import create_enrolment_link
from agent.operations.signing_in.upstream import redirect_uri
from agent.scope import Scope
from agent.scope.authorizing import UserListing
from agent.scope.tenants import IdentityProvider
from protocols.http import NO_STORE, Call, Reply, Route, json_reply


def _id(call: Call, name: str) -> UUID:
    try:
        return UUID(call.path[name])
    except ValueError:
        raise NotFound("not an id") from None


def _provider(call: Call) -> AddIdentityProvider:
    body = schemas.IdentityProviderBody.read(call)
    return AddIdentityProvider(
        issuer=body["issuer"],
        name=body["name"],
        client_id=body["client_id"],
        method=body["method"],
        secret=body["client_secret"],
        scope=body["scope"],
        uses_userinfo=body["userinfo"],
    )


def _listed(scope: Scope, one: IdentityProvider) -> dict[str, Any]:
    """Everything but the secret."""
    return {
        "id": str(one.id),
        "issuer": one.issuer,
        "name": one.name,
        "client_id": one.client_id,
        "method": one.authentication_method,
        "scope": one.scope,
        "userinfo": one.uses_userinfo,
        "redirect_uri": redirect_uri(scope, one.id),
        "jwks": {"keys": [dict(one.public_key)]} if one.public_key else None,
    }


async def _add(scope: Scope, request: AddIdentityProvider) -> dict[str, Any]:
    return _listed(scope, await add_identity_provider(scope, request))


async def _list(scope: Scope, request: None) -> Any:
    found: Sequence[IdentityProvider] = await list_identity_providers(scope, request)
    return {"items": [_listed(scope, one) for one in found], "next": None}


async def _remove(scope: Scope, provider: UUID) -> None:
    if not await remove_identity_provider(scope, provider):
        raise NotFound("identity provider")


async def _plan(scope: Scope, issuer: str) -> dict[str, str]:
    return {"redirect_uri": await planned_redirect_uri(scope, issuer)}


async def _link(scope: Scope, user: UUID) -> dict[str, str]:
    return {"url": await create_enrolment_link(scope, user)}


async def _set_status(scope: Scope, request: SetUserStatus) -> None:
    if not await set_user_status(scope, request):
        raise NotFound("user")


def _created(value: Any) -> Reply:
    return json_reply(value, 201, NO_STORE)


def _shown(value: Any) -> Reply:
    return json_reply(value, headers=NO_STORE)


def _gone(_: object) -> Reply:
    return Reply(204)


def _status(call: Call) -> SetUserStatus:
    return SetUserStatus(_id(call, "user"), schemas.UserStatusBody.read(call)["status"])


def _after(call: Call) -> UUID:
    after = call.query_parameters().get("after")
    try:
        return UUID(after) if after else UUID(int=0)
    except ValueError:
        raise NotFound("not an id") from None


def _users(found: Sequence[UserListing]) -> Reply:
    items = [
        {
            "id": str(one.id),
            "name": one.name,
            "external_id": one.external_id,
            "status": one.status,
            "created_at": one.created_at,
        }
        for one in found
    ]
    return _shown({"items": items, "next": str(found[-1].id) if len(found) == USERS else None})


ROWS = (
    Route("POST", "/identity-providers", s.ISSUER_WRITE, _provider, _add, _created),
    Route("GET", "/identity-providers", s.ISSUER_WRITE, lambda _: None, _list, _shown),
    Route(
        "GET",
        "/identity-providers/redirect-uri",
        s.ISSUER_WRITE,
        lambda call: call.query_parameters().get("issuer", ""),
        _plan,
        _shown,
    ),
    Route(
        "DELETE", "/identity-providers/{provider}", s.ISSUER_WRITE, lambda call: _id(call, "provider"), _remove, _gone
    ),
    Route("GET", "/users", s.USERS_READ, _after, list_users, _users),
    Route("POST", "/users/{user}/passkey-links", s.USERS_WRITE, lambda call: _id(call, "user"), _link, _created),
    Route("PATCH", "/users/{user}", s.USERS_WRITE, _status, _set_status, _gone),
    Route(
        "DELETE", "/users/{user}/sessions", s.USERS_WRITE, lambda call: _id(call, "user"), sign_out_everywhere, _gone
    ),
)
"""Rows under the admin API's base."""
