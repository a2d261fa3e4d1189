"""OpenID4VP over the W3C Digital Credentials API (OpenID4VP 1.0, appendix A)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

UNSIGNED, SIGNED, MULTISIGNED = "openid4vp-v1-unsigned", "openid4vp-v1-signed", "openid4vp-v1-multisigned"
PROTOCOLS = (UNSIGNED, SIGNED, MULTISIGNED)


@dataclass(frozen=True, slots=True)
class DigitalCredentialRequest:
    """One entry of `requests` in navigator.credentials.get (A.1): the exchange protocol and its data."""

    protocol: str
    data: Mapping[str, Any]


def origin_of(url: str) -> str:
    """The origin of a URL as a browser writes it (RFC 6454, 6.2)."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def is_origin(text: str) -> bool:
    """Whether a text is an https origin and nothing more; http is for this machine's own name only (A.2)."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    local = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1")
    return (parts.scheme == "https" or local) and bool(parts.hostname) and text == origin_of(text)


def audience(origin: str) -> str:
    """Whom a presentation over the API is made for, signed request or not (A.4)."""
    return f"origin:{origin}"
