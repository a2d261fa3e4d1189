"""Data Integrity proofs over log entries and witnessed versions (did:webvh 1.0, Authorized Keys).

Only what this method permits: one suite, Ed25519, a did:key that says its key.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import base58
import rfc8785

from protocols.did import multikey
from protocols.did.webvh import InvalidLog
from protocols.did.webvh.times import instant, stamp
from protocols.errors import Malformed
from protocols.jose.jwk import verify_signature

SUITE = "eddsa-jcs-2022"
_KEY = "did:key:"
_SIGNATURE = 64


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A document with its proof's options: `payload` is what the key signs."""

    document: Mapping[str, Any]
    options: Mapping[str, Any]
    payload: bytes


def canonical(value: Any) -> bytes:
    """RFC 8785. Raises InvalidLog for numbers that have no canonical form."""
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError:
        raise InvalidLog("no canonical form") from None


def prepare(document: Mapping[str, Any], key: str, created: Any) -> Unsigned:
    """What a key, named by its Multikey, has to sign at a time."""
    options = {
        "type": "DataIntegrityProof",
        "cryptosuite": SUITE,
        "verificationMethod": f"{_KEY}{key}#{key}",
        "created": stamp(created),
        "proofPurpose": "assertionMethod",
    }
    return Unsigned(document, options, _payload(document, options))


def seal(unsigned: Unsigned, signature: bytes) -> dict[str, Any]:
    """The proof with the raw signature in it."""
    return {**unsigned.options, "proofValue": "z" + base58.b58encode(signature).decode("ascii")}


def signer(proof: Any, fragment_needed: bool = False) -> str:
    """The Multikey that a proof says it is by: form, suite and purpose checked, nothing believed. Raises InvalidLog."""
    if not isinstance(proof, Mapping):
        raise InvalidLog("proof is no object")
    stated = (proof.get("type"), proof.get("cryptosuite"), proof.get("proofPurpose"))
    if stated != ("DataIntegrityProof", SUITE, "assertionMethod"):
        raise InvalidLog("proof of another type, suite or purpose")
    named = proof.get("verificationMethod")
    if not isinstance(named, str) or not named.startswith(_KEY):
        raise InvalidLog("proof by no did:key")
    body, hash_, fragment = named.removeprefix(_KEY).partition("#")
    # The body is the key; another fragment would claim one key and sign with another.
    if (hash_ or fragment_needed) and fragment != body:
        raise InvalidLog("fragment of the did:key is not its key")
    return body


def verify(document: Mapping[str, Any], proof: Mapping[str, Any], now: Any) -> None:
    """Verify a proof by the key that `signer` reads from it (Data Integrity EdDSA Cryptosuites 1.0, 3.3.2).

    Raises InvalidLog.
    """
    jwk = key_of(signer(proof))
    if "@context" in proof and proof["@context"] != document.get("@context"):
        raise InvalidLog("proof of another context")
    if "expires" in proof and instant(proof["expires"]) <= now:
        raise InvalidLog("proof has expired")
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    if not verify_signature(jwk, "EdDSA", _payload(document, options), _signature(proof.get("proofValue"))):
        raise InvalidLog("signature of the proof")


def key_of(name: str) -> dict[str, Any]:
    """The Ed25519 key of a Multikey. Raises InvalidLog for any other."""
    try:
        jwk = multikey.decode(name)
    except Malformed as error:
        raise InvalidLog(error.detail) from None
    if jwk.get("crv") != "Ed25519":
        raise InvalidLog("key of another kind than Ed25519")
    return jwk


def _payload(document: Mapping[str, Any], options: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(canonical(options)).digest() + hashlib.sha256(canonical(document)).digest()


def _signature(text: Any) -> bytes:
    if not isinstance(text, str) or not text.startswith("z") or len(text) > 100:
        raise InvalidLog("proofValue is not base58btc")
    try:
        octets = base58.b58decode(text[1:])
    except ValueError:
        raise InvalidLog("proofValue is not base58btc") from None
    if len(octets) != _SIGNATURE:
        raise InvalidLog("proofValue of wrong length")
    return octets
