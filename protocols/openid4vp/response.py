"""Authorization Responses to the verifier (OpenID4VP 1.0, 8.1-8.3, 8.5 and A.4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from protocols.encoding import parse_json, parse_json_object
from protocols.errors import Malformed, ProtocolError
from protocols.http import NO_STORE, Call, Reply, json_reply
from protocols.jose import jwe

ALGORITHMS = frozenset({"ECDH-ES"})
MAX_BYTES = 900_000

ERRORS = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "access_denied",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_response_type",
        "server_error",
        "temporarily_unavailable",
        "vp_formats_not_supported",
        "invalid_request_uri_method",
        "invalid_transaction_data",
        "wallet_unavailable",
    }
)
"""What a wallet may say instead of an answer (8.5; RFC 6749, 4.1.2.1)."""


class InvalidResponse(ProtocolError):
    """The Authorization Response is not valid for this request."""

    code = "invalid_request"


@dataclass(frozen=True, slots=True)
class PostedResponse:
    """A response as it arrived: an encrypted `response`, or parameters in clear. Nothing of it believed."""

    request: str
    response: str | None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        """What was presented, for its hash and size."""
        token = self.parameters.get("vp_token", "")
        return (self.response or (token if isinstance(token, str) else str(token))).encode(errors="replace")


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    """The parameters: a vp_token, or the error that the wallet tells instead. `encrypted`: it knew our key."""

    state: str | None
    vp_token: Any = None
    error: str | None = None
    encrypted: bool = False


def parse(call: Call) -> PostedResponse:
    """The form. Raises Malformed, InvalidResponse."""
    return read_form(call.path["request"], call.form())


def read_form(request: str, form: Mapping[str, str]) -> PostedResponse:
    """A response's form, however it came. Raises InvalidResponse."""
    found: dict[str, Any] = dict(form)
    response = found.pop("response", None)
    if response is not None and found.keys() - {"state"}:
        raise InvalidResponse("an encrypted response and parameters in clear")
    if isinstance(found.get("vp_token"), str):
        try:
            found["vp_token"] = parse_json(found["vp_token"])
        except Malformed:
            raise InvalidResponse("vp_token is not JSON") from None
    return PostedResponse(request, response, found)


def read_data(request: str, data: Any) -> PostedResponse:
    """The `data` of a DigitalCredential (A.4): a response object. Raises InvalidResponse."""
    if not isinstance(data, dict):
        raise InvalidResponse("data is not an object")
    response = data.get("response")
    if response is not None and not isinstance(response, str):
        raise InvalidResponse("response is not a string")
    return PostedResponse(request, response, {name: value for name, value in data.items() if name != "response"})


def in_clear(posted: PostedResponse) -> AuthorizationResponse:
    """The response of the modes in clear (8.2). Raises InvalidResponse."""
    if posted.response is not None:
        raise InvalidResponse("encrypted, but not asked for")
    return _response(posted.parameters, encrypted=False)


def decrypt(posted: PostedResponse, private_jwk: Mapping[str, Any], encodings: frozenset[str]) -> AuthorizationResponse:
    """The response of the encrypted modes (8.3.1). An error may come in clear, as the wallet may lack our key.

    A `kid` in the JWE has to be our key's (8.3). Raises InvalidResponse.
    """
    if posted.response is None:
        if "error" in posted.parameters and "vp_token" not in posted.parameters:
            return in_clear(posted)
        raise InvalidResponse("not encrypted")
    try:
        if jwe.header(posted.response).get("kid", private_jwk.get("kid")) != private_jwk.get("kid"):
            raise InvalidResponse("kid of another key")
        _, plaintext = jwe.decrypt(posted.response, private_jwk, ALGORITHMS, encodings, MAX_BYTES)
        found = parse_json_object(plaintext)
    except ProtocolError as error:
        raise InvalidResponse(error.detail or type(error).__name__) from None
    return _response(found, encrypted=True)


def _response(found: Mapping[str, Any], *, encrypted: bool) -> AuthorizationResponse:
    state, token, error = (found.get(name) for name in ("state", "vp_token", "error"))
    if state is not None and not isinstance(state, str):
        raise InvalidResponse("state")
    if (token is None) == (error is None):
        raise InvalidResponse("one of vp_token and error")
    if error is not None and (not isinstance(error, str) or not 1 <= len(error) <= 64):
        raise InvalidResponse("error")
    return AuthorizationResponse(state, token, error, encrypted)


def with_response_code(uri: str, code: str) -> str:
    """The redirect_uri with its fresh secret (8.2, 13.3), as a parameter of the query."""
    parts = urlsplit(uri)
    query = "&".join(one for one in (parts.query, urlencode({"response_code": code})) if one)
    return urlunsplit(parts._replace(query=query))


def render(redirect_uri: str | None) -> Reply:
    """The answer to the wallet (8.2)."""
    return json_reply({"redirect_uri": redirect_uri} if redirect_uri else {}, headers=NO_STORE)
