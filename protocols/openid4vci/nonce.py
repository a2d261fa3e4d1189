"""The Nonce Endpoint (OpenID4VCI 1.0, 7)."""

from datetime import datetime

from protocols.http import NO_STORE, Call, Reply, json_reply
from protocols.oauth import nonce
from protocols.oauth.nonce import LIFETIME, Mac, Nonce, StaleNonce, make
from protocols.openid4vci.errors import InvalidNonce

__all__ = ["LIFETIME", "Nonce", "make", "parse", "read", "render"]


def read(text: str, now: datetime, mac: Mac) -> Nonce:
    """Recognise a c_nonce of ours. Raises InvalidNonce for a foreign, altered or expired one."""
    try:
        return nonce.read(text, now, mac)
    except StaleNonce as error:
        raise InvalidNonce(error.detail) from None


def parse(_call: Call) -> None:
    """A Nonce Request is an empty POST (7.1)."""


def render(c_nonce: str) -> Reply:
    """The Nonce Response (7.2)."""
    return json_reply({"c_nonce": c_nonce}, headers=NO_STORE)
