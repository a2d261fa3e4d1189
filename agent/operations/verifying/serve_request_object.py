"""GET /presentation-requests/{request}: the Request Object, signed at this moment (OpenID4VP 1.0, 5.10)."""

from agent.operations.verifying import secrets
from agent.operations.verifying.request_presentation import identity_of, request_of, response_uri
from agent.scope import Scope
from agent.scope.verifying import OpenRequest
from protocols.errors import ProtocolError
from protocols.jose import jws
from protocols.openid4vp.authorization_request import request_object


class RequestGone(ProtocolError):
    """The request does not exist, was answered or has expired."""

    code = "invalid_request"
    status = 404


async def serve_request_object(scope: Scope, reference: str) -> str:
    """The signed Request Object. Raises RequestGone."""
    request_id = secrets.read_reference(scope.vault, reference, "request")
    if request_id is None:
        raise RequestGone("not ours")
    async with scope.unit() as unit:
        found: OpenRequest | None = await unit.presentations.fetch(request_id)
        if found is None:
            raise RequestGone()
        await unit.commit()
    return await _sign(scope, found)


async def _sign(scope: Scope, found: OpenRequest) -> str:
    identity = identity_of(scope, response_uri(scope, found.id))
    signing = scope.plugins["client_id_prefixes"][found.client_id_prefix].signing(identity)
    if not signing.signed:
        raise RequestGone("must not be signed")
    key = scope.catalogue.key("verifier")
    request = request_of(scope, found.id, found.client_id, found.response_mode, found.dcql_query, found.encryption_key)
    prepared = request_object(request, signing.header, key.algorithm, scope.now(), found.expires_at)
    return jws.seal(prepared, await scope.keys.sign(key.handle, prepared))
