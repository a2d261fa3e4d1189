"""Content encryption of DIDComm envelopes: A256CBC-HS512, A256GCM (RFC 7518, 5.2 and 5.3) and XC20P.

XC20P is XChaCha20-Poly1305 (draft-amringer-jose-chacha-02), put together from OpenSSL's ChaCha20 and ChaCha20-Poly1305.
"""

import hmac
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.padding import PKCS7

from protocols.errors import ProtocolError


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
    if enc == "A256CBC-HS512":
        padder = PKCS7(128).padder()
        encryptor = Cipher(algorithms.AES256(cek[32:]), modes.CBC(iv)).encryptor()
        ciphertext = encryptor.update(padder.update(plaintext) + padder.finalize()) + encryptor.finalize()
        return ciphertext, _hs512(cek, iv, associated, ciphertext)
    cipher, nonce = _aead(enc, cek, iv)
    sealed = cipher.encrypt(nonce, plaintext, associated)
    return sealed[:-16], sealed[-16:]


def decrypt(enc: str, cek: bytes, iv: bytes, associated: bytes, ciphertext: bytes, tag: bytes) -> bytes:
    """The plaintext. Raises CannotOpen, the same for every cause."""
    if SIZES[enc] != Sizes(len(cek), len(iv), len(tag)):
        raise CannotOpen("sizes")
    try:
        if enc == "A256CBC-HS512":
            return _decrypt_cbc(cek, iv, associated, ciphertext, tag)
        cipher, nonce = _aead(enc, cek, iv)
        return cipher.decrypt(nonce, ciphertext + tag, associated)
    except (InvalidTag, ValueError):
        raise CannotOpen("content") from None


def _decrypt_cbc(cek: bytes, iv: bytes, associated: bytes, ciphertext: bytes, tag: bytes) -> bytes:
    # The tag first: padding is looked at only when the whole is known to be the sender's.
    if not hmac.compare_digest(tag, _hs512(cek, iv, associated, ciphertext)):
        raise CannotOpen("tag")
    decryptor = Cipher(algorithms.AES256(cek[32:]), modes.CBC(iv)).decryptor()
    unpadder = PKCS7(128).unpadder()
    return unpadder.update(decryptor.update(ciphertext) + decryptor.finalize()) + unpadder.finalize()


def _hs512(cek: bytes, iv: bytes, associated: bytes, ciphertext: bytes) -> bytes:
    text = associated + iv + ciphertext + struct.pack(">Q", 8 * len(associated))
    return hmac.digest(cek[:32], text, "sha512")[:32]


def _aead(enc: str, cek: bytes, iv: bytes) -> tuple[AESGCM | ChaCha20Poly1305, bytes]:
    if enc == "A256GCM":
        return AESGCM(cek), iv
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
