"""Content encryption of JWE (RFC 7518, 5): AES-GCM, and AES-CBC with HMAC. Keys and vectors come in as values."""

import hmac
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.padding import PKCS7

KEY_OCTETS = {"A128GCM": 16, "A256GCM": 32, "A128CBC-HS256": 32, "A256CBC-HS512": 64}
_HASHES = {"A128CBC-HS256": "sha256", "A256CBC-HS512": "sha512"}


def encrypt(enc: str, cek: bytes, iv: bytes, associated: bytes, plaintext: bytes) -> tuple[bytes, bytes]:
    """Ciphertext and tag."""
    if enc not in _HASHES:
        sealed = AESGCM(cek).encrypt(iv, plaintext, associated)
        return sealed[:-16], sealed[-16:]
    padder = PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(cek[len(cek) // 2 :]), modes.CBC(iv)).encryptor()
    ciphertext = encryptor.update(padder.update(plaintext) + padder.finalize()) + encryptor.finalize()
    return ciphertext, _tag(enc, cek, iv, associated, ciphertext)


def decrypt(enc: str, cek: bytes, iv: bytes, associated: bytes, ciphertext: bytes, tag: bytes) -> bytes:
    """The plaintext. Raises InvalidTag, and ValueError for parts of another size."""
    cbc = enc in _HASHES
    if (len(cek), len(iv), len(tag)) != (KEY_OCTETS[enc], 16 if cbc else 12, len(cek) // 2 if cbc else 16):
        raise ValueError("sizes")
    if not cbc:
        return AESGCM(cek).decrypt(iv, ciphertext + tag, associated)
    # The tag first: padding is looked at only when the whole is known to be the sender's.
    if not hmac.compare_digest(tag, _tag(enc, cek, iv, associated, ciphertext)):
        raise InvalidTag
    decryptor = Cipher(algorithms.AES(cek[len(cek) // 2 :]), modes.CBC(iv)).decryptor()
    unpadder = PKCS7(128).unpadder()
    return unpadder.update(decryptor.update(ciphertext) + decryptor.finalize()) + unpadder.finalize()


def _tag(enc: str, cek: bytes, iv: bytes, associated: bytes, ciphertext: bytes) -> bytes:
    """The first half of the HMAC, under the first half of the key (5.2.2.1)."""
    text, half = associated + iv + ciphertext + struct.pack(">Q", 8 * len(associated)), len(cek) // 2
    return hmac.digest(cek[:half], text, _HASHES[enc])[:half]
