"""Request Objects (OpenID4VP 1.0, 5 and 5.10; RFC 9101): signed once or by several identities, got by GET or POST."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from protocols.encoding import b64url
from protocols.errors import ProtocolError
from protocols.http import NO_STORE, Call, Reply
from protocols.jose import jwt
from protocols.openid4vp.authorization_request import AuthorizationRequest, parameters

TYPE = "oauth-authz-req+jwt"
AUDIENCE = "https://self-issued.me/v2"
MEDIA_TYPE = "application/oauth-authz-req+jwt"
MAX_METADATA = 32_768
_MAX_NONCE = 512


class InvalidRequestUriCall(ProtocolError):
    """The request for the Request Object is not valid."""


@dataclass(frozen=True, slots=True)
class RequestUriCall:
    """A wallet asks for the Request Object (5.10). `wallet_metadata` is JSON text that nobody has read yet."""

    request: str
    wallet_nonce: str | None = None
    wallet_metadata: str | None = None


def prepare(
    request: AuthorizationRequest, header: Mapping[str, Any], algorithm: str, now: datetime, expires: datetime
) -> bytes:
    """The signing input of the Request Object; `jws.seal` finishes it."""
    return jwt.render({"alg": algorithm, "typ": TYPE, **header}, _claims(parameters(request), now, expires))


def prepare_together(
    request: AuthorizationRequest,
    identities: Sequence[tuple[str, Mapping[str, Any]]],
    algorithm: str,
    now: datetime,
    expires: datetime,
) -> list[bytes]:
    """One signing input for each identity (client_id, header members) over one payload (A.3.2.2).

    What differs between identities stands in their protected headers and there only.
    """
    shared = parameters(request)
    shared.pop("client_id", None)
    info: dict[str, Any] = {"verifier_info": shared.pop("verifier_info")} if "verifier_info" in shared else {}
    claims = _claims(shared, now, expires)
    return [
        jwt.render({"alg": algorithm, "typ": TYPE, **header, "client_id": client_id, **info}, claims)
        for client_id, header in identities
    ]


def seal_together(prepared: Sequence[bytes], signatures: Sequence[bytes]) -> dict[str, Any]:
    """The JWS JSON Serialization (RFC 7515, 7.2.1) of signing inputs that share a payload."""
    parts = [one.decode().split(".") for one in prepared]
    return {
        "payload": parts[0][1],
        "signatures": [
            {"protected": protected, "signature": b64url(signature)}
            for (protected, _), signature in zip(parts, signatures, strict=True)
        ],
    }


def _claims(shared: Mapping[str, Any], now: datetime, expires: datetime) -> dict[str, Any]:
    times = {"iat": int(now.timestamp()), "exp": int(expires.timestamp())}
    return {**shared, "aud": AUDIENCE, **times}


def parse_get(call: Call) -> RequestUriCall:
    """The secret part of a request_uri."""
    return RequestUriCall(call.path["request"])


def parse_post(call: Call) -> RequestUriCall:
    """A POST with what the wallet can do, capped. Raises Malformed, InvalidRequestUriCall."""
    form = call.form() if call.body else {}
    nonce, metadata = form.get("wallet_nonce"), form.get("wallet_metadata")
    if nonce is not None and not (1 <= len(nonce) <= _MAX_NONCE and nonce.isprintable()):
        raise InvalidRequestUriCall("wallet_nonce")
    if metadata is not None and len(metadata) > MAX_METADATA:
        raise InvalidRequestUriCall("wallet_metadata is too large")
    return RequestUriCall(call.path["request"], nonce, metadata)


def render(token: str) -> Reply:
    """The Request Object as fetched (5.10.1)."""
    return Reply(200, token.encode(), MEDIA_TYPE, NO_STORE)
