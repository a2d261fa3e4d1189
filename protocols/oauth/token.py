"""The token endpoint (RFC 6749, 3.2 and 5; OpenID4VCI 1.0, 6)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

from protocols.http import NO_STORE, Call, Reply, json_reply
from protocols.oauth import client_authentication, dpop
from protocols.oauth.client_authentication import ClientCredentials
from protocols.oauth.dpop import PresentedProof
from protocols.oauth.errors import InvalidGrant, InvalidRequest, UnsupportedGrantType

PRE_AUTHORIZED_CODE = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
AUTHORIZATION_CODE = "authorization_code"
REFRESH_TOKEN = "refresh_token"  # noqa: S105  # a word of the standard
_LONGEST = 1024


@dataclass(frozen=True, slots=True)
class PreAuthorizedCodeGrant:
    """A token request by pre-authorized code, with the transaction code if one was sent (OpenID4VCI 1.0, 6.1)."""

    code: str
    tx_code: str | None = None


@dataclass(frozen=True, slots=True)
class AuthorizationCodeGrant:
    """A token request by authorization code (RFC 6749, 4.1.3; RFC 7636, 4.5)."""

    code: str
    redirect_uri: str | None
    code_verifier: str | None


@dataclass(frozen=True, slots=True)
class RefreshTokenGrant:
    """A token request by refresh token (RFC 6749, 6)."""

    token: str
    scope: str | None = None


Grant: TypeAlias = PreAuthorizedCodeGrant | AuthorizationCodeGrant | RefreshTokenGrant


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A grant, who asks by it, the DPoP proof beside it, and the address that it came from."""

    grant: Grant
    client: ClientCredentials
    proof: PresentedProof | None = None
    peer: str = ""


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """A successful token response (OpenID4VCI 1.0, 6.2)."""

    access_token: str
    lifetime: timedelta
    token_type: str = "Bearer"  # noqa: S105  # a word of the standard
    refresh_token: str | None = None
    scope: str | None = None
    authorization_details: Sequence[Mapping[str, Any]] = ()


def parse(call: Call) -> TokenRequest:
    """The request. Raises InvalidRequest, UnsupportedGrantType, InvalidGrant, InvalidClient, InvalidDpopProof."""
    form = call.form()
    name = form.get("grant_type")
    if not name:
        raise InvalidRequest("no grant_type")
    if name not in _GRANTS:
        raise UnsupportedGrantType()
    grant = _GRANTS[name](form)
    return TokenRequest(grant, client_authentication.credentials(call, form), dpop.presented(call), call.peer)


def _text(form: Mapping[str, str], name: str) -> str | None:
    value = form.get(name) or None
    if value is not None and len(value) > _LONGEST * 2:
        raise InvalidGrant(f"{name} is longer than any of ours")
    return value


def _required(form: Mapping[str, str], name: str) -> str:
    value = _text(form, name)
    if value is None:
        raise InvalidRequest(f"no {name}")
    return value


def _pre_authorized(form: Mapping[str, str]) -> PreAuthorizedCodeGrant:
    return PreAuthorizedCodeGrant(_required(form, "pre-authorized_code"), _text(form, "tx_code"))


def _authorization_code(form: Mapping[str, str]) -> AuthorizationCodeGrant:
    code = _required(form, "code")
    return AuthorizationCodeGrant(code, _text(form, "redirect_uri"), _text(form, "code_verifier"))


def _refresh(form: Mapping[str, str]) -> RefreshTokenGrant:
    return RefreshTokenGrant(_required(form, "refresh_token"), _text(form, "scope"))


_GRANTS: Mapping[str, Callable[[Mapping[str, str]], Grant]] = {
    PRE_AUTHORIZED_CODE: _pre_authorized,
    AUTHORIZATION_CODE: _authorization_code,
    REFRESH_TOKEN: _refresh,
}


def render(response: TokenResponse) -> Reply:
    """The JSON of RFC 6749, 5.1."""
    body: dict[str, Any] = {
        "access_token": response.access_token,
        "token_type": response.token_type,
        "expires_in": int(response.lifetime.total_seconds()),
    }
    if response.refresh_token:
        body["refresh_token"] = response.refresh_token
    if response.scope:
        body["scope"] = response.scope
    if response.authorization_details:
        body["authorization_details"] = list(response.authorization_details)
    return json_reply(body, headers=NO_STORE)
