"""Access tokens in the Authorization header (RFC 6750, 2.1; RFC 9449, 7.1). Never read from a query or a body."""

import re
from dataclasses import dataclass

from protocols.errors import Malformed
from protocols.http import Call
from protocols.oauth import dpop
from protocols.oauth.dpop import PresentedProof
from protocols.oauth.errors import InvalidToken, MissingToken

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{1,4096}=*")


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """A token as it came: under `scheme` "bearer" or "dpop", with the proof and the certificate beside it."""

    value: str
    scheme: str
    proof: PresentedProof | None = None
    certificate: bytes | None = None


def presented(call: Call) -> PresentedToken:
    """The presented token. Raises MissingToken, InvalidToken, InvalidDpopProof."""
    try:
        header = call.header("authorization")
    except Malformed:
        raise InvalidToken("two authorization headers") from None
    if header is None:
        raise MissingToken("no authorization header")
    scheme, _, token = header.partition(" ")
    if scheme.lower() not in ("bearer", "dpop"):
        raise MissingToken("another scheme")
    if not _TOKEN.fullmatch(token.strip(" ")):
        raise InvalidToken("not a b64token")
    return PresentedToken(token.strip(" "), scheme.lower(), dpop.presented(call), call.certificate)
