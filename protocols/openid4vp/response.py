"""Authorization Responses to the verifier's response_uri (OpenID4VP 1.0, 8.1-8.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from protocols.encoding import parse_json, parse_json_object
from protocols.errors import Malformed, ProtocolError
from protocols.http import NO_STORE, Call, Reply, json_reply
from protocols.jose import jwe

ALGORITHMS = frozenset({"ECDH-ES"})
MAX_BYTES = 900_000


class InvalidResponse(ProtocolError):
    """The Authorization Response is not valid for this request."""

    code = "invalid_request"


@dataclass(frozen=True, slots=True)
class PostedResponse:
    """A form as posted: an encrypted `response`, or parameters in clear. Nothing of it believed."""

    request: str
    response: str | None
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    """The parameters: a vp_token, or the error that the wallet tells instead."""

    state: str
    vp_token: Any = None
    error: str | None = None


def parse(call: Call) -> PostedResponse:
    """The form. Raises Malformed, InvalidResponse."""
    form = call.form()
    response = form.pop("response", None)
    if response is not None and form.keys() - {"state"}:
        raise InvalidResponse("an encrypted response and parameters in clear")
    return PostedResponse(call.path["request"], response, form)


def in_clear(posted: PostedResponse) -> AuthorizationResponse:
    """The response of direct_post (8.2). Raises InvalidResponse."""
    if posted.response is not None:
        raise InvalidResponse("encrypted, but not asked for")
    found = dict(posted.parameters)
    try:
        token = parse_json(found["vp_token"]) if "vp_token" in found else None
    except Malformed:
        raise InvalidResponse("vp_token is not JSON") from None
    return _response(found.get("state"), token, found.get("error"))


def decrypt(posted: PostedResponse, private_jwk: Mapping[str, Any], encodings: frozenset[str]) -> AuthorizationResponse:
    """The response of direct_post.jwt (8.3.1). An error may come in clear, as the wallet may lack our key.

    Raises InvalidResponse.
    """
    if posted.response is None:
        if "error" in posted.parameters and "vp_token" not in posted.parameters:
            return in_clear(posted)
        raise InvalidResponse("not encrypted")
    try:
        _, plaintext = jwe.decrypt(posted.response, private_jwk, ALGORITHMS, encodings, MAX_BYTES)
        found = parse_json_object(plaintext)
    except ProtocolError as error:
        raise InvalidResponse(error.detail or type(error).__name__) from None
    return _response(found.get("state"), found.get("vp_token"), found.get("error"))


def _response(state: Any, token: Any, error: Any) -> AuthorizationResponse:
    if not isinstance(state, str):
        raise InvalidResponse("no state")
    if (token is None) == (error is None):
        raise InvalidResponse("one of vp_token and error")
    if error is not None and (not isinstance(error, str) or not 1 <= len(error) <= 64):
        raise InvalidResponse("error")
    return AuthorizationResponse(state, token, error)


def render(redirect_uri: str | None) -> Reply:
    """The answer to the wallet (8.2)."""
    return json_reply({"redirect_uri": redirect_uri} if redirect_uri else {}, headers=NO_STORE)
