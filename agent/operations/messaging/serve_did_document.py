"""GET /did.json: the tenant's DID document (did:web, Read)."""

from collections.abc import Mapping
from typing import Any

from agent.operations.messaging.identity import identity_of
from agent.scope import Scope


async def serve_did_document(scope: Scope, _request: None) -> Mapping[str, Any]:
    """The document. Raises DidNotFound."""
    return (await identity_of(scope)).document
