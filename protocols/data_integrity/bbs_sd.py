"""bbs-2023, the baseline (VC BBS Cryptosuites 1.0, 3): unlinkable proofs of parts, on BBS signatures.

All of it is heavy, and written for the sandbox: functions over values that can be sent to another process.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import base58

from protocols import bbs, json_ld
from protocols.bbs import InvalidBbs
from protocols.data_integrity import disclosing
from protocols.data_integrity.disclosing import require
from protocols.data_integrity.errors import ProofGenerationError, ProofVerificationError
from protocols.data_integrity.grouping import canonicalize, group, places
from protocols.data_integrity.selecting import select
from protocols.encoding import b64url, parse_b64url
from protocols.errors import Malformed
from protocols.json_ld import Contexts

BASE, DERIVED = b"\xd9\x5d\x02", b"\xd9\x5d\x03"
ALGORITHM = "BBS-BLS12-381-SHA-256"
CURVE = "Bls12381G2"
_MULTIKEY = b"\xeb\x01"
_PREFIX = "zUC7"


def jwk_of(public: bytes) -> dict[str, str]:
    """The public key as keys are held here; no JOSE algorithm is for it."""
    return {"kty": "OKP", "crv": CURVE, "x": b64url(public)}


def public_of(jwk: Mapping[str, Any]) -> bytes:
    """The public key's octets. Raises ProofVerificationError for another kind of key."""
    if jwk.get("crv") != CURVE:
        raise ProofVerificationError("key of another curve")
    return parse_b64url(str(jwk.get("x")))


def encode(public: bytes) -> str:
    """The Multikey of a public key."""
    return "z" + base58.b58encode(_MULTIKEY + public).decode()


def is_multikey(text: Any) -> bool:
    """Whether it looks like a Multikey of BLS12-381 G2."""
    return isinstance(text, str) and text.startswith(_PREFIX) and len(text) < 150


def decode(text: str) -> dict[str, str]:
    """The public key of a Multikey. Raises Malformed."""
    try:
        octets = base58.b58decode(text[1:]) if is_multikey(text) else b""
        bbs.require_public_key(octets[2:])
    except (ValueError, InvalidBbs):
        raise Malformed("not a BLS12-381 G2 Multikey") from None
    if octets[:2] != _MULTIKEY:
        raise Malformed("not a BLS12-381 G2 Multikey")
    return jwk_of(octets[2:])


@dataclass(frozen=True, slots=True)
class BaseProof:
    """A base proof taken apart (3.3.2)."""

    signature: bytes
    header: bytes
    public: bytes
    hmac_key: bytes
    mandatory: Sequence[str]


@dataclass(frozen=True, slots=True)
class ToSign:
    """What a BBS key signs: a header and many messages."""

    header: bytes
    messages: Sequence[bytes]
    hmac_key: bytes
    mandatory: Sequence[str]


def _shuffled(hmac_key: bytes) -> Any:
    """Labels in an order that says nothing: numbers by the HMAC of the canonical label (3.2.1)."""

    def labelling(canonical: Mapping[str, str]) -> Mapping[str, str]:
        tags = {old: b64url(hmac.digest(hmac_key, label.encode(), "sha256")) for old, label in canonical.items()}
        order = {tag: number for number, tag in enumerate(sorted(tags.values()))}
        return {old: f"b{order[tag]}" for old, tag in tags.items()}

    return labelling


def prepare(
    document: Mapping[str, Any], proof: Mapping[str, Any], mandatory: Sequence[str], hmac_key: bytes, added: Contexts
) -> ToSign:
    """Header and messages (3.4.2, 3.4.3)."""
    found = group(document, _shuffled(hmac_key), {"mandatory": mandatory}, added).groups["mandatory"]
    header = disclosing.proof_hash(document, proof, added) + disclosing.mandatory_hash(found.matching)
    return ToSign(header, [quad.encode() for _, quad in sorted(found.others.items())], hmac_key, mandatory)


