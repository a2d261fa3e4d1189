"""The envelope of DIDComm v1 (RFC 0019), packed as wrongly as a check wants it and opened without belief."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import base58
from aries_askar import AskarError, KeyAlg, crypto_box
from aries_askar import Key as AskarKey

from conformance.didcomm.envelope import Envelope
from conformance.didcomm.invitations import decoded
from conformance.didcomm.keys import SigningKey, askar_public
from conformance.jose import Jwk, Unreadable, b64u, compact_json, read_object

MEDIA_TYPE, OLD_MEDIA_TYPE = "application/didcomm-envelope-enc", "application/ssi-agent-wire"


def jwk_of(verkey: str) -> Jwk:
    """An Ed25519 key by its base58 name. Raises Unreadable."""
    try:
        octets = base58.b58decode(verkey)
    except ValueError as error:
        raise Unreadable(f"{verkey[:20]} is not base58") from error
    if len(octets) != 32:
        raise Unreadable(f"{verkey[:20]} is no Ed25519 key")
    return {"kty": "OKP", "crv": "Ed25519", "x": b64u(octets)}


def pack(
    plaintext: bytes,
    to: Mapping[str, str],
    sender: SigningKey | None,
    *,
    claimed: str | None = None,
    header: Mapping[str, Any] | None = None,
    padded: bool = True,
) -> Envelope:
    """Authcrypt from `sender`, anoncrypt without one, for keys by the name that they are called by in the envelope.

    `claimed` is the sender's name that is sealed in, `header` replaces members of the protected header.
    """
    cek = AskarKey.generate(KeyAlg.C20P)
    recipients = [_recipient(name, key, cek.get_secret_bytes(), sender, claimed, padded) for name, key in to.items()]
    alg = "Authcrypt" if sender else "Anoncrypt"
    full = {"enc": "xchacha20poly1305_ietf", "typ": "JWM/1.0", "alg": alg, "recipients": recipients, **(header or {})}
    protected = _b64(compact_json({name: value for name, value in full.items() if value is not None}), padded)
    sealed = cek.aead_encrypt(plaintext, nonce=(iv := secrets.token_bytes(12)), aad=protected.encode())
    parts = {"iv": iv, "ciphertext": sealed.ciphertext, "tag": sealed.tag}
    return {"protected": protected, **{name: _b64(value, padded) for name, value in parts.items()}}


def _recipient(
    name: str, key: str, cek: bytes, sender: SigningKey | None, claimed: str | None, padded: bool
) -> dict[str, Any]:
    theirs = askar_public(jwk_of(key))
    if sender is None:
        return {"encrypted_key": _b64(crypto_box.crypto_box_seal(theirs, cek), padded), "header": {"kid": name}}
    nonce = secrets.token_bytes(24)
    named = crypto_box.crypto_box_seal(theirs, claimed or sender.verkey)
    header = {"kid": name, "sender": _b64(named, padded), "iv": _b64(nonce, padded)}
    boxed = crypto_box.crypto_box(theirs, sender.boxing(), cek, nonce)
    return {"encrypted_key": _b64(boxed, padded), "header": header}


def _b64(octets: bytes, padded: bool) -> str:
    text = b64u(octets)
    return text + "=" * (-len(text) % 4) if padded else text


@dataclass(frozen=True, slots=True)
class Unpacked:
    """An envelope that opened: its protected header, the sender's key (empty in anoncrypt), and what is inside."""

    header: dict[str, Any]
    sender: str
    plaintext: bytes


def unpack(envelope: Mapping[str, Any], key: SigningKey) -> Unpacked:
    """Open with our key, whoever sent it. Raises Unreadable."""
    parts = {name: envelope.get(name) for name in ("protected", "iv", "ciphertext", "tag")}
    if not all(isinstance(value, str) for value in parts.values()):
        raise Unreadable("an envelope without protected, iv, ciphertext and tag")
    header = read_object(decoded(str(parts["protected"])), "protected header")
    for entry in header.get("recipients", []):
        if entry.get("header", {}).get("kid") == key.verkey:
            return _opened(parts, header, entry, key)
    raise Unreadable("the envelope is for no key of the suite's, in base58")


def _opened(parts: Mapping[str, Any], header: dict[str, Any], entry: Mapping[str, Any], key: SigningKey) -> Unpacked:
    ours, stated = key.boxing(), entry["header"]
    try:
        wrapped, sender = decoded(entry["encrypted_key"]), ""
        if header.get("alg") == "Authcrypt":
            sender = crypto_box.crypto_box_seal_open(ours, decoded(stated["sender"])).decode()
            theirs = askar_public(jwk_of(sender))
            cek = crypto_box.crypto_box_open(ours, theirs, wrapped, decoded(stated["iv"]))
        else:
            cek = crypto_box.crypto_box_seal_open(ours, wrapped)
        iv, ciphertext, tag = (decoded(parts[name]) for name in ("iv", "ciphertext", "tag"))
        opener = AskarKey.from_secret_bytes(KeyAlg.C20P, cek)
        plaintext = opener.aead_decrypt(ciphertext, nonce=iv, tag=tag, aad=str(parts["protected"]).encode())
    except (AskarError, KeyError, TypeError, ValueError) as error:
        raise Unreadable("the envelope does not open with the key that it is for") from error
    return Unpacked(header, sender, bytes(plaintext))


def flipped(envelope: Envelope, part: str) -> Envelope:
    """One bit in the middle of a part is another; of the header, with everything else in it left as it is."""
    if part in ("encrypted_key", "sender", "iv_of_key"):
        header = read_object(decoded(envelope["protected"]))
        entry = header["recipients"][0]
        where, name = (entry, part) if part == "encrypted_key" else (entry["header"], part.removesuffix("_of_key"))
        where[name] = _turned(where[name])
        return {**envelope, "protected": _b64(compact_json(header), True)}
    return {**envelope, part: _turned(envelope[part])}


def _turned(text: str) -> str:
    octets = bytearray(decoded(text))
    octets[len(octets) // 2] ^= 1
    return _b64(bytes(octets), True)
