"""Every proof of a document, believed by keys that its controller lists for the purpose (VC Data Integrity 1.0, 4)."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent import gather
from agent.scope import Scope
from protocols import data_integrity
from protocols.data_integrity import Expectations, InvalidVerificationMethod, ProofVerificationError, UnknownCryptosuite
from protocols.did import DidDocument, keys, parse_did_url
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
    found = keys(await _document(scope, controller_of(proof)), relationship).get(str(proof["verificationMethod"]))
    if found is None:
        raise InvalidVerificationMethod("the controller does not list it for this purpose")
    return found


async def _document(scope: Scope, did: str) -> DidDocument:
    resolver = scope.plugins["did_methods"].get(did.split(":")[1])
    if resolver is None:
        raise InvalidVerificationMethod("DID method")
    try:
        found: DidDocument = await resolver.resolve(did)
    except (ProtocolError, FetchFailed, FetchRefused) as error:
        raise InvalidVerificationMethod(f"cannot be resolved: {type(error).__name__}") from None
    return found
