"""The envelope of DIDComm v1 (RFC 0019): authcrypt and anoncrypt, JWM/1.0.

Opening is split as in version 2: `parse` says which keys were meant, the key store agrees, and what it agreed on opens
first the sealed name of the sender and then the content.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import base58
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from protocols.did import multikey
from protocols.didcomm.ciphers import CannotOpen
from protocols.didcomm.v1 import box
from protocols.encoding import b64url as unpadded
from protocols.encoding import parse_b64url, parse_json_object, render_json
from protocols.errors import Malformed

MEDIA_TYPE, OLD_MEDIA_TYPE = "application/didcomm-envelope-enc", "application/ssi-agent-wire"
AUTHCRYPT, ANONCRYPT = "Authcrypt", "Anoncrypt"
MAX_RECIPIENTS = 64
FRESH_OCTETS = 32 + 12
"""Fresh octets for an envelope: content key and nonce; each addressee needs `RECIPIENT_OCTETS` more."""
RECIPIENT_OCTETS = box.NONCE_OCTETS + box.EPHEMERAL_OCTETS
_MAX_HEADER = 65_536
_STANDARD = str.maketrans("+/", "-_")


@dataclass(frozen=True, slots=True)
class Recipient:
    """One key that an envelope is for: its base58 spelling; `sender` and `iv` are empty in anoncrypt."""

    kid: str
    encrypted_key: bytes
    sender: bytes
    iv: bytes


@dataclass(frozen=True, slots=True)
class Packed:
    """An envelope taken apart, nothing of it believed."""

    alg: str
    protected: str
    recipients: tuple[Recipient, ...]
    iv: bytes
    ciphertext: bytes
    tag: bytes


@dataclass(frozen=True, slots=True)
class Addressee:
    """A key to encrypt to: an Ed25519 JWK, and in authcrypt the secret that the sender's key agrees on with it."""

    jwk: Mapping[str, Any]
    secret: bytes = b""


def fits(octets: bytes) -> bool:
    """Whether this looks like an envelope of version 1."""
    try:
        header = parse_json_object(_b64(_text(parse_json_object(octets), "protected")))
    except Malformed:
        return False
    return header.get("typ") == "JWM/1.0" or header.get("alg") in (AUTHCRYPT, ANONCRYPT)


def parse(octets: bytes) -> Packed:
    """Take an envelope apart. Raises Malformed; no key was touched."""
    found = parse_json_object(octets)
    protected = _text(found, "protected")
    if len(protected) > _MAX_HEADER:
        raise Malformed("header too large")
    header = parse_json_object(_b64(protected))
    # 1. algorithms, from our list; the name of the cipher is what everybody writes, though it is ChaCha20 of the IETF
    alg, enc = header.get("alg"), header.get("enc")
    if alg not in (AUTHCRYPT, ANONCRYPT) or enc not in ("xchacha20poly1305_ietf", "chacha20poly1305_ietf"):
        raise Malformed("alg or enc is not on our list")
    if header.get("typ", "JWM/1.0") != "JWM/1.0":
        raise Malformed("typ is of another envelope")
    # 2. recipients, each once
    stated = header.get("recipients")
    if not isinstance(stated, list) or not 1 <= len(stated) <= MAX_RECIPIENTS:
        raise Malformed("recipients are none, or too many")
    recipients = tuple(_recipient(entry, alg) for entry in stated)
    if len({recipient.kid for recipient in recipients}) != len(recipients):
        raise Malformed("recipient twice")
    iv, ciphertext, tag = (_b64(_text(found, name)) for name in ("iv", "ciphertext", "tag"))
    # Some agents cut by characters where octets were meant, so that the tag has the end of the ciphertext before it.
    if len(iv) != 12 or len(tag) < 16:
        raise Malformed("iv or tag of wrong length")
    return Packed(alg, protected, recipients, iv, ciphertext, tag)


def _recipient(entry: Any, alg: str) -> Recipient:
    header = entry.get("header") if isinstance(entry, dict) else None
    if not isinstance(header, dict):
        raise Malformed("recipient without header")
    kid = _text(header, "kid")
    multikey.from_base58(kid, "Ed25519")
    # In anoncrypt some agents write them as null.
    named = bool(header.get("sender")), bool(header.get("iv"))
    if named != (alg == AUTHCRYPT, alg == AUTHCRYPT):
        # An anonymous envelope that names a sender, or the other way round, is neither.
        raise Malformed("sender and iv do not fit the alg")
    sender, iv = (_b64(_text(header, name)) if alg == AUTHCRYPT else b"" for name in ("sender", "iv"))
    return Recipient(kid, _b64(_text(entry, "encrypted_key")), sender, iv)


