"""Access tokens in the Authorization header (RFC 6750, 2.1)."""

import re

from protocols.http import Call
from protocols.oauth.errors import InvalidToken, MissingToken

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{1,4096}=*")


def access_token(call: Call) -> str:
    """The presented token. Raises MissingToken, InvalidToken."""
    header = call.header("authorization")
    if header is None:
        raise MissingToken("no authorization header")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        raise MissingToken("another scheme")
    if not _TOKEN.fullmatch(token.strip(" ")):
        raise InvalidToken("not a b64token")
    return token.strip(" ")
