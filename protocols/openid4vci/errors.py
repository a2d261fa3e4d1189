"""Errors of the Credential and Notification Endpoints (OpenID4VCI 1.0, 8.3.1.2 and 11.3)."""

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


class InvalidNotificationId(ProtocolError):
    """The notification_id is invalid."""

    code = "invalid_notification_id"


class InvalidNotificationRequest(ProtocolError):
    """The Notification Request is invalid."""

    code = "invalid_notification_request"
