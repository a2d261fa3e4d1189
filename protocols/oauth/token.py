"""The token endpoint (RFC 6749, 3.2 and 5; OpenID4VCI 1.0, 6)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from protocols.http import NO_STORE, Call, Reply, json_reply
from protocols.oauth.errors import InvalidGrant, InvalidRequest, UnsupportedGrantType

PRE_AUTHORIZED_CODE = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
_LONGEST = 1024


@dataclass(frozen=True, slots=True)
class PreAuthorizedCodeGrant:
    """A token request by pre-authorized code, with the transaction code if one was sent (OpenID4VCI 1.0, 6.1)."""

    code: str
    tx_code: str | None = None
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """A successful token response (OpenID4VCI 1.0, 6.2)."""

    access_token: str
    lifetime: timedelta
    token_type: str = "Bearer"  # noqa: S105  # a word of the standard


def parse(call: Call) -> PreAuthorizedCodeGrant:
    """The grant. Raises InvalidRequest, UnsupportedGrantType, InvalidGrant."""
    form = call.form()
    grant = form.get("grant_type")
    if not grant:
        raise InvalidRequest("no grant_type")
    if grant != PRE_AUTHORIZED_CODE:
        raise UnsupportedGrantType()
    code = form.get("pre-authorized_code")
    if not code:
        raise InvalidRequest("no pre-authorized_code")
    tx_code = form.get("tx_code") or None
    if len(code) > _LONGEST or len(tx_code or "") > _LONGEST:
        raise InvalidGrant("longer than any of ours")
    return PreAuthorizedCodeGrant(code, tx_code, form.get("client_id"))


def render(response: TokenResponse) -> Reply:
    """The JSON of RFC 6749, 5.1."""
    body: dict[str, Any] = {
        "access_token": response.access_token,
        "token_type": response.token_type,
        "expires_in": int(response.lifetime.total_seconds()),
    }
    return json_reply(body, headers=NO_STORE)
