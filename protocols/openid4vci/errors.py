"""Errors of the Credential, Deferred Credential and Notification Endpoints (OpenID4VCI 1.0, 8.3.1.2, 9.3, 11.3)."""

from protocols.errors import ProtocolError


class InvalidCredentialRequest(ProtocolError):
    """The Credential Request lacks a parameter, repeats one, or has one that does not fit."""

    code = "invalid_credential_request"


class UnknownCredentialConfiguration(ProtocolError):
    """The requested Credential Configuration is unknown or was not offered."""

    code = "unknown_credential_configuration"


class UnknownCredentialIdentifier(ProtocolError):
    """The requested Credential identifier is unknown."""

    code = "unknown_credential_identifier"


class InvalidProof(ProtocolError):
    """The proofs parameter is missing or a proof in it is not valid."""

    code = "invalid_proof"


class ExposedKey(InvalidProof):
    """A proof holds private key material: that key is nobody's secret any more."""


class InvalidNonce(ProtocolError):
    """A proof holds no valid c_nonce; get a new one from the Nonce Endpoint."""

    code = "invalid_nonce"


class InvalidEncryptionParameters(ProtocolError):
    """The encryption parameters do not fit what the issuer supports."""

    code = "invalid_encryption_parameters"


class CredentialRequestDenied(ProtocolError):
    """The Credential Request was not accepted and will not be when it is repeated."""

    code = "credential_request_denied"


class TemporarilyUnavailable(ProtocolError):
    """The Credential Issuer can issue no more Credentials at the moment."""

    code = "temporarily_unavailable"
    status = 429

    def __init__(self, detail: str = "", seconds: int = 3600) -> None:
        super().__init__(detail)
        self._seconds = seconds

    def headers(self) -> dict[str, str]:
        """When to come back (RFC 6585, 4)."""
        return {"Retry-After": str(self._seconds)}


class InvalidTransactionId(ProtocolError):
    """The transaction_id was not issued here, or its Credential was obtained already."""

    code = "invalid_transaction_id"


class SlowDown(ProtocolError):
    """The interval has not passed yet."""

    code = "slow_down"
    status = 429

    def __init__(self, interval: int) -> None:
        super().__init__("polled within the interval")
        self._interval = interval

    def headers(self) -> dict[str, str]:
        """RFC 9110, 10.2.3: when to come again."""
        return {"Retry-After": str(self._interval)}


class InvalidNotificationId(ProtocolError):
    """The notification_id is invalid."""

    code = "invalid_notification_id"


class InvalidNotificationRequest(ProtocolError):
    """The Notification Request is invalid."""

    code = "invalid_notification_request"
