"""POST /nonce: a c_nonce is made; nothing is stored (OpenID4VCI 1.0, 7)."""

from functools import partial

from agent.scope import Scope
from protocols.openid4vci import nonce


async def issue_nonce(scope: Scope, _request: None) -> str:
    """A fresh c_nonce of this tenant."""
    return nonce.make(scope.now(), scope.entropy(10), partial(scope.vault.derive, "c_nonce"))