def sign(secret: bytes, to_sign: ToSign) -> bytes:
    """The signature. For the sandbox, with a key that no key store can use."""
    return bbs.sign(secret, bbs.public_key(secret), to_sign.header, to_sign.messages)


def seal(to_sign: ToSign, public: bytes, signature: bytes) -> str:
    """The base proofValue (3.3.1)."""
    return disclosing.render(BASE, [signature, to_sign.header, public, to_sign.hmac_key, list(to_sign.mandatory)])


def parse_base(value: str) -> BaseProof:
    """Raises ProofVerificationError for anything but a base proof."""
    signature, header, public, hmac_key, mandatory = disclosing.parse(value, BASE, 5)
    for octets, size in ((signature, 80), (header, 64), (public, 96), (hmac_key, 32)):
        require(isinstance(octets, bytes) and len(octets) == size)
    require(isinstance(mandatory, list) and all(isinstance(one, str) for one in mandatory))
    return BaseProof(signature, header, public, hmac_key, mandatory)


def derive(
    document: Mapping[str, Any],
    value: str,
    pointers: Sequence[str],
    random: Sequence[int],
    presentation_header: bytes,
    added: Contexts,
) -> tuple[dict[str, Any], str]:
    """The document that is shown, and the derived proofValue (3.3.3, 3.4.6). `random`: more than enough numbers.

    Raises ProofVerificationError, ProofGenerationError.
    """
    base = parse_base(value)
    combined = [*base.mandatory, *pointers]
    selections = {"mandatory": base.mandatory, "selective": pointers, "combined": combined}
    grouped = group(document, _shuffled(base.hmac_key), selections, added)
    mandatory, shown = grouped.groups["mandatory"], grouped.groups["combined"]
    chosen = places(sorted(grouped.groups["selective"].matching), sorted(mandatory.others))
    messages = [quad.encode() for _, quad in sorted(mandatory.others.items())]
    needed = bbs.count_of(len(messages), len(chosen))
    if needed > len(random):
        raise ProofGenerationError("too many statements")
    try:
        proof = bbs.proof_gen(
            base.public, base.signature, base.header, presentation_header, messages, chosen, random[:needed]
        )
    except InvalidBbs as error:
        raise ProofVerificationError(error.detail) from None
    labels = disclosing.labels_of_reader(shown.quads, grouped.labels)
    compressed = {number: int(label[1:]) for number, label in labels.items()}
    indexes = places(sorted(mandatory.matching), sorted(shown.matching))
    components = [proof, compressed, indexes, chosen, presentation_header]
    return disclosing.shown(select(document, combined)), disclosing.render(DERIVED, components)


def verify(document: Mapping[str, Any], proof: Mapping[str, Any], value: str, public: bytes, added: Contexts) -> None:
    """Believe a derived proof (3.4.7). Raises ProofVerificationError."""
    bbs_proof, labels, mandatory, chosen, presented = disclosing.parse(value, DERIVED, 5)
    require(isinstance(bbs_proof, bytes) and isinstance(presented, bytes) and isinstance(labels, dict))
    require(all(isinstance(one, int) and one >= 0 for one in [*labels, *labels.values()]))
    require(len(set(labels.values())) == len(labels))
    disclosing.require_indexes(mandatory)
    disclosing.require_indexes(chosen)

    def labelling(canonical: Mapping[str, str]) -> Mapping[str, str]:
        return {old: f"b{labels[int(label[4:])]}" for old, label in canonical.items()}

    try:
        quads, _ = canonicalize(disclosing.lines(json_ld.to_quads(document, added)), labelling)
    except KeyError:
        raise ProofVerificationError("a label is missing") from None
    matching, others = disclosing.split(quads, mandatory)
    header = disclosing.proof_hash(document, proof, added) + disclosing.mandatory_hash(dict(enumerate(matching)))
    try:
        bbs.proof_verify(public, bbs_proof, header, presented, [one.encode() for one in others], chosen)
    except InvalidBbs as error:
        raise ProofVerificationError(error.detail) from None
