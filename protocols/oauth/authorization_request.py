"""The authorization request, pushed or plain, and the answers by redirect (RFC 6749, 4.1; RFC 9126; RFC 9207)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from protocols.encoding import parse_b64url
from protocols.errors import Malformed
from protocols.http import NO_STORE, Call, Reply, json_reply
from protocols.oauth import client_authentication, dpop, pkce
from protocols.oauth.client_authentication import ClientCredentials
from protocols.oauth.dpop import PresentedProof
from protocols.oauth.errors import InvalidRequest, UnsupportedResponseType

REQUEST_URI = "urn:ietf:params:oauth:request_uri:"
LIFETIME = timedelta(seconds=60)
_LONGEST = {"state": 2048, "issuer_state": 1024, "redirect_uri": 2048, "scope": 2048, "authorization_details": 16_384}


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """The parameters that count; unknown ones are ignored (RFC 6749, 3.1)."""

    client_id: str
    redirect_uri: str
    code_challenge: str
    state: str | None = None
    scope: str | None = None
    authorization_details: str | None = None
    issuer_state: str | None = None
    dpop_jkt: str | None = None


@dataclass(frozen=True, slots=True)
class PushedRequest:
    """A Pushed Authorization Request (RFC 9126, 2.1): its form, who sent it, and the DPoP proof beside it."""

    form: Mapping[str, str]
    client: ClientCredentials
    proof: PresentedProof | None


@dataclass(frozen=True, slots=True)
class PushedResponse:
    """A successful answer (RFC 9126, 2.2)."""

    request_uri: str
    expires_in: int


def parse_pushed(call: Call) -> PushedRequest:
    """The push. Raises InvalidRequest, InvalidClient, InvalidDpopProof."""
    form = call.form()
    for name in ("request_uri", "request"):
        if name in form:
            raise InvalidRequest(f"{name} cannot be pushed")
    return PushedRequest(form, client_authentication.credentials(call, form), dpop.presented(call))


def render_pushed(response: PushedResponse) -> Reply:
    """The JSON of RFC 9126, 2.2."""
    return json_reply({"request_uri": response.request_uri, "expires_in": response.expires_in}, 201, NO_STORE)


def read(parameters: Mapping[str, str], client_id: str) -> AuthorizationRequest:
    """The request of a client. Raises InvalidRequest, UnsupportedResponseType."""
    if parameters.get("client_id", client_id) != client_id:
        raise InvalidRequest("client_id is another's")
    for name, longest in _LONGEST.items():
        if len(parameters.get(name, "")) > longest:
            raise InvalidRequest(f"{name} is too long")
    if "response_type" not in parameters:
        raise InvalidRequest("no response_type")
    if parameters["response_type"] != "code":
        raise UnsupportedResponseType()
    if parameters.get("response_mode", "query") != "query":
        raise InvalidRequest("response_mode")
    challenge = parameters.get("code_challenge", "")
    if parameters.get("code_challenge_method", "plain") != "S256" or not pkce.is_challenge(challenge):
        raise InvalidRequest("PKCE with S256 is required")
    return AuthorizationRequest(
        client_id=client_id,
        redirect_uri=require_redirect_uri(parameters.get("redirect_uri")),
        code_challenge=challenge,
        state=parameters.get("state"),
        scope=parameters.get("scope"),
        authorization_details=parameters.get("authorization_details"),
        issuer_state=parameters.get("issuer_state"),
        dpop_jkt=_thumbprint(parameters.get("dpop_jkt")),
    )


def _thumbprint(text: str | None) -> str | None:
    try:
        length = 32 if text is None else len(parse_b64url(text))
    except Malformed:
        length = 0
    if length != 32:
        raise InvalidRequest("dpop_jkt")
    return text


def require_redirect_uri(uri: str | None) -> str:
    """An absolute URI without fragment and user information; http on loopback only (RFC 9700, 2.1; RFC 8252, 7)."""
    if not uri:
        raise InvalidRequest("no redirect_uri")
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
    except ValueError:
        raise InvalidRequest("redirect_uri") from None
    if not parts.scheme or parts.fragment or "#" in uri or parts.username is not None or not uri.isprintable():
        raise InvalidRequest("redirect_uri")
    if any(one.isspace() for one in uri) or parts.scheme in ("javascript", "data", "vbscript", "file", "blob", "about"):
        raise InvalidRequest("redirect_uri")
    if parts.scheme == "http" and not is_loopback(host):
        raise InvalidRequest("redirect_uri is plain http")
    if parts.scheme == "https" and not host:
        raise InvalidRequest("redirect_uri")
    return uri


def is_loopback(host: str) -> bool:
    """Whether a redirect there stays on the person's machine (RFC 8252, 7.3)."""
    return host in ("127.0.0.1", "::1", "localhost")


def is_registered(uri: str, registered: tuple[str, ...]) -> bool:
    """Whether it is, character by character, one of those; the port of a loopback one is free (RFC 8252, 7.3)."""
    if uri in registered:
        return True
    parts = urlsplit(uri)
    if parts.scheme != "http" or not is_loopback(parts.hostname or ""):
        return False

    def without_port(one: str) -> tuple[Any, ...]:
        split = urlsplit(one)
        return split.scheme, split.hostname, split.path, split.query

    return any(without_port(uri) == without_port(one) for one in registered if one.startswith("http:"))


def redirect(uri: str, issuer: str, state: str | None, answer: Mapping[str, str]) -> Reply:
    """The Authorization Response: `answer` holds code or error, state goes back as it came, iss always (RFC 9207)."""
    parameters = {**answer, **({} if state is None else {"state": state}), "iss": issuer}
    joint = "&" if urlsplit(uri).query else ("" if uri.endswith("?") else "?")
    headers = {"Location": f"{uri}{joint}{urlencode(parameters)}", **NO_STORE}
    return Reply(303, headers=headers)
