"""Every proof of a document, believed by keys that its controller lists for the purpose (VC Data Integrity 1.0, 4)."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent import gather
from agent.scope import Scope
from protocols import data_integrity
from protocols.data_integrity import (
    Expectations,
    InvalidVerificationMethod,
    ProofVerificationError,
    UnknownCryptosuite,
    bbs_sd,
)
from protocols.did import DidDocument, absolute, keys, parse_did_url
from protocols.errors import ProtocolError
from protocols.json_ld import InvalidJsonLd
from protocols.ports.keys import Jwk
from protocols.ports.tools import FetchFailed, FetchRefused

RELATIONSHIPS = frozenset({"assertionMethod", "authentication"})


async def require_proofs(
    scope: Scope, document: Mapping[str, Any], expected: Expectations, controller: str | None
) -> Sequence[str]:
    """The cryptosuites whose proofs hold. A document is as good as the worst of its proofs: all must hold.

    `controller` is who must have made one of them, None for whoever it says; others may have endorsed it.
    Raises ProofVerificationError and its kinds.
    """
    proofs = data_integrity.proofs_of(document)
    known = scope.plugins["cryptosuites"]
    for proof in proofs:  # what costs nothing first, for all of them
        data_integrity.require(proof, expected)
        if data_integrity.cryptosuite_of(proof) not in known:
            raise UnknownCryptosuite("cryptosuite")
    if controller is not None and not any(controller_of(proof) == controller for proof in proofs):
        raise InvalidVerificationMethod("of another controller")
    for proof in proofs:
        key = await verification_key(scope, proof)
        await _verify(scope, known[data_integrity.cryptosuite_of(proof)], document, proof, key)
    return [data_integrity.cryptosuite_of(proof) for proof in proofs]


async def _verify(scope: Scope, suite: Any, document: Mapping[str, Any], proof: Mapping[str, Any], key: Jwk) -> None:
    try:
        await gather.finished(scope, suite.verify(data_integrity.secured_by(document, proof), proof, key))
    except InvalidJsonLd as error:
        raise ProofVerificationError(f"JSON-LD: {error.detail}") from None


def controller_of(proof: Mapping[str, Any]) -> str:
    """The DID whose document has the proof's method. Raises InvalidVerificationMethod."""
    try:
        return parse_did_url(str(proof["verificationMethod"])).did
    except ProtocolError:
        raise InvalidVerificationMethod("not a DID URL") from None


async def verification_key(scope: Scope, proof: Mapping[str, Any]) -> Jwk:
    """The key of a proof's method, when its controller lists it for the purpose (Controlled Identifiers 1.0, 3.3).

    Raises InvalidVerificationMethod.
    """
    relationship = proof["proofPurpose"]
    if relationship not in RELATIONSHIPS:
        raise InvalidVerificationMethod("relationship")
    method, did = str(proof["verificationMethod"]), controller_of(proof)
    encoded = did.removeprefix("did:key:")
    if bbs_sd.is_multikey(encoded):
        return _bls_key(encoded, method == f"{did}#{encoded}")
    document = await _document(scope, did)
    found = keys(document, relationship).get(method) or _bls_listed(document, relationship, method)
    if found is None:
        raise InvalidVerificationMethod("the controller does not list it for this purpose")
    return found


def _bls_key(encoded: str, listed: bool) -> Jwk:
    """A key of BLS12-381, which no resolver turns into a JWK. Raises InvalidVerificationMethod."""
    try:
        found = bbs_sd.decode(encoded)
    except ProtocolError:
        raise InvalidVerificationMethod("not a key") from None
    if not listed:
        raise InvalidVerificationMethod("the controller does not list it for this purpose")
    return found


def _bls_listed(document: DidDocument, relationship: str, method: str) -> Jwk | None:
    """The key of BLS12-381 that a document lists for a purpose, None when it lists no such."""
    related = document.document.get(relationship, [])
    entries = [*document.document.get("verificationMethod", []), *related]
    known = [one for one in entries if isinstance(one, dict) and absolute(one.get("id"), document.id) == method]
    names = [absolute(one.get("id") if isinstance(one, dict) else one, document.id) for one in related]
    if method not in names or not known or known[0].get("controller") != document.id:
        return None
    encoded = str(known[0].get("publicKeyMultibase"))
    return _bls_key(encoded, True) if bbs_sd.is_multikey(encoded) else None


async def _document(scope: Scope, did: str) -> DidDocument:
    resolver = scope.plugins["did_methods"].get(did.split(":")[1])
    if resolver is None:
        raise InvalidVerificationMethod("DID method")
    try:
        found: DidDocument = await resolver.resolve(did)
    except (ProtocolError, FetchFailed, FetchRefused) as error:
        raise InvalidVerificationMethod(f"cannot be resolved: {type(error).__name__}") from None
    return found
