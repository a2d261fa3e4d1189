"""Envelopes of DIDComm Messaging 2.1, locked as wrongly as a check wants them and opened without belief."""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aries_askar import AskarError, KeyAlg
from aries_askar import Key as AskarKey
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from conformance.didcomm.keys import AgreementKey, SigningKey
from conformance.jose import Jwk, Unreadable, b64u, compact_json, concat_kdf, read_object, unb64u

MEDIA_TYPE = "application/didcomm-encrypted+json"
ANONCRYPT, AUTHCRYPT = "ECDH-ES+A256KW", "ECDH-1PU+A256KW"
_AEAD = {
    "A256CBC-HS512": (KeyAlg.A256CBC_HS512, 64, 16),
    "A256GCM": (KeyAlg.A256GCM, 32, 12),
    "XC20P": (KeyAlg.XC20P, 32, 24),
}
Named = tuple[str, AgreementKey]
Envelope = dict[str, Any]


def with_length(tag: bytes) -> bytes:
    """How the tag goes into the key derivation of ECDH-1PU (draft 4, 2.3)."""
    return len(tag).to_bytes(4) + tag


def digest_of(kids: list[str]) -> str:
    """apv: SHA-256 of the sorted key ids, joined with full stops."""
    return b64u(hashlib.sha256(".".join(sorted(kids)).encode()).digest())


def lock(
    plaintext: bytes,
    to: Mapping[str, Jwk],
    sender: Named | None = None,
    *,
    enc: str | None = None,
    header: Mapping[str, Any] | None = None,
    tag_octets: Callable[[bytes], bytes] = with_length,
    epk: Jwk | None = None,
) -> Envelope:
    """Authcrypt from `sender`, anoncrypt without one, for keys of one curve.

    `header` replaces members of the protected header (None takes one away) and is authenticated as it stands;
    `tag_octets` says what of the tag is derived from; `epk` is shown instead of the key that was used.
    """
    curve = str(next(iter(to.values()))["crv"])
    ephemeral = AgreementKey(curve)
    alg, enc = (AUTHCRYPT if sender else ANONCRYPT), enc or ("A256CBC-HS512" if sender else "XC20P")
    full: dict[str, Any] = {"typ": MEDIA_TYPE, "alg": alg, "enc": enc, "apv": digest_of(list(to))}
    full |= {"skid": sender[0], "apu": b64u(sender[0].encode())} if sender else {}
    full |= {"epk": epk or ephemeral.jwk, **(header or {})}
    full = {name: value for name, value in full.items() if value is not None}
    protected = b64u(compact_json(full))
    algorithm, key_octets, nonce_octets = _AEAD[enc]
    cek, iv = secrets.token_bytes(key_octets), secrets.token_bytes(nonce_octets)
    sealed = AskarKey.from_secret_bytes(algorithm, cek).aead_encrypt(plaintext, nonce=iv, aad=protected.encode())
    apu = (sender[0] if sender else "").encode() if "apu" not in full else unb64u(full["apu"])
    apv = unb64u(full.get("apv", ""))
    recipients = []
    for kid, jwk in to.items():
        shared = ephemeral.agree(jwk) + (sender[1].agree(jwk) if sender else b"")
        kek = concat_kdf(shared, alg, 256, apu, apv, tag_octets(sealed.tag) if sender else b"")
        recipients.append({"header": {"kid": kid}, "encrypted_key": b64u(aes_key_wrap(kek, cek))})
    parts = {"iv": b64u(iv), "ciphertext": b64u(sealed.ciphertext), "tag": b64u(sealed.tag)}
    return {"protected": protected, "recipients": recipients, **parts}


