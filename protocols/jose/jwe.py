"""JSON Web Encryption, compact serialization (RFC 7516): ECDH-ES decryption, cheap checks first.

Encryption is not here: jwcrypto draws its ephemeral key and IV itself, and nothing under `protocols` rolls dice. Nor
does it decrypt: it takes twice as long as what follows, of which half is the agreement.
"""

import zlib
from collections.abc import Container, Mapping
from typing import Any, ClassVar

from cryptography.exceptions import InvalidTag

from protocols.encoding import parse_b64url, parse_json_object
from protocols.errors import Malformed, ProtocolError
from protocols.jose import content_encryption
from protocols.jose import jwk as jwks
from protocols.jose.agreement import CURVES, agree, concat_kdf

MAX_HEADER = 8_192
_ALGORITHMS = frozenset({"ECDH-ES"})
_ENCODINGS = frozenset({"A128GCM", "A256GCM", "A128CBC-HS256"})
_MAX_DEFLATED = 262_144


class DecryptionFailed(ProtocolError):
    """The message cannot be decrypted."""

    code: ClassVar[str] = "invalid_request"


class EncryptionNotAllowed(DecryptionFailed):
    """The encryption algorithm is not acceptable."""


def header(token: str) -> dict[str, Any]:
    """The protected header, believed by nobody: what finds the key. Raises Malformed."""
    return _parse(token)[0]


def _parse(token: str) -> tuple[dict[str, Any], list[str]]:
    parts = token.split(".", 5) if isinstance(token, str) and token.isascii() else []
    if len(parts) != 5:
        raise Malformed("not a compact JWE")
    if len(parts[0]) > MAX_HEADER:
        raise Malformed("JOSE header too large")
    found = parse_json_object(parse_b64url(parts[0]))
    if "crit" in found:
        raise Malformed("JOSE header with an extension we do not understand")
    for name in ("alg", "enc"):
        if not isinstance(found.get(name), str):
            raise Malformed(f"JOSE header lacks {name}")
    for name in ("kid", "cty", "typ", "apu", "apv", "zip"):
        if not isinstance(found.get(name, ""), str):
            raise Malformed(f"JOSE header {name} is no string")
    return found, parts


def decrypt(
    token: str,
    private_jwk: Mapping[str, Any],
    algorithms: Container[str] = _ALGORITHMS,
    encodings: Container[str] = _ENCODINGS,
    max_bytes: int = 1_000_000,
) -> tuple[dict[str, Any], bytes]:
    """Header and plaintext of at most `max_bytes`. Raises DecryptionFailed, the same for every failure after parsing.

    What `algorithms` and `encodings` allow is narrowed to ECDH-ES with A128GCM, A256GCM or A128CBC-HS256.
    """
    # 1. form and algorithms, before any key is touched
    found, parts = _parse(token)
    if found["alg"] not in algorithms or found["alg"] not in _ALGORITHMS:
        raise EncryptionNotAllowed("alg is not on our list")
    if found["enc"] not in encodings or found["enc"] not in _ENCODINGS:
        raise EncryptionNotAllowed("enc is not on our list")
    _require_parts(found, parts, max_bytes)
    # 2. the sender's ephemeral key is on the curve of ours
    ephemeral = _ephemeral(found, private_jwk)
    # 3. decryption and bounded inflation
    plaintext = _decrypt(parts, found, ephemeral, private_jwk)
    return found, _inflated(plaintext, max_bytes) if "zip" in found else _within(plaintext, max_bytes)


def _require_parts(found: Mapping[str, Any], parts: list[str], max_bytes: int) -> None:
    if parts[1]:
        raise Malformed("ECDH-ES has no encrypted key")
    for name in ("apu", "apv"):
        if len(parse_b64url(found.get(name, ""))) > 512:
            raise Malformed(f"{name} too long")
    for part in parts[2:]:
        parse_b64url(part)
    compressed = found.get("zip")
    if compressed not in (None, "DEF"):
        raise EncryptionNotAllowed("zip is not DEF")
    # A128CBC pads by at most 16 bytes; a compressed text larger than its limit inflates beyond it anyway.
    if len(parts[3]) * 3 // 4 > (min(max_bytes, _MAX_DEFLATED) if compressed else max_bytes) + 16:
        raise DecryptionFailed("ciphertext too large")


def _ephemeral(found: Mapping[str, Any], private_jwk: Mapping[str, Any]) -> Mapping[str, Any]:
    ephemeral = found.get("epk")
    if not isinstance(ephemeral, dict) or ephemeral.get("crv") not in CURVES:
        raise Malformed("no usable epk")
    jwks.to_public_key(ephemeral)
    if (ephemeral["kty"], ephemeral["crv"]) != (private_jwk.get("kty"), private_jwk.get("crv")):
        raise DecryptionFailed("epk on another curve")
    return ephemeral


def _decrypt(
    parts: list[str], found: Mapping[str, Any], ephemeral: Mapping[str, Any], private_jwk: Mapping[str, Any]
) -> bytes:
    """Direct key agreement: the derived key is the content's (RFC 7518, 4.6)."""
    enc = found["enc"]
    apu, apv = (parse_b64url(found.get(name, "")) for name in ("apu", "apv"))
    iv, ciphertext, tag = (parse_b64url(part) for part in parts[2:])
    try:
        secret = agree(private_jwk, ephemeral)
        cek = concat_kdf(secret, enc, apu, apv, content_encryption.KEY_OCTETS[enc] * 8)
        return content_encryption.decrypt(enc, cek, iv, parts[0].encode(), ciphertext, tag)
    except (Malformed, InvalidTag, ValueError):
        # One answer for every cause: a decryption oracle needs two.
        raise DecryptionFailed("does not decrypt") from None


def _inflated(deflated: bytes, max_bytes: int) -> bytes:
    """Raw DEFLATE (RFC 7516, 4.1.3; RFC 1951), to the limit and no further."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        plaintext = inflater.decompress(deflated, max_bytes + 1)
    except zlib.error:
        raise DecryptionFailed("does not inflate") from None
    whole = inflater.eof and not inflater.unused_data
    if not whole and len(plaintext) <= max_bytes:
        raise DecryptionFailed("does not inflate")
    return _within(plaintext, max_bytes)


def _within(plaintext: bytes, max_bytes: int) -> bytes:
    if len(plaintext) > max_bytes:
        raise DecryptionFailed("plaintext too large")
    return plaintext
