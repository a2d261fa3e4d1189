"""JSON Web Encryption, compact serialization (RFC 7516): ECDH-ES decryption by jwcrypto, cheap checks first.

Encryption is not here: jwcrypto draws its ephemeral key and IV itself, and nothing under `protocols` rolls dice.
"""

from collections.abc import Container, Mapping
from functools import cache
from typing import Any, ClassVar

from jwcrypto.common import JWException
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from protocols.encoding import parse_b64url, parse_json_object
from protocols.errors import Malformed, ProtocolError
from protocols.jose import jwk as jwks

MAX_HEADER = 8_192
_ALGORITHMS = frozenset({"ECDH-ES"})
_ENCODINGS = frozenset({"A128GCM", "A256GCM", "A128CBC-HS256"})
_CURVES = frozenset({"P-256", "P-384", "P-521", "X25519"})
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
    _require_ephemeral(found, private_jwk)
    # 3. decryption and bounded inflation
    return found, _decrypt(token, private_jwk, found, max_bytes)


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


def _require_ephemeral(found: Mapping[str, Any], private_jwk: Mapping[str, Any]) -> None:
    ephemeral = found.get("epk")
    if not isinstance(ephemeral, dict) or ephemeral.get("crv") not in _CURVES:
        raise Malformed("no usable epk")
    jwks.to_public_key(ephemeral)
    if (ephemeral["kty"], ephemeral["crv"]) != (private_jwk.get("kty"), private_jwk.get("crv")):
        raise DecryptionFailed("epk on another curve")


@cache
def _envelope(algorithm: str, encoding: str) -> JWE:
    """One for each pair of algorithms, used again: making one copies jwcrypto's whole registry of headers."""
    return JWE(algs=[algorithm, encoding])


def _decrypt(token: str, private_jwk: Mapping[str, Any], found: Mapping[str, Any], max_bytes: int) -> bytes:
    envelope = _envelope(found["alg"], found["enc"])
    key = {name: private_jwk[name] for name in ("kty", "crv", "x", "y", "d") if name in private_jwk}
    try:
        envelope.deserialize(token)
        envelope.decrypt(JWK(**key), max_plaintext=max_bytes)
    except (JWException, ValueError):
        # One answer for every cause: a decryption oracle needs two.
        raise DecryptionFailed("does not decrypt") from None
    finally:
        plaintext, envelope.plaintext, envelope.cek = envelope.plaintext, None, None
    if not isinstance(plaintext, bytes) or len(plaintext) > max_bytes:
        raise DecryptionFailed("plaintext too large")
    return plaintext
