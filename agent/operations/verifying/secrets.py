"""The secrets of a presentation: derived from its id under a key of the tenant, so that only hashes are stored."""

import hmac
from hashlib import sha256
from uuid import UUID

from agent.encryption.vault import TenantVault
from protocols.encoding import b64url, parse_b64url
from protocols.errors import ProtocolError

_MAC = 16


def nonce(vault: TenantVault, request: UUID) -> str:
    """The nonce of the Request Object."""
    return b64url(vault.derive("openid4vp.nonce", request.bytes))


def state(vault: TenantVault, request: UUID) -> str:
    """The state, which shows that an answer comes from who saw the request."""
    return b64url(vault.derive("openid4vp.state", request.bytes))


def response_code(vault: TenantVault, request: UUID) -> str:
    """What the wallet is given for the browser to bring back; nobody has seen it before the answer."""
    return b64url(vault.derive("openid4vp.response_code", request.bytes))


def browser_hash(vault: TenantVault, request: UUID, secret: str) -> bytes:
    """What is stored of the browser that began a request; `secret` is in its cookie."""
    return vault.derive("openid4vp.browser", request.bytes, secret.encode())


def reference(vault: TenantVault, request: UUID, use: str) -> str:
    """What stands in a URL for the request: its id and a MAC, so that nobody guesses one. `use` keeps URLs apart."""
    return b64url(request.bytes + vault.derive(f"openid4vp.{use}", request.bytes)[:_MAC])


def read_reference(vault: TenantVault, text: str, use: str) -> UUID | None:
    """The request's id behind a reference, None when it is not ours."""
    try:
        value = parse_b64url(text)
    except ProtocolError:
        return None
    if len(value) != 16 + _MAC:
        return None
    expected = vault.derive(f"openid4vp.{use}", value[:16])[:_MAC]
    return UUID(bytes=value[:16]) if hmac.compare_digest(expected, value[16:]) else None


def digest(secret: str) -> bytes:
    """What is stored of a secret of 256 bits."""
    return sha256(secret.encode()).digest()
