"""ecdsa-sd-2023 (VC ECDSA Cryptosuites 1.0, 3.4 to 3.6): every statement signed by a key of this document's own.

All of it is heavy, and written for the sandbox: functions over values that can be sent to another process.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import base58
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from protocols import json_ld
from protocols.data_integrity import disclosing
from protocols.data_integrity.disclosing import require
from protocols.data_integrity.errors import ProofVerificationError
from protocols.data_integrity.grouping import canonicalize, group, places
from protocols.data_integrity.selecting import select
from protocols.did import multikey
from protocols.encoding import b64url, parse_b64url
from protocols.jose.jwk import from_public_key, verify_signature
from protocols.json_ld import Contexts

BASE, DERIVED = b"\xd9\x5d\x00", b"\xd9\x5d\x01"
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_MULTIKEY = b"\x80\x24"


@dataclass(frozen=True, slots=True)
class BaseProof:
    """A base proof taken apart (3.5.2). `key` is the Multikey's bytes of the document's own public key."""

    signature: bytes
    key: bytes
    hmac_key: bytes
    signatures: Sequence[bytes]
    mandatory: Sequence[str]


@dataclass(frozen=True, slots=True)
class DerivedProof:
    """A derived proof taken apart (3.5.7)."""

    signature: bytes
    key: bytes
    signatures: Sequence[bytes]
    labels: Mapping[int, bytes]
    mandatory: Sequence[int]


def _hmac_labels(hmac_key: bytes) -> Any:
    """Labels that say nothing of canonical order (3.4.4)."""

    def labelling(canonical: Mapping[str, str]) -> Mapping[str, str]:
        return {old: "u" + b64url(hmac.digest(hmac_key, label.encode(), "sha256")) for old, label in canonical.items()}

    return labelling


def prepare(
    document: Mapping[str, Any],
    proof: Mapping[str, Any],
    mandatory: Sequence[str],
    hmac_key: bytes,
    scalar: bytes,
    added: Contexts,
) -> tuple[bytes, BaseProof]:
    """What the issuer's key signs, and the base proof without that signature (3.6.1 to 3.6.4)."""
    found = group(document, _hmac_labels(hmac_key), {"mandatory": mandatory}, added).groups["mandatory"]
    private = ec.derive_private_key(int.from_bytes(scalar) % (_ORDER - 1) + 1, ec.SECP256R1())
    public = base58.b58decode(multikey.encode(from_public_key(private.public_key()))[1:])
    signatures = [_sign(private, quad) for _, quad in sorted(found.others.items())]
    payload = disclosing.proof_hash(document, proof, added) + public + disclosing.mandatory_hash(found.matching)
    return payload, BaseProof(b"", public, hmac_key, signatures, mandatory)


def _sign(private: ec.EllipticCurvePrivateKey, quad: str) -> bytes:
    # RFC 6979: the signature draws no randomness of its own.
    r, s = decode_dss_signature(private.sign(quad.encode(), ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
    return r.to_bytes(32) + s.to_bytes(32)


def seal(base: BaseProof, signature: bytes) -> str:
    """The base proofValue (3.5.1)."""
    components = [signature, base.key, base.hmac_key, list(base.signatures), list(base.mandatory)]
    return disclosing.render(BASE, components)


def parse_base(value: str) -> BaseProof:
    """Raises ProofVerificationError for anything but a base proof."""
    found = disclosing.parse(value, BASE, 5)
    signature, key, hmac_key, signatures, mandatory = found
    _require_common(signature, key, signatures)
    require(isinstance(hmac_key, bytes) and len(hmac_key) == 32)
    require(isinstance(mandatory, list) and all(isinstance(one, str) for one in mandatory))
    return BaseProof(signature, key, hmac_key, signatures, mandatory)


def _require_common(signature: Any, key: Any, signatures: Any) -> None:
    require(isinstance(signature, bytes) and len(signature) == 64)
    require(isinstance(key, bytes) and len(key) == 35 and key.startswith(_MULTIKEY))
    require(isinstance(signatures, list) and all(isinstance(one, bytes) and len(one) == 64 for one in signatures))


def derive(
    document: Mapping[str, Any], value: str, pointers: Sequence[str], added: Contexts
) -> tuple[dict[str, Any], str]:
    """The document that is shown, and the derived proofValue (3.5.3, 3.5.6). Raises ProofVerificationError,
    ProofGenerationError for a pointer that leads nowhere or when there is nothing to show."""
    base = parse_base(value)
    combined = [*base.mandatory, *pointers]
    selections = {"mandatory": base.mandatory, "selective": pointers, "combined": combined}
    grouped = group(document, _hmac_labels(base.hmac_key), selections, added)
    mandatory, shown = grouped.groups["mandatory"], grouped.groups["combined"]
    require(len(base.signatures) == len(mandatory.others))
    by_place = dict(zip(sorted(mandatory.others), base.signatures, strict=True))
    chosen = [by_place[place] for place in sorted(grouped.groups["selective"].matching) if place in by_place]
    revealed = select(document, combined)
    labels = disclosing.labels_of_reader(shown.quads, grouped.labels)
    compressed = {number: parse_b64url(label[1:]) for number, label in labels.items()}
    indexes = places(sorted(mandatory.matching), sorted(shown.matching))
    components = [base.signature, base.key, chosen, compressed, indexes]
    return disclosing.shown(revealed), disclosing.render(DERIVED, components)


def parse_derived(value: str) -> DerivedProof:
    """Raises ProofVerificationError for anything but a derived proof."""
    signature, key, signatures, labels, mandatory = disclosing.parse(value, DERIVED, 5)
    _require_common(signature, key, signatures)
    require(isinstance(labels, dict) and all(isinstance(one, bytes) and len(one) == 32 for one in labels.values()))
    disclosing.require_indexes(list(labels))
    disclosing.require_indexes(mandatory)
    return DerivedProof(signature, key, signatures, labels, mandatory)


def open_derived(
    document: Mapping[str, Any], proof: Mapping[str, Any], value: str, added: Contexts
) -> tuple[bytes, bytes]:
    """What the issuer's key must have signed, and that signature; each statement is believed already (3.6.7, 3.6.8).

    Raises ProofVerificationError.
    """
    found = parse_derived(value)

    def labelling(canonical: Mapping[str, str]) -> Mapping[str, str]:
        return {old: "u" + b64url(found.labels[int(label[4:])]) for old, label in canonical.items()}

    try:
        quads, _ = canonicalize(disclosing.lines(json_ld.to_quads(document, added)), labelling)
    except KeyError:
        raise ProofVerificationError("a label is missing") from None
    matching, others = disclosing.split(quads, found.mandatory)
    if len(others) != len(found.signatures):
        raise ProofVerificationError("not one signature for each statement")
    key = multikey.decode("z" + base58.b58encode(found.key).decode())
    for quad, signature in zip(others, found.signatures, strict=True):
        if not verify_signature(key, "ES256", quad.encode(), signature):
            raise ProofVerificationError("signature of a statement")
    hashed = disclosing.proof_hash(document, proof, added) + found.key + sha256("".join(matching).encode()).digest()
    return hashed, found.signature