def sign(
    plaintext: bytes, kid: str, key: SigningKey, *, flat: bool = False, protect: bool = False, alg: str | None = None
) -> Envelope:
    """A signed message: general or flattened, with the kid outside the protected header or inside it."""
    header = {"typ": "application/didcomm-signed+json", "alg": alg or key.alg, **({"kid": kid} if protect else {})}
    protected, payload = b64u(compact_json(header)), b64u(plaintext)
    entry: dict[str, Any] = {"protected": protected, "signature": b64u(key.sign(f"{protected}.{payload}".encode()))}
    entry |= {} if protect else {"header": {"kid": kid}}
    return {"payload": payload, **entry} if flat else {"payload": payload, "signatures": [entry]}


@dataclass(frozen=True, slots=True)
class Opened:
    """An encrypted message that opened: its protected header, the key of ours that did it, and what is inside."""

    header: dict[str, Any]
    kid: str
    plaintext: bytes


def header_of(envelope: Mapping[str, Any]) -> dict[str, Any]:
    """The protected header. Raises Unreadable."""
    return read_object(unb64u(_text(envelope, "protected")), "protected header")


def unlock(envelope: Mapping[str, Any], keys: Mapping[str, AgreementKey], senders: Mapping[str, Jwk]) -> Opened:
    """Open with one of our keys; authcrypt only from one of the `senders`. Raises Unreadable."""
    header = header_of(envelope)
    recipients = envelope.get("recipients")
    if not isinstance(recipients, list):
        raise Unreadable("an encrypted message without recipients: DIDComm uses the General JSON form")
    for entry in recipients:
        kid = str(entry.get("header", {}).get("kid", "")) if isinstance(entry, dict) else ""
        if kid in keys:
            return Opened(
                header, kid, _opened(envelope, header, keys[kid], unb64u(_text(entry, "encrypted_key")), senders)
            )
    raise Unreadable("the message is for no key of the suite's DID, named by its DID URL")


def _opened(
    envelope: Mapping[str, Any], header: dict[str, Any], key: AgreementKey, wrapped: bytes, senders: Mapping[str, Jwk]
) -> bytes:
    alg, enc = header.get("alg"), header.get("enc")
    if alg not in (ANONCRYPT, AUTHCRYPT) or enc not in _AEAD:
        raise Unreadable(f"alg {alg!r} with enc {enc!r}")
    apu, apv = unb64u(header.get("apu", "")), unb64u(header.get("apv", ""))
    iv, ciphertext, tag = (unb64u(_text(envelope, name)) for name in ("iv", "ciphertext", "tag"))
    shared, bound = key.agree(header.get("epk", {})), b""
    if alg == AUTHCRYPT:
        skid = str(header.get("skid") or apu.decode("utf-8", "replace"))
        if skid not in senders:
            raise Unreadable(f"sent with {skid[:60]}, which is no key of whom the suite talks to")
        shared, bound = shared + key.agree(senders[skid]), with_length(tag)
    try:
        cek = aes_key_unwrap(concat_kdf(shared, alg, 256, apu, apv, bound), wrapped)
        opener = AskarKey.from_secret_bytes(_AEAD[enc][0], cek)
        return bytes(opener.aead_decrypt(ciphertext, nonce=iv, tag=tag, aad=_text(envelope, "protected").encode()))
    except (InvalidUnwrap, AskarError, ValueError) as error:
        raise Unreadable("the message does not open with the key that it is for") from error


def _text(found: Mapping[str, Any], name: str) -> str:
    if not isinstance(found.get(name), str):
        raise Unreadable(f"an encrypted message without {name}")
    return str(found[name])


def damaged(envelope: Envelope, part: str) -> Envelope:
    """One bit in the middle of a part is another."""
    if part == "encrypted_key":
        first, *others = envelope["recipients"]
        return {**envelope, "recipients": [{**first, part: _flipped(first[part])}, *others]}
    return {**envelope, part: _flipped(envelope[part])}


def _flipped(text: str) -> str:
    octets = bytearray(unb64u(text))
    octets[len(octets) // 2] ^= 1
    return b64u(bytes(octets))
