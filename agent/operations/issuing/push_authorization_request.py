"""POST /par: an authorization request arrives by the back door (RFC 9126)."""

from dataclasses import replace

from agent.operations.issuing import sender_constraint
from agent.operations.issuing.authenticate_client import authenticate_client
from agent.operations.issuing.authorization_request import judged
from agent.operations.issuing.codes import digest
from agent.scope import Scope
from protocols.encoding import b64url
from protocols.oauth import authorization_request
from protocols.oauth.authorization_request import LIFETIME, REQUEST_URI, PushedRequest, PushedResponse
from protocols.oauth.errors import InvalidClient, InvalidDpopProof, InvalidRequest


async def push_authorization_request(scope: Scope, pushed: PushedRequest) -> PushedResponse:
    """Authenticate, judge, keep for a minute. Raises InvalidClient and the errors of RFC 6749, 4.1.2.1."""
    client = await authenticate_client(scope, pushed.client)
    if client.client_id is None:
        raise InvalidRequest("no client_id")
    # A push may do without (RFC 9449, 10.1) even where no token is given without: the token endpoint sees to that.
    proof = sender_constraint.at_server(scope, pushed.proof) if pushed.proof else None
    request = authorization_request.read(pushed.form, client.client_id)
    if proof is not None:
        if request.dpop_jkt not in (None, b64url(proof.thumbprint)):
            raise InvalidDpopProof("dpop_jkt is another key's")
        request = replace(request, dpop_jkt=b64url(proof.thumbprint))
    kept = await judged(scope, request, client)
    secret = b64url(scope.entropy(32))
    marks = [*client.marks, *([sender_constraint.mark(proof)] if proof else [])]
    async with scope.unit() as unit:
        if not await unit.replay_marks.spend(marks):
            raise InvalidClient("replayed") if client.marks else InvalidDpopProof("replayed")
        thumbprint = proof.thumbprint if proof else None
        await unit.authorizations.push(digest(secret), kept, thumbprint, scope.now() + LIFETIME)
        await unit.commit()
    return PushedResponse(f"{REQUEST_URI}{secret}", int(LIFETIME.total_seconds()))
