"""Errors of the token endpoint and of protected resources (RFC 6749, 5.2; RFC 6750, 3.1)."""

from typing import ClassVar

from protocols.errors import ProtocolError


class InvalidRequest(ProtocolError):
    """The request lacks a parameter, repeats one, or has one that is not expected."""

    code = "invalid_request"


class InvalidGrant(ProtocolError):
    """The code is invalid, expired, used or not for this client, or the transaction code is wrong."""

    code = "invalid_grant"


class InvalidClient(ProtocolError):
    """The client is not known or did not authenticate."""

    code = "invalid_client"
    status = 401


class UnsupportedGrantType(ProtocolError):
    """The grant type is not supported."""

    code = "unsupported_grant_type"


class InvalidToken(ProtocolError):
    """The access token is invalid, expired or revoked."""

    code = "invalid_token"
    status = 401
    scheme: ClassVar[str] = "Bearer"

    def headers(self) -> dict[str, str]:
        """The challenge of RFC 6750, 3."""
        return {"WWW-Authenticate": f'{self.scheme} error="{self.code}", error_description="{self.description}"'}


class MissingToken(InvalidToken):
    """The request needs an access token."""

    def headers(self) -> dict[str, str]:
        """Without credentials in the request no error code is told (RFC 6750, 3.1)."""
        return {"WWW-Authenticate": self.scheme}
