"""POST /presentations/prove: a presentation gets the tenant's proof of control (VC API)."""

from collections.abc import Mapping
from typing import Any

from agent.operations.issuing.issuer_identity import identities
from agent.operations.issuing.secure_credential import secure
from agent.operations.verifying.vc_api import require_on
from agent.scope import Scope
from protocols import vcdm
from protocols.data_integrity import ProofGenerationError
from protocols.vc_api import ProveRequest


async def prove_presentation(scope: Scope, request: ProveRequest) -> Mapping[str, Any]:
    """The secured presentation. Raises InvalidPresentation, ProofGenerationError."""
    suite = require_on(scope, request.suite)
    vcdm.require_presentation(request.presentation)
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
