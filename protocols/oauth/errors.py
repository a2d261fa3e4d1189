"""Errors of the authorization server and of protected resources (RFC 6749, 4.1.2.1 and 5.2; RFC 6750, 3.1)."""

from typing import ClassVar

from protocols.errors import ProtocolError


class TemporarilyUnavailable(ProtocolError):
    """The authorization server takes no such requests at the moment."""

    code = "temporarily_unavailable"
    status = 503


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


class UnauthorizedClient(ProtocolError):
    """The client may not use this grant."""

    code = "unauthorized_client"


class UnsupportedResponseType(ProtocolError):
    """The response type is not supported."""

    code = "unsupported_response_type"


class InvalidScope(ProtocolError):
    """The scope is unknown or more than the client may ask for."""

    code = "invalid_scope"


class InvalidAuthorizationDetails(ProtocolError):
    """The authorization details are malformed or name what is not issued here."""

    code = "invalid_authorization_details"


class InvalidRequestUri(ProtocolError):
    """The request_uri is unknown, used or expired, or belongs to another client."""

    code = "invalid_request_uri"


class AccessDenied(ProtocolError):
    """The person or the server denied the request."""

    code = "access_denied"
    status = 403


class InvalidClientAttestation(InvalidClient):
    """The client attestation or its proof of possession cannot be accepted."""

    code = "invalid_client_attestation"


class UseFreshAttestation(InvalidClient):
    """The client attestation has expired; get a new one."""

    code = "use_fresh_attestation"
    status = 400


class UseAttestationChallenge(InvalidClient):
    """The proof of possession needs a fresh challenge of this server."""

    code = "use_attestation_challenge"
    status = 400

    def __init__(self, challenge: str) -> None:
        super().__init__()
        self.challenge = challenge

    def headers(self) -> dict[str, str]:
        """The challenge to use."""
        return {"OAuth-Client-Attestation-Challenge": self.challenge}


class InvalidDpopProof(ProtocolError):
    """The DPoP proof is missing or not valid."""

    code = "invalid_dpop_proof"


class UseDpopNonce(InvalidDpopProof):
    """The DPoP proof needs a fresh nonce of this server."""

    code = "use_dpop_nonce"

    def __init__(self, nonce: str) -> None:
        super().__init__()
        self.nonce = nonce

    def headers(self) -> dict[str, str]:
        """The nonce to use (RFC 9449, 8)."""
        return {"DPoP-Nonce": self.nonce}


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


class InvalidTokenProof(InvalidToken):
    """The access token is bound to a key that the request does not prove (RFC 9449, 7.1)."""

    scheme = "DPoP"

    def __init__(self, error: InvalidDpopProof) -> None:
        super().__init__(error.detail)
        self.cause = error
        self.code = error.code  # type: ignore[misc]  # the cause's own word

    def headers(self) -> dict[str, str]:
        """The challenge of RFC 9449, 7.1 and 9."""
        return {"WWW-Authenticate": f'DPoP error="{self.code}"', **self.cause.headers()}


class MissingToken(InvalidToken):
    """The request needs an access token."""

    def headers(self) -> dict[str, str]:
        """Without credentials in the request no error code is told (RFC 6750, 3.1)."""
        return {"WWW-Authenticate": self.scheme}
