"""crypto_box and crypto_box_seal of NaCl, from shared secrets that a key store agreed on.

X25519, HSalsa20, XSalsa20-Poly1305 (Bernstein, "Cryptography in NaCl" and "Extending the Salsa20 nonce").  OpenSSL has
Poly1305 and X25519 and no Salsa20, so its block function is here; it only ever covers a key of 32 octets and the name
of one, never a message.
"""

import hashlib
import struct
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.poly1305 import Poly1305

from protocols.didcomm.ciphers import CannotOpen
from protocols.encoding import b64url, parse_b64url
from protocols.errors import Malformed
from protocols.jose import jwk as jwks

NONCE_OCTETS = 24
EPHEMERAL_OCTETS = 32
_TAG = 16
_SIGMA = struct.unpack("<4I", b"expand 32-byte k")
_MASK = 0xFFFFFFFF
# Column rounds and row rounds of one double round: target, its two summands, the rotation.
_QUARTERS = ((0, 4, 8, 12), (5, 9, 13, 1), (10, 14, 2, 6), (15, 3, 7, 11))
_ROWS = ((0, 1, 2, 3), (5, 6, 7, 4), (10, 11, 8, 9), (15, 12, 13, 14))


def seal_secretbox(key: bytes, nonce: bytes, plaintext: bytes) -> bytes:
    """crypto_secretbox: tag, then ciphertext."""
    one_time, ciphertext = _stream(key, nonce, plaintext)
    return Poly1305.generate_tag(one_time, ciphertext) + ciphertext


def open_secretbox(key: bytes, nonce: bytes, sealed: bytes) -> bytes:
    """crypto_secretbox_open. Raises CannotOpen, the same for every cause."""
    if len(nonce) != NONCE_OCTETS or len(sealed) < _TAG:
        raise CannotOpen("sizes")
    one_time, plaintext = _stream(key, nonce, sealed[_TAG:])
    try:
        Poly1305.verify_tag(one_time, sealed[_TAG:], sealed[:_TAG])
    except InvalidSignature:
        raise CannotOpen("box") from None
    return plaintext


def box_key(shared_secret: bytes) -> bytes:
    """crypto_box_beforenm, from the X25519 shared secret: the key of the secret box."""
    return hsalsa20(shared_secret, bytes(16))


def seal_nonce(ephemeral: bytes, recipient: bytes) -> bytes:
    """The nonce of a sealed box: BLAKE2b of the ephemeral public key and the recipient's."""
    return hashlib.blake2b(ephemeral + recipient, digest_size=NONCE_OCTETS).digest()


def seal(recipient: Mapping[str, Any], plaintext: bytes, entropy: bytes) -> bytes:
    """crypto_box_seal for an X25519 JWK with an ephemeral key of 32 fresh octets. Raises Malformed."""
    theirs = jwks.to_public_key(recipient)
    if not isinstance(theirs, x25519.X25519PublicKey) or len(entropy) != EPHEMERAL_OCTETS:
        raise Malformed("sealed boxes are for X25519")
    mine = x25519.X25519PrivateKey.from_private_bytes(entropy)
    ephemeral = mine.public_key().public_bytes_raw()
    try:
        key = box_key(mine.exchange(theirs))
    except ValueError:
        raise Malformed("addressee's key") from None
    return ephemeral + seal_secretbox(key, seal_nonce(ephemeral, theirs.public_bytes_raw()), plaintext)


def sealed_to(sealed: bytes) -> dict[str, Any]:
    """The ephemeral public JWK of a sealed box, with which the recipient agrees. Raises Malformed."""
    if len(sealed) < 32 + _TAG:
        raise Malformed("sealed box is too short")
    return {"kty": "OKP", "crv": "X25519", "x": b64url(sealed[:32])}


def open_seal(shared_secret: bytes, sealed: bytes, recipient: Mapping[str, Any]) -> bytes:
    """crypto_box_seal_open, with the secret agreed on with the box's ephemeral key. Raises CannotOpen."""
    nonce = seal_nonce(sealed[:32], parse_b64url(recipient["x"]))
    return open_secretbox(box_key(shared_secret), nonce, sealed[32:])


def hsalsa20(key: bytes, nonce: bytes) -> bytes:
    """The subkey for a nonce of 16 octets."""
    words = _rounds(_state(key, nonce))
    return struct.pack("<8I", *(words[at] for at in (0, 5, 10, 15, 6, 7, 8, 9)))


def _stream(key: bytes, nonce: bytes, text: bytes) -> tuple[bytes, bytes]:
    """XSalsa20: the one-time key of Poly1305, and the text under the rest of the stream."""
    subkey = hsalsa20(key, nonce[:16])
    blocks = -(-(32 + len(text)) // 64)
    stream = b"".join(_block(subkey, nonce[16:], number) for number in range(blocks))
    return stream[:32], bytes(one ^ other for one, other in zip(text, stream[32:], strict=False))


def _block(key: bytes, nonce: bytes, number: int) -> bytes:
    state = _state(key, nonce + struct.pack("<Q", number))
    return struct.pack("<16I", *((one + two) & _MASK for one, two in zip(state, _rounds(state), strict=True)))


def _state(key: bytes, nonce: bytes) -> list[int]:
    k, n = struct.unpack("<8I", key), struct.unpack("<4I", nonce)
    return [_SIGMA[0], *k[:4], _SIGMA[1], *n, _SIGMA[2], *k[4:], _SIGMA[3]]


def _rounds(state: list[int]) -> list[int]:
    x = list(state)
    for _ in range(10):
        for quarters in (_QUARTERS, _ROWS):
            for a, b, c, d in quarters:
                x[b] ^= _rotated(x[a] + x[d], 7)
                x[c] ^= _rotated(x[b] + x[a], 9)
                x[d] ^= _rotated(x[c] + x[b], 13)
                x[a] ^= _rotated(x[d] + x[c], 18)
    return x


def _rotated(word: int, bits: int) -> int:
    word &= _MASK
    return (word << bits | word >> (32 - bits)) & _MASK
