"""Secrets out of what a report shows: tokens, codes, credentials, keys, and what the target file keeps secret."""

import re

SECRET_MEMBERS = (  # names of members
    "access_token|refresh_token|pre-authorized_code|tx_code|code|c_nonce|nonce|credential|vp_token|response|state|"
    "client_secret|notification_id|transaction_id|password|api_key"
)
_MEMBER = re.compile(rf'("(?:{SECRET_MEMBERS})"\s*:\s*)"(?:[^"\\]|\\.)*"')
_COMPACT = re.compile(r"\beyJ[A-Za-z0-9_-]+(?:[.~][A-Za-z0-9_-]*)*")
_AUTHORIZATION = re.compile(r"\b(Bearer|DPoP)\s+[A-Za-z0-9._~+/-]{8,}=*")
_HIDDEN = "(masked)"


class Mask:
    """Knows the run's exact secrets beside the shapes that are always hidden."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def learn(self, secret: object) -> None:
        """Short values are left alone: hiding every `1234` would hide the report."""
        if isinstance(secret, str) and len(secret) >= 8:
            self._secrets.add(secret)

    def __call__(self, text: str) -> str:
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, _HIDDEN)
        text = _MEMBER.sub(rf'\1"{_HIDDEN}"', text)
        text = _COMPACT.sub(_HIDDEN, text)
        return _AUTHORIZATION.sub(rf"\1 {_HIDDEN}", text)
