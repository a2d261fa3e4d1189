"""Content encryption of DIDComm envelopes: A256CBC-HS512, A256GCM (RFC 7518, 5.2 and 5.3) and XC20P.

XC20P is XChaCha20-Poly1305 (draft-amringer-jose-chacha-02), put together from OpenSSL's ChaCha20 and ChaCha20-Poly1305.
"""

import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from protocols.errors import ProtocolError
from protocols.jose import content_encryption


class CannotOpen(ProtocolError):
    """The message cannot be opened."""

    code = "e.p.trust.crypto"


@dataclass(frozen=True, slots=True)
class Sizes:
    """Octets of key, initialization vector and tag."""

    cek: int
    iv: int
    tag: int


SIZES = {"A256CBC-HS512": Sizes(64, 16, 32), "A256GCM": Sizes(32, 12, 16), "XC20P": Sizes(32, 24, 16)}


def encrypt(enc: str, cek: bytes, iv: bytes, associated: bytes, plaintext: bytes) -> tuple[bytes, bytes]:
    """Ciphertext and tag. Key and vector are fresh and of the sizes that `SIZES` says."""
    if enc != "XC20P":
        return content_encryption.encrypt(enc, cek, iv, associated, plaintext)
    cipher, nonce = _xc20p(cek, iv)
    sealed = cipher.encrypt(nonce, plaintext, associated)
    return sealed[:-16], sealed[-16:]


def decrypt(enc: str, cek: bytes, iv: bytes, associated: bytes, ciphertext: bytes, tag: bytes) -> bytes:
    """The plaintext. Raises CannotOpen, the same for every cause."""
    if SIZES[enc] != Sizes(len(cek), len(iv), len(tag)):
        raise CannotOpen("sizes")
    try:
        if enc != "XC20P":
            return content_encryption.decrypt(enc, cek, iv, associated, ciphertext, tag)
        cipher, nonce = _xc20p(cek, iv)
        return cipher.decrypt(nonce, ciphertext + tag, associated)
    except (InvalidTag, ValueError):
        raise CannotOpen("content") from None


def _xc20p(cek: bytes, iv: bytes) -> tuple[ChaCha20Poly1305, bytes]:
    return ChaCha20Poly1305(hchacha20(cek, iv[:16])), bytes(4) + iv[16:]


def hchacha20(key: bytes, nonce: bytes) -> bytes:
    """The subkey of XChaCha20 (draft-irtf-cfrg-xchacha-03, 2.2).

    A ChaCha20 block is the permuted state plus the initial one, and the words that HChaCha20 keeps (0-3, 12-15) began
    as constants and nonce: taking those away leaves the permutation, from OpenSSL's own block function.
    """
    block = Cipher(algorithms.ChaCha20(key, nonce), None).encryptor().update(bytes(64))
    kept = struct.unpack("<8I", block[:16] + block[48:])
    began = struct.unpack("<8I", b"expand 32-byte k" + nonce)
    return struct.pack("<8I", *((word - start) & 0xFFFFFFFF for word, start in zip(kept, began, strict=True)))
