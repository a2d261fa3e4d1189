"""Why a sign-in at an identity provider came to nothing. The wallet is told access_denied, whatever the cause."""

from typing import ClassVar

from protocols.errors import ProtocolError


class SignInFailed(ProtocolError):
    """The identity provider did not sign you in."""

    code: ClassVar[str] = "access_denied"
    status = 403


class ProviderUnusable(SignInFailed):
    """The identity provider cannot be used at the moment."""

    status = 502


class InvalidIdToken(SignInFailed):
    """The identity provider's answer cannot be believed."""
