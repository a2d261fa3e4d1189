"""Keys and envelopes for what travels encrypted to and from the issuer: nothing of it rests anywhere.

The private key of a week is derived from the tenant's derivation key, so that every process has it and none stores it;
the week before stays good, for wallets that read the metadata then.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from agent.encryption.vault import TenantVault
from protocols.encoding import b64url
from protocols.jose.jwk import from_public_key, thumbprint

_WEEK = 7 * 86_400
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order of P-256's base point."""


def request_keys(vault: TenantVault, now: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """The private JWKs, with kid, that requests may be encrypted to: this week's, and last week's."""
    week = int(now.timestamp()) // _WEEK
    return _key(vault, week), _key(vault, week - 1)


def _key(vault: TenantVault, week: int) -> dict[str, Any]:
    label, octets = "credential_request_encryption", week.to_bytes(4, "big")
    # 512 bits, so that the remainder is uniform (FIPS 186-5, A.2.1).
    wide = vault.derive(label, octets, b"1") + vault.derive(label, octets, b"2")
    secret = int.from_bytes(wide, "big") % (_ORDER - 1) + 1
    public = from_public_key(ec.derive_private_key(secret, ec.SECP256R1()).public_key())
    return {**public, "d": b64url(secret.to_bytes(32, "big")), "kid": b64url(thumbprint(public))}


def public_part(key: Mapping[str, Any]) -> dict[str, Any]:
    """What the metadata shows of it."""
    return {name: value for name, value in key.items() if name != "d"} | {"use": "enc", "alg": "ECDH-ES"}


def encrypt(
    plaintext: bytes, jwk: Mapping[str, Any], encoding: str, compressed: bool, content_type: str | None = None
) -> str:
    """A compact JWE by ECDH-ES; jwcrypto draws the ephemeral key and the IV. A JWT inside has `content_type` JWT."""
    header = {"alg": "ECDH-ES", "enc": encoding}
    if "kid" in jwk:
        header["kid"] = jwk["kid"]
    if content_type:
        header["cty"] = content_type
    if compressed:
        header["zip"] = "DEF"
    envelope = JWE(plaintext, protected=json.dumps(header))
    envelope.add_recipient(JWK(**{name: jwk[name] for name in ("kty", "crv", "x", "y") if name in jwk}))
    text: str = envelope.serialize(compact=True)
    return text
