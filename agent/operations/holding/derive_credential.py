"""POST /credentials/derive: the holder's part, what of a credential is shown (VC API)."""

from collections.abc import Mapping
from typing import Any

from agent import gather
from agent.operations.verifying.proofs import verification_key
from agent.operations.verifying.vc_api import require_on
from agent.scope import Scope
from protocols import data_integrity, vcdm
from protocols.data_integrity import ProofGenerationError
from protocols.vc_api import DeriveRequest


async def derive_credential(scope: Scope, request: DeriveRequest) -> Mapping[str, Any]:
    """The credential with what the pointers select and what is mandatory, under a derived proof.

    Raises ProofGenerationError for a suite that derives nothing or another's proof, ProofVerificationError.
    """
    suite = require_on(scope, request.suite)
    vcdm.require_credential(request.credential)
    found = data_integrity.proofs_of(request.credential)
    if not suite.selective or len(found) != 1 or data_integrity.cryptosuite_of(found[0]) != suite.name:
        raise ProofGenerationError("not a base proof of this suite")
    data_integrity.require_form(found[0])
    key = await verification_key(scope, found[0])
    header = (request.nonce or "").encode()
    derived: Mapping[str, Any] = await gather.finished(
        scope,
        suite.derive(
            data_integrity.unsecured(request.credential), found[0], request.pointers, key, scope.entropy, header
        ),
    )
    return derived
