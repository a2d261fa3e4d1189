"""POST /credentials/verify and /presentations/verify: structure, proofs, times; whom to trust is the caller's affair.

Answers with what held and the first thing that did not; nothing is kept.
"""

from collections.abc import Mapping
from typing import Any

from agent import gather
from agent.operations.verifying.proofs import controller_of, require_proofs, verification_key
from agent.operations.verifying.vc_api import require_on
from agent.scope import Scope
from agent.scope.limits import VERIFICATIONS
from protocols import vc_jose_cose, vcdm
from protocols.data_integrity import Expectations, InvalidVerificationMethod
from protocols.data_integrity.related import require_related
from protocols.errors import ProtocolError
from protocols.jose.jwk import Jwk
from protocols.vc_api import Verification, VerifyRequest

SKEW = 60


async def verify_credential(scope: Scope, request: VerifyRequest) -> Verification:
    """Whether a secured credential holds; a problem when not. Raises LimitReached."""
    require_on(scope, request.suite)
    await scope.quotas.take(scope, VERIFICATIONS)
    try:
        checks = await _credential(scope, request.document, request)
    except ProtocolError as error:
        return Verification((), error)
    return Verification(checks)


async def verify_presentation(scope: Scope, request: VerifyRequest) -> Verification:
    """Whether a secured presentation holds, and every credential in it; a problem when not. Raises LimitReached."""
    require_on(scope, request.suite)
    await scope.quotas.take(scope, VERIFICATIONS)
    try:
        checks = await _presentation(scope, request)
    except ProtocolError as error:
        return Verification((), error)
    return Verification(checks)


async def _credential(scope: Scope, credential: Mapping[str, Any], asked: VerifyRequest | None) -> tuple[str, ...]:
    """Structure, then proofs, then times, then status."""
    if vc_jose_cose.is_enveloped(credential):
        return await _enveloped_credential(scope, credential)
    vcdm.require_credential(credential)
    domain, challenge = (asked.domain, asked.challenge) if asked else (None, None)
    expected = Expectations("assertionMethod", scope.now(), domain, challenge, SKEW)
    await require_proofs(scope, credential, expected, vcdm.issuer_of(credential))
    require_related(credential)
    vcdm.require_validity(credential, scope.now(), SKEW)
    for entry in vcdm.statuses_of(credential):
        await _status(scope, entry)
    return ("proof", "validity")


async def require_secured(scope: Scope, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """A secured credential that is used for another: it, without its envelope. Raises what does not hold."""
    await _credential(scope, document, None)
    return vc_jose_cose.open_enveloped(document).document if vc_jose_cose.is_enveloped(document) else document


async def _status(scope: Scope, entry: Mapping[str, Any]) -> None:
    """The status of an entry that some mechanism here reads; of another kind nothing is said (2.0, 4.10)."""
    for mechanism in scope.plugins["status_mechanisms"].values():
        if mechanism.member == entry.get("type"):
            await gather.require_status(scope, mechanism.reference(entry))


async def _presentation(scope: Scope, request: VerifyRequest) -> tuple[str, ...]:
    presentation = request.document
    if vc_jose_cose.is_enveloped(presentation):
        return await _enveloped_presentation(scope, request)
    vcdm.require_presentation(presentation)
    expected = Expectations("authentication", scope.now(), request.domain, request.challenge, SKEW)
    # A presentation that names no holder is whoever's key signed it.
    await require_proofs(scope, presentation, expected, vcdm.holder_of(presentation))
    await _credentials(scope, presentation)
    return ("proof", "credentials")


async def _credentials(scope: Scope, presentation: Mapping[str, Any]) -> None:
    """Every credential of a presentation, each secured in its own way."""
    for credential in vcdm.credentials_of(presentation):
        if "proof" in credential or vc_jose_cose.is_enveloped(credential):
            await _credential(scope, credential, None)
        else:
            vcdm.require_validity(credential, scope.now(), SKEW)


async def _enveloped_credential(scope: Scope, document: Mapping[str, Any]) -> tuple[str, ...]:
    """Form, signature, times, status (VC-JOSE-COSE, 3)."""
    opened = vc_jose_cose.open_enveloped(document)
    if opened.kind != "vc":
        raise vc_jose_cose.InvalidEnvelope("no credential in it")
    issuer = vcdm.issuer_of(opened.document)
    vc_jose_cose.verify(opened, await _key(scope, opened, issuer, "assertionMethod"), scope.now(), SKEW)
    require_related(opened.document)
    for entry in vcdm.statuses_of(opened.document):
        await _status(scope, entry)
    return ("signature", "validity")


async def _enveloped_presentation(scope: Scope, request: VerifyRequest) -> tuple[str, ...]:
    """Form, signature by the holder, for whom and in answer to what, then its credentials."""
    opened = vc_jose_cose.open_enveloped(request.document)
    if opened.kind != "vp":
        raise vc_jose_cose.InvalidEnvelope("no presentation in it")
    key = await _key(scope, opened, vcdm.holder_of(opened.document), "authentication")
    vc_jose_cose.verify(opened, key, scope.now(), SKEW)
    vc_jose_cose.require_bound(opened, request.domain, request.challenge)
    await _credentials(scope, opened.document)
    return ("signature", "credentials")


async def _key(scope: Scope, opened: vc_jose_cose.Opened, who: str | None, purpose: str) -> Jwk:
    """The key that the header names, of whom the document names. Raises InvalidVerificationMethod."""
    kid = opened.kid or ""
    method = kid if kid.startswith("did:") or who is None else f"{who}#{kid.removeprefix('#')}"
    proof = {"verificationMethod": method, "proofPurpose": purpose}
    if who is not None and controller_of(proof) != who:
        raise InvalidVerificationMethod("of another controller")
    return await verification_key(scope, proof)
