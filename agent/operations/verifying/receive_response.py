"""POST /presentation-responses/{request}: an answer arrives and is judged (OpenID4VP 1.0, 8).

Who does not know the transaction's state has not seen the request: that answer changes nothing.  An answer that
does know it ends the transaction, verified or refused, once.
"""

import hmac
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from agent import gather
from agent.audit import AuditEvent
from agent.operations.verifying import secrets
from agent.scope import Conflict, Scope
from agent.scope.verifying import OpenRequest, Presented, Verdict
from agent.tenancy import uuid7
from protocols.dcql import query as dcql
from protocols.dcql.select import require_match, require_shape
from protocols.errors import ProtocolError
from protocols.openid4vp import response
from protocols.openid4vp.authorization_request import ENCODINGS
from protocols.openid4vp.response import AuthorizationResponse, InvalidResponse, PostedResponse
from protocols.ports import Binding, OpenedPresentation, VerifiedCredential

SKEW = 60
"""Seconds by which another's clock may differ from ours."""


class Refused(ProtocolError):
    """The presentation was not accepted."""

    code = "invalid_request"


async def receive_response(scope: Scope, posted: PostedResponse) -> str | None:
    """Where to send the person's browser, if anywhere. Raises InvalidResponse, Refused."""
    request_id = secrets.read_reference(scope.vault, posted.request, "response")
    if request_id is None:
        raise InvalidResponse("not a request of ours")
    async with scope.unit() as unit:
        request: OpenRequest | None = await unit.presentations.open(request_id)
    if request is None:
        raise InvalidResponse("unknown, answered or expired request")
    answer = _open(scope, request, posted)
    refusal: ProtocolError | None = None
    presented: list[Presented] = []
    try:
        presented = await _judge(scope, request, answer)
    except ProtocolError as error:
        refusal = error
    await _settle(scope, request, posted, presented, refusal)
    if refusal:
        raise Refused(f"{refusal.code}: {refusal.detail}")
    return request.redirect_uri


def _open(scope: Scope, request: OpenRequest, posted: PostedResponse) -> AuthorizationResponse:
    """Decrypt where it was asked for, then the state. Raises InvalidResponse."""
    if request.encryption_key is not None:
        answer = response.decrypt(posted, request.encryption_key, frozenset(ENCODINGS))
    else:
        answer = response.in_clear(posted)
    if not hmac.compare_digest(answer.state.encode(), secrets.state(scope.vault, request.id).encode()):
        raise InvalidResponse("state")
    return answer


class WalletDeclined(ProtocolError):
    """The wallet answered with an error."""

    code = "wallet_declined"


async def _judge(scope: Scope, request: OpenRequest, answer: AuthorizationResponse) -> list[Presented]:
    """Every presentation in the vp_token. Raises a ProtocolError named for the first check that failed."""
    if answer.error is not None:
        raise WalletDeclined("")
    asked = dcql.parse(request.dcql_query)
    presented = []
    for query_id, presentations in require_shape(asked, answer.vp_token).items():
        wanted = asked.credential(query_id)
        for presentation in presentations:
            verified = await _verify(scope, request, wanted, presentation)
            presented.append(_kept(query_id, verified))
    return presented


async def _verify(scope: Scope, request: OpenRequest, wanted: Any, presentation: Any) -> VerifiedCredential:
    """open, issuer key, verify, holder key, binding, query, status: nothing is fetched for what is not signed."""
    verifies = scope.plugins["credential_formats"].get(wanted.format)
    if verifies is None:
        raise InvalidResponse("format")
    opened: OpenedPresentation = verifies.open(presentation)
    issuer = await gather.issuer_key(scope, opened.issuer)
    verified: VerifiedCredential = await gather.finished(
        scope, verifies.verify(opened, issuer.jwk, issuer.algorithm, scope.now(), SKEW)
    )
    if wanted.holder_binding or opened.bound:
        holder = await gather.holder_key(scope, verified.holder)
        binding = Binding(request.client_id, secrets.nonce(scope.vault, request.id), skew=SKEW)
        await gather.finished(scope, verifies.verify_binding(opened, holder.jwk, binding, scope.now()))
        verified = replace(verified, checks=(*verified.checks, "holder_binding"))
    require_match(wanted, verified)
    await gather.require_status(scope, verified.status)
    return verified


def _kept(query_id: str, verified: VerifiedCredential) -> Presented:
    return Presented(query_id, verified.format, verified.type, verified.issuer, _claims(verified), verified.checks)


def _claims(verified: VerifiedCredential) -> Mapping[str, Any]:
    """What was disclosed of the person, without the format's own members."""
    own = {"iss", "iat", "exp", "nbf", "cnf", "status", "vct", "vct#integrity", "_sd_alg"}
    return {name: value for name, value in verified.claims.items() if name not in own}


async def _settle(
    scope: Scope,
    request: OpenRequest,
    posted: PostedResponse,
    presented: list[Presented],
    refusal: ProtocolError | None,
) -> None:
    body = (posted.response or posted.parameters.get("vp_token", "")).encode()
    verdict = Verdict(
        request=request,
        verifier_id=scope.catalogue.verifier_id,
        presentation_id=uuid7(scope.now(), scope.entropy(10)),
        state="refused" if refusal else "verified",
        credentials=presented,
        errors=(refusal.code,) if refusal else (),
        answer_hash=sha256(body).digest(),
        answer_size=len(body),
        at=scope.now(),
    )
    try:
        async with scope.unit() as unit:
            metadata = {"errors": list(verdict.errors)} if refusal else {"formats": [one.format for one in presented]}
            event = f"presentation.{verdict.state}"
            unit.record(AuditEvent(event, "presentation_request", request.id, "verify", request.id, metadata))
            await unit.presentations.settle(verdict)
            await unit.commit()
    except Conflict:
        raise InvalidResponse("another answer was first") from None
