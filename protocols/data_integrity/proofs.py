"""Proofs in documents (VC Data Integrity 1.0, 2 and 4): form, sets and chains, what a proof must say of itself."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from protocols.data_integrity.errors import (
    InvalidChallenge,
    InvalidDomain,
    ProofExpired,
    ProofGenerationError,
    ProofVerificationError,
    UnknownCryptosuite,
)

Document = Mapping[str, Any]
Proof = Mapping[str, Any]

MAX_PROOFS = 8
MAX_TEXT = 2048
DATA_INTEGRITY = "DataIntegrityProof"
DATA_INTEGRITY_CONTEXT = "https://w3id.org/security/data-integrity/v2"
_DEFINED = {"https://www.w3.org/ns/credentials/v2", "https://w3id.org/security/data-integrity/v1"}
_LEGACY_CONTEXTS = {"Ed25519Signature2020": "https://w3id.org/security/suites/ed25519-2020/v1"}
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
# XMLSCHEMA11-2 dateTimeStamp; a time without a zone is UTC (VC Data Integrity 1.0, 2.1).
_TIME = re.compile(r"-?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?")


@dataclass(frozen=True, slots=True)
class Expectations:
    """What a proof must say. `domain` and `challenge` of None: none is asked for. `skew` in seconds."""

    purpose: str
    now: datetime
    domain: str | None = None
    challenge: str | None = None
    skew: int = 60


def proofs_of(document: Document) -> tuple[dict[str, Any], ...]:
    """A document's proofs, one or a set (4.1, 2.1.1). Raises ProofVerificationError when there is none."""
    value = document.get("proof")
    listed = value if isinstance(value, list) else [value]
    found = [one for one in listed if isinstance(one, dict)]
    if not 1 <= len(found) <= MAX_PROOFS or len(found) != len(listed):
        raise ProofVerificationError("no proof, or not of a proof's form")
    ids = [one["id"] for one in found if "id" in one]
    if not all(isinstance(one, str) and _URL.fullmatch(one) for one in ids) or len(set(ids)) != len(ids):
        raise ProofVerificationError("proof id")
    return tuple(found)


def unsecured(document: Document) -> dict[str, Any]:
    """The document without its proofs."""
    return {name: value for name, value in document.items() if name != "proof"}


def secured_by(document: Document, proof: Proof) -> dict[str, Any]:
    """What a proof is over: the document, with the proofs that it names as previous (4.4, step 3; 4.5)."""
    bare = unsecured(document)
    if "previousProof" not in proof:
        return bare
    named = proof["previousProof"]
    names = named if isinstance(named, list) else [named]
    by_id = {one["id"]: one for one in proofs_of(document) if "id" in one and one is not proof}
    if not names or not all(isinstance(one, str) and one in by_id for one in names):
        raise ProofVerificationError("previousProof names no proof of this document")
    found = [by_id[one] for one in names]
    if any(one.get("id") == proof.get("id") for one in found if "id" in proof):
        raise ProofVerificationError("previousProof names itself")
    return {**bare, "proof": found}


def with_proof(document: Document, proof: Proof) -> dict[str, Any]:
    """The document with one proof more: alone, or in the set that is there."""
    if "proof" not in document:
        return {**document, "proof": dict(proof)}
    return {**document, "proof": [*proofs_of(document), dict(proof)]}


def cryptosuite_of(proof: Proof) -> str:
    """The name under which a cryptosuite is known: `cryptosuite`, or an older suite's `type`."""
    kind, name = proof.get("type"), proof.get("cryptosuite")
    if not isinstance(kind, str) or (kind == DATA_INTEGRITY) != isinstance(name, str):
        raise UnknownCryptosuite("type and cryptosuite")
    return str(name) if kind == DATA_INTEGRITY else kind


def require_form(proof: Proof) -> None:
    """The members that every proof has (2.1). Raises ProofVerificationError."""
    # The suite of 2018 has a JWS in this place, which no other proof may carry: nothing would be signed over it.
    place = "jws" if cryptosuite_of(proof) == "Ed25519Signature2018" else "proofValue"
    method, value = proof.get("verificationMethod"), proof.get(place)
    if not isinstance(method, str) or len(method) > MAX_TEXT or not _URL.fullmatch(method):
        raise ProofVerificationError("verificationMethod")
    if not isinstance(proof.get("proofPurpose"), str):
        raise ProofVerificationError("proofPurpose")
    if not isinstance(value, str) or len(value) < 2:
        raise ProofVerificationError(place)
    if {"jws", "proofValue"} & proof.keys() != {place}:
        raise ProofVerificationError("two signatures")
    for name in ("created", "expires"):
        if name in proof:
            time_of(proof, name)
    for name in ("challenge", "nonce"):
        if name in proof and not isinstance(proof[name], str):
            raise ProofVerificationError(name)
    if "domain" in proof and not _texts(proof["domain"]):
        raise ProofVerificationError("domain")


def _texts(value: Any) -> Sequence[str]:
    found = value if isinstance(value, list) else [value]
    return found if all(isinstance(one, str) for one in found) else ()


def time_of(proof: Proof, name: str) -> datetime:
    """A time of the proof. Raises ProofVerificationError."""
    text = proof[name]
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise ProofVerificationError(f"{name} is no dateTimeStamp")
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ProofVerificationError(f"{name} is no dateTimeStamp") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def require(proof: Proof, expected: Expectations) -> None:
    """Form, purpose, times, domain and challenge, before any key is looked for (4.4). Raises what failed."""
    require_form(proof)
    if proof["proofPurpose"] != expected.purpose:
        raise ProofVerificationError("proofPurpose")
    skew = timedelta(seconds=expected.skew)
    if "created" in proof and time_of(proof, "created") > expected.now + skew:
        raise ProofExpired("created in the future")
    if "expires" in proof and time_of(proof, "expires") <= expected.now - skew:
        raise ProofExpired("expired")
    # A proof that is bound to a domain or challenge is good there alone, asked for or not.
    if expected.domain is not None and expected.domain not in _texts(proof.get("domain")):
        raise InvalidDomain("domain")
    if expected.challenge is not None and proof.get("challenge") != expected.challenge:
        raise InvalidChallenge("challenge")


def with_context(document: Document, suite: str, legacy: bool) -> Document:
    """The document with the context that defines its proof's terms (2.4.1); VCDM 2.0 defines those of Data Integrity.

    Raises ProofGenerationError when another proof's document would change.
    """
    contexts = document.get("@context")
    named = contexts if isinstance(contexts, list) else [contexts]
    missing = _LEGACY_CONTEXTS.get(suite) if legacy else DATA_INTEGRITY_CONTEXT
    enough = {missing} if legacy else {missing, *_DEFINED}
    if missing is None or any(isinstance(one, str) and one in enough for one in named):
        return document
    if "proof" in document:
        raise ProofGenerationError("the context of this proof would change what another is over")
    return {**document, "@context": [*named, missing]}


def new_proof(
    suite: str, method: str, purpose: str, created: datetime | None, *, legacy: bool = False, **more: Any
) -> dict[str, Any]:
    """A proof configuration (4.2), to be prepared by its cryptosuite; members of None are left out."""
    named = {"type": suite} if legacy else {"type": DATA_INTEGRITY, "cryptosuite": suite}
    times = {"created": created.strftime("%Y-%m-%dT%H:%M:%SZ")} if created else {}
    members = {**named, **times, "verificationMethod": method, "proofPurpose": purpose, **more}
    return {name: value for name, value in members.items() if value is not None}