def ephemeral(recipient: Recipient) -> dict[str, Any]:
    """The public JWK that the recipient's key agrees with first. Raises Malformed."""
    return box.sealed_to(recipient.sender or recipient.encrypted_key)


def sender(recipient: Recipient, secret: bytes, ours: Mapping[str, Any]) -> dict[str, Any]:
    """The sender's Ed25519 JWK, that only the recipient can read. Raises CannotOpen, Malformed."""
    named = box.open_seal(secret, recipient.sender, multikey.x25519_of(ours))
    try:
        return multikey.from_base58(named.decode("ascii"), "Ed25519")
    except UnicodeDecodeError:
        raise CannotOpen("sender is no key") from None


def authcrypted(packed: Packed, recipient: Recipient, secret: bytes) -> bytes:
    """The plaintext, with the secret that our key and the sender's agree on. Raises CannotOpen."""
    return _decrypted(packed, box.open_secretbox(box.box_key(secret), recipient.iv, recipient.encrypted_key))


def anoncrypted(packed: Packed, recipient: Recipient, secret: bytes, ours: Mapping[str, Any]) -> bytes:
    """The plaintext of a message of nobody, with the secret of `ephemeral`. Raises CannotOpen."""
    return _decrypted(packed, box.open_seal(secret, recipient.encrypted_key, multikey.x25519_of(ours)))


def _decrypted(packed: Packed, cek: bytes) -> bytes:
    if len(cek) != 32:
        raise CannotOpen("sizes")
    try:
        return ChaCha20Poly1305(cek).decrypt(
            packed.iv, packed.ciphertext + packed.tag, packed.protected.encode("ascii")
        )
    except (InvalidTag, ValueError):
        raise CannotOpen("content") from None


def pack(
    plaintext: bytes, addressees: Sequence[Addressee], fresh: bytes, sender_jwk: Mapping[str, Any] | None = None
) -> bytes:
    """An envelope for the addressees: authcrypt as `sender_jwk`, or anoncrypt.

    `fresh` is `FRESH_OCTETS` and `RECIPIENT_OCTETS` for each addressee. Raises Malformed for a key that cannot be used.
    """
    if len(fresh) != FRESH_OCTETS + len(addressees) * RECIPIENT_OCTETS:
        raise ValueError("fresh octets")
    cek, iv, rest = fresh[:32], fresh[32:FRESH_OCTETS], fresh[FRESH_OCTETS:]
    recipients = [
        _sealed(cek, addressee, sender_jwk, rest[at * RECIPIENT_OCTETS : (at + 1) * RECIPIENT_OCTETS])
        for at, addressee in enumerate(addressees)
    ]
    header = {
        "enc": "xchacha20poly1305_ietf",
        "typ": "JWM/1.0",
        "alg": AUTHCRYPT if sender_jwk else ANONCRYPT,
        "recipients": recipients,
    }
    protected = _padded(render_json(header))
    sealed = ChaCha20Poly1305(cek).encrypt(iv, plaintext, protected.encode("ascii"))
    parts = {"iv": iv, "ciphertext": sealed[:-16], "tag": sealed[-16:]}
    return render_json({"protected": protected, **{name: _padded(value) for name, value in parts.items()}})


def _sealed(cek: bytes, addressee: Addressee, sender_jwk: Mapping[str, Any] | None, fresh: bytes) -> dict[str, Any]:
    nonce, entropy = fresh[: box.NONCE_OCTETS], fresh[box.NONCE_OCTETS :]
    theirs = multikey.x25519_of(addressee.jwk)
    kid = verkey(addressee.jwk)
    if sender_jwk is None:
        return {"encrypted_key": _padded(box.seal(theirs, cek, entropy)), "header": {"kid": kid}}
    encrypted_key = box.seal_secretbox(box.box_key(addressee.secret), nonce, cek)
    named = box.seal(theirs, verkey(sender_jwk).encode("ascii"), entropy)
    header = {"kid": kid, "sender": _padded(named), "iv": _padded(nonce)}
    return {"encrypted_key": _padded(encrypted_key), "header": header}


def verkey(jwk: Mapping[str, Any]) -> str:
    """The base58 spelling of an Ed25519 JWK."""
    return base58.b58encode(parse_b64url(jwk["x"])).decode("ascii")


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str):
        raise Malformed(f"{name} is no text")
    return value


def _b64(text: str) -> bytes:
    """Base64url, padded as RFC 0019 says or not as most agents have it, and the other alphabet of the oldest."""
    return parse_b64url(text.rstrip("=").translate(_STANDARD))


def _padded(octets: bytes) -> str:
    text = unpadded(octets)
    return text + "=" * (-len(text) % 4)
