"""Proof Key for Code Exchange (RFC 7636), method S256 alone."""

import hmac
import re
from hashlib import sha256

from protocols.encoding import b64url

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def is_challenge(text: str) -> bool:
    """Whether this can be an S256 challenge (4.2)."""
    return _CHALLENGE.fullmatch(text) is not None


def proves(verifier: str | None, challenge: str) -> bool:
    """Whether the verifier is the challenge's (4.6)."""
    if verifier is None or not _VERIFIER.fullmatch(verifier):
        return False
    return hmac.compare_digest(b64url(sha256(verifier.encode()).digest()), challenge)
