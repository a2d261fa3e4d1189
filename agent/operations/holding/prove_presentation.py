"""POST /presentations/prove: a presentation gets the tenant's proof of control (VC API)."""

from collections.abc import Mapping
from typing import Any

from agent.operations.issuing.envelop_credential import envelop, identity_of
from agent.operations.issuing.issuer_identity import identities
from agent.operations.issuing.secure_credential import secure
from agent.operations.verifying.vc_api import form_of, require_on
from agent.scope import Scope
from protocols import vcdm
from protocols.data_integrity import ProofGenerationError
from protocols.vc_api import ProveRequest


async def prove_presentation(scope: Scope, request: ProveRequest) -> Mapping[str, Any]:
    """The secured presentation. Raises InvalidPresentation, ProofGenerationError."""
    suite = require_on(scope, request.suite)
    vcdm.require_presentation(request.presentation)
    if (form := form_of(request.suite)) is not None:
        return await _enveloped(scope, form, request)
    known = await identities(scope, suite.algorithms)
    holder = vcdm.holder_of(request.presentation)
    # did:web lists these keys for assertions alone; a did:key is good for either.
    fitting = [one for one in known if one.did.startswith("did:key:") and holder in (None, one.did)]
    if not fitting or suite.selective:
        raise ProofGenerationError("the tenant has no such identity with a key for this cryptosuite")
    return await secure(
        scope,
        suite,
        request.presentation,
        fitting[0],
        "authentication",
        challenge=request.challenge,
        domain=request.domain,
    )


async def _enveloped(scope: Scope, form: str, request: ProveRequest) -> Mapping[str, Any]:
    """An EnvelopedVerifiablePresentation; nonce and audience are the challenge and the domain."""
    identity = await identity_of(scope, vcdm.holder_of(request.presentation))
    bound = {"nonce": request.challenge, "aud": request.domain}
    beside = {name: value for name, value in bound.items() if value is not None}
    return await envelop(scope, form, "vp", request.presentation, identity, beside=beside)
