"""POST /credentials/verify and /presentations/verify: structure, proofs, times; whom to trust is the caller's affair.

Answers with what held and the first thing that did not; nothing is kept.
"""

from collections.abc import Mapping
from typing import Any

from agent import gather
from agent.operations.verifying.proofs import require_proofs
from agent.operations.verifying.vc_api import require_on
from agent.scope import Scope
from protocols import vcdm
from protocols.data_integrity import Expectations, ProofVerificationError
from protocols.data_integrity.related import require_related
from protocols.errors import ProtocolError
from protocols.vc_api import Verification, VerifyRequest
from protocols.vcdm.presentation import ENVELOPED

SKEW = 60


async def verify_credential(scope: Scope, request: VerifyRequest) -> Verification:
    """Whether a secured credential holds; a problem when not."""
    require_on(scope, request.suite)
    try:
        checks = await _credential(scope, request.document, request)
    except ProtocolError as error:
        return Verification((), error)
    return Verification(checks)


async def verify_presentation(scope: Scope, request: VerifyRequest) -> Verification:
    """Whether a secured presentation holds, and every credential in it; a problem when not."""
    require_on(scope, request.suite)
    try:
        checks = await _presentation(scope, request)
    except ProtocolError as error:
        return Verification((), error)
    return Verification(checks)


async def _credential(scope: Scope, credential: Mapping[str, Any], asked: VerifyRequest | None) -> tuple[str, ...]:
    """Structure, then proofs, then times, then status."""
    vcdm.require_credential(credential)
    domain, challenge = (asked.domain, asked.challenge) if asked else (None, None)
    expected = Expectations("assertionMethod", scope.now(), domain, challenge, SKEW)
    await require_proofs(scope, credential, expected, vcdm.issuer_of(credential))
    require_related(credential)
    vcdm.require_validity(credential, scope.now(), SKEW)
    for entry in vcdm.statuses_of(credential):
        await _status(scope, entry)
    return ("proof", "validity")


async def _status(scope: Scope, entry: Mapping[str, Any]) -> None:
    """The status of an entry that some mechanism here reads; of another kind nothing is said (2.0, 4.10)."""
    for mechanism in scope.plugins["status_mechanisms"].values():
        if mechanism.member == entry.get("type"):
            await gather.require_status(scope, mechanism.reference(entry))


async def _presentation(scope: Scope, request: VerifyRequest) -> tuple[str, ...]:
    presentation = request.document
    vcdm.require_presentation(presentation)
    expected = Expectations("authentication", scope.now(), request.domain, request.challenge, SKEW)
    # A presentation that names no holder is whoever's key signed it.
    await require_proofs(scope, presentation, expected, vcdm.holder_of(presentation))
    for credential in vcdm.credentials_of(presentation):
        if ENVELOPED in vcdm.types_of(credential):
            raise ProofVerificationError("an enveloped credential, which nothing here opens")
        if "proof" in credential:
            await _credential(scope, credential, None)
        else:
            vcdm.require_validity(credential, scope.now(), SKEW)
    return ("proof", "credentials")
