"""DIDComm encrypted messages (DIDComm Messaging 2.1, DIDComm Encrypted Message): General JSON JWE, opened and packed.

Opening is split, because keys stay where they are kept: `parse` says which keys were meant, the key store agrees with
`epk` (and, in authcrypt, with the sender's key), and `decrypt` takes the secrets.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from protocols.did import parse_did_url
from protocols.didcomm import agreement
from protocols.didcomm.agreement import EPHEMERAL_OCTETS, unwrap, wrap
from protocols.didcomm.ciphers import SIZES, CannotOpen
from protocols.didcomm.ciphers import decrypt as decrypt_content
from protocols.didcomm.ciphers import encrypt as encrypt_content
from protocols.encoding import b64url, parse_b64url, parse_json_object, render_json
from protocols.errors import Malformed
from protocols.jose import jwk as jwks
from protocols.jose.agreement import CURVES, concat_kdf

ENCRYPTED = "application/didcomm-encrypted+json"
ANONCRYPT, AUTHCRYPT = "ECDH-ES+A256KW", "ECDH-1PU+A256KW"
MAX_RECIPIENTS = 64
_MAX_HEADER = 65_536
# Authcrypt binds the key to the content by the tag, and only A256CBC-HS512 commits to its key (ECDH-1PU, 2.1).
_ENCODINGS = {ANONCRYPT: frozenset(SIZES), AUTHCRYPT: frozenset({"A256CBC-HS512"})}
_COORDINATES = {"P-256": 32, "P-384": 48, "P-521": 66}
_RECIPIENT_HEADER = frozenset({"kid", "epk"})


@dataclass(frozen=True, slots=True)
class Recipient:
    """One key that a message is encrypted to; `epk` is the public JWK to agree with."""

    kid: str
    epk: Mapping[str, Any]
    encrypted_key: bytes


@dataclass(frozen=True, slots=True)
class EncryptedMessage:
    """An encrypted message taken apart, nothing of it believed. `skid` is empty in anoncrypt."""

    alg: str
    enc: str
    protected: str
    apu: bytes
    apv: bytes
    skid: str
    recipients: tuple[Recipient, ...]
    iv: bytes
    ciphertext: bytes
    tag: bytes

    def recipient(self, kid: str) -> Recipient:
        """The entry of a key. Raises CannotOpen."""
        for recipient in self.recipients:
            if recipient.kid == kid:
                return recipient
        raise CannotOpen("not for this key")


def parse(found: Mapping[str, Any]) -> EncryptedMessage:
    """Take an encrypted message apart. Raises Malformed, InvalidDid; no key was touched."""
    # 1. form and protected header
    protected = _text(found, "protected")
    header = _header(protected, found)
    # 2. algorithms, from our list
    alg, enc = header.get("alg"), header.get("enc")
    if alg not in _ENCODINGS or enc not in _ENCODINGS[alg]:
        raise Malformed("alg or enc is not on our list")
    # 3. recipients, and apv over all of them
    recipients = _recipients(found.get("recipients"), header)
    apv = parse_b64url(_text(header, "apv"))
    if apv != recipients_digest([recipient.kid for recipient in recipients]):
        raise Malformed("apv is not of these recipients")
    # 4. the sender's key, in authcrypt only
    apu, skid = _sender(header, alg)
    iv, ciphertext, tag = (parse_b64url(_text(found, name)) for name in ("iv", "ciphertext", "tag"))
    if (len(iv), len(tag)) != (SIZES[enc].iv, SIZES[enc].tag):
        raise Malformed("iv or tag of wrong length")
    return EncryptedMessage(alg, enc, protected, apu, apv, skid, recipients, iv, ciphertext, tag)


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str):
        raise Malformed(f"{name} is no text")
    return value


def _header(protected: str, found: Mapping[str, Any]) -> dict[str, Any]:
    if len(protected) > _MAX_HEADER or found.get("unprotected") or "aad" in found:
        raise Malformed("header too large, unprotected, or with additional data")
    header = parse_json_object(parse_b64url(protected))
    if "crit" in header or "zip" in header:
        raise Malformed("JOSE header with an extension we do not understand")
    return header


def _recipients(value: Any, header: Mapping[str, Any]) -> tuple[Recipient, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_RECIPIENTS:
        raise Malformed("recipients are none, or too many")
    found = tuple(_recipient(entry, header) for entry in value)
    if len({recipient.kid for recipient in found}) != len(found):
        raise Malformed("recipient twice")
    return found


def _recipient(entry: Any, header: Mapping[str, Any]) -> Recipient:
    own = entry.get("header") if isinstance(entry, dict) else None
    if not isinstance(own, dict) or not own.keys() <= _RECIPIENT_HEADER or ("epk" in own and "epk" in header):
        raise Malformed("recipient header")
    # In each recipient's header the ephemeral key is against the text, and in the field (didcomm-messaging 0.1.1).
    return Recipient(
        _kid(own.get("kid")), _epk({**header, **own}.get("epk")), parse_b64url(_text(entry, "encrypted_key"))
    )


def _kid(value: Any) -> str:
    if not parse_did_url(value).fragment:
        raise Malformed("kid without fragment")
    return str(value)


def _epk(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or value.get("crv") not in CURVES:
        raise Malformed("no usable epk")
    # authlib drops leading zeros of coordinates (against RFC 7518, 6.2.1.2), in one envelope of a hundred.
    size = _COORDINATES.get(value["crv"], 0)
    padded = {
        name: b64url(parse_b64url(value[name]).rjust(size, b"\0"))
        for name in ("x", "y")
        if size and isinstance(value.get(name), str)
    }
    return jwks.public({**value, **padded})


def _sender(header: Mapping[str, Any], alg: str) -> tuple[bytes, str]:
    stated, apu = header.get("skid"), header.get("apu")
    octets = b"" if apu is None else parse_b64url(_text(header, "apu"))
    if alg == ANONCRYPT:
        if stated is not None:
            raise Malformed("skid in anoncrypt")
        return octets, ""
    try:
        skid = octets.decode("ascii")
    except UnicodeDecodeError:
        raise Malformed("apu is no key") from None
    if stated not in (None, skid):
        raise Malformed("apu is of another key than skid")
    return octets, _kid(skid)


def recipients_digest(kids: Sequence[str]) -> bytes:
    """apv before base64url: SHA-256 of the sorted key ids, joined with full stops."""
    return hashlib.sha256(".".join(sorted(kids)).encode()).digest()


def decrypt(message: EncryptedMessage, kid: str, ephemeral_secret: bytes, static_secret: bytes = b"") -> bytes:
    """The plaintext, given Ze and (authcrypt) Zs of our key `kid`. Raises CannotOpen."""
    if bool(static_secret) is not (message.alg == AUTHCRYPT):
        raise CannotOpen("secrets do not fit alg")
    tag = message.tag if message.alg == AUTHCRYPT else None
    kek = concat_kdf(ephemeral_secret + static_secret, message.alg, message.apu, message.apv, tag=tag)
    cek = unwrap(kek, message.recipient(kid).encrypted_key)
    associated = message.protected.encode()
    return decrypt_content(message.enc, cek, message.iv, associated, message.ciphertext, message.tag)


@dataclass(frozen=True, slots=True)
class Addressee:
    """A key to encrypt to; in authcrypt with Zs, what our key store agreed with it."""

    kid: str
    jwk: Mapping[str, Any]
    static_secret: bytes = b""


@dataclass(frozen=True, slots=True)
class Fresh:
    """Randomness for one envelope; used once."""

    ephemeral: bytes
    cek: bytes
    iv: bytes


FRESH_OCTETS = EPHEMERAL_OCTETS + 64 + 24


def fresh(entropy: bytes) -> Fresh:
    """Cut `FRESH_OCTETS` of new randomness into an ephemeral key, a content key and a vector."""
    if len(entropy) != FRESH_OCTETS:
        raise ValueError(f"an envelope needs {FRESH_OCTETS} octets")
    return Fresh(entropy[:EPHEMERAL_OCTETS], entropy[EPHEMERAL_OCTETS:-24], entropy[-24:])


def anoncrypt(plaintext: bytes, addressees: Sequence[Addressee], given: Fresh, enc: str = "XC20P") -> bytes:
    """Pack for keys of one curve, without saying from whom."""
    return _pack(plaintext, addressees, given, ANONCRYPT, enc, "")


def authcrypt(plaintext: bytes, skid: str, addressees: Sequence[Addressee], given: Fresh) -> bytes:
    """Pack for keys of one curve, from our key `skid` of the same curve."""
    return _pack(plaintext, addressees, given, AUTHCRYPT, "A256CBC-HS512", skid)


def _pack(plaintext: bytes, addressees: Sequence[Addressee], given: Fresh, alg: str, enc: str, skid: str) -> bytes:
    curves = {str(addressee.jwk.get("crv")) for addressee in addressees}
    if len(curves) != 1 or not curves <= CURVES or len(addressees) > MAX_RECIPIENTS:
        raise Malformed("addressees' keys are not of one curve that agrees")
    ephemeral = agreement.ephemeral_key(curves.pop(), given.ephemeral)
    # Sorted in the envelope too: didcomm-messaging takes apv over them in the order of the wire.
    ordered = sorted(addressees, key=lambda addressee: addressee.kid)
    header = _new_header(alg, enc, skid, [addressee.kid for addressee in ordered], ephemeral)
    protected, sizes = b64url(render_json(header)), SIZES[enc]
    cek, iv = given.cek[: sizes.cek], given.iv[: sizes.iv]
    ciphertext, tag = encrypt_content(enc, cek, iv, protected.encode(), plaintext)
    apv = recipients_digest([addressee.kid for addressee in ordered])
    recipients = []
    for addressee in ordered:
        z = agreement.secret(ephemeral, addressee.jwk) + addressee.static_secret
        kek = concat_kdf(z, alg, skid.encode(), apv, tag=tag if skid else None)
        recipients.append({"header": {"kid": addressee.kid}, "encrypted_key": b64url(wrap(kek, cek))})
    parts = {"iv": b64url(iv), "ciphertext": b64url(ciphertext), "tag": b64url(tag)}
    return render_json({"protected": protected, "recipients": recipients, **parts})


def _new_header(
    alg: str, enc: str, skid: str, kids: Sequence[str], ephemeral: agreement.EphemeralKey
) -> dict[str, Any]:
    sender = {"skid": skid, "apu": b64url(skid.encode())} if skid else {}
    epk = jwks.from_public_key(ephemeral.public_key())
    return {"typ": ENCRYPTED, "alg": alg, "enc": enc, **sender, "apv": b64url(recipients_digest(kids)), "epk": epk}
