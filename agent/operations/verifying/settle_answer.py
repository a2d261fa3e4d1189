"""What comes of an answer is written: in one transaction with its audit, once; or noted, where it changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.verifying import secrets
from agent.operations.verifying.identity import page_uri
from agent.scope import Scope
from agent.scope.verifying import IgnoredAnswer, OpenRequest, Presented, Verdict
from agent.tenancy import uuid7
from protocols.encoding import b64url
from protocols.errors import ProtocolError
from protocols.jose.jwk import thumbprint
from protocols.openid4vp.authorization_request import POSTED
from protocols.openid4vp.response import PostedResponse, with_response_code
from protocols.ports import VerifiedCredential

_OWN = frozenset({"iss", "iat", "exp", "nbf", "cnf", "status", "vct", "vct#integrity", "_sd_alg"})


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the checks came to. `told` is the error that a wallet gave instead of an answer."""

    credentials: Sequence[tuple[str, VerifiedCredential]]
    refusal: ProtocolError | None = None
    told: str | None = None

    @property
    def errors(self) -> tuple[str, ...]:
        """Code words, ours first."""
        if self.refusal is None:
            return ()
        return (self.refusal.code, self.told) if self.told else (self.refusal.code,)


async def settle(scope: Scope, request: OpenRequest, posted: PostedResponse, judgement: Judgement) -> str | None:
    """End the transaction; where the person's browser is to come back with the response code. Raises Conflict."""
    destination = _destination(scope, request) if judgement.refusal is None else None
    code = secrets.response_code(scope.vault, request.id) if destination else None
    presented = [_kept(query_id, verified) for query_id, verified in judgement.credentials]
    verdict = Verdict(
        request=request,
        verifier_id=scope.catalogue.verifier_id,
        presentation_id=uuid7(scope.now(), scope.entropy(10)),
        state="refused" if judgement.refusal else "answered" if code else "verified",
        credentials=presented,
        errors=judgement.errors,
        answer_hash=sha256(posted.body).digest(),
        answer_size=len(posted.body),
        at=scope.now(),
        response_code_hash=secrets.digest(code) if code else None,
    )
    async with scope.unit() as unit:
        metadata: Mapping[str, Any] = {"errors": list(verdict.errors)}
        if judgement.refusal is None:
            metadata = {"formats": [one.format for one in presented]}
        event = f"presentation.{verdict.state}"
        unit.record(AuditEvent(event, "presentation_request", request.id, "verify", request.id, metadata))
        await unit.presentations.settle(verdict)
        await unit.commit()
    if destination and code:
        return with_response_code(destination, code)
    return request.terms.redirect_uri if judgement.refusal is None else None


def _destination(scope: Scope, request: OpenRequest) -> str | None:
    """Never from the answer: our own page where the browser began there, else where the verifier said."""
    if request.response_mode not in POSTED:
        return None
    return f"{page_uri(scope, request.id)}/return" if request.terms.same_device else request.terms.redirect_uri


async def note_ignored(scope: Scope, request: UUID, posted: PostedResponse, reason: str) -> None:
    """An answer that changed nothing, for who looks into it later; `reason` is a code word."""
    answer = IgnoredAnswer(
        id=uuid7(scope.now(), scope.entropy(10)),
        request=request,
        verifier_id=scope.catalogue.verifier_id,
        reason=reason,
        answer_hash=sha256(posted.body).digest(),
        answer_size=len(posted.body),
        at=scope.now(),
    )
    async with scope.unit() as unit:
        metadata = {"reason": reason}
        unit.record(
            AuditEvent("presentation.answer_ignored", "presentation_request", request, "verify", request, metadata)
        )
        await unit.presentations.ignore(answer)
        await unit.commit()


def _kept(query_id: str, verified: VerifiedCredential) -> Presented:
    held = verified.holder
    holder = b64url(thumbprint(held.value)) if held is not None and held.kind == "jwk" else None
    claims = _claims(verified)
    return Presented(query_id, verified.format, verified.type, verified.issuer, claims, verified.checks, holder)


def _claims(verified: VerifiedCredential) -> Mapping[str, Any]:
    """What was disclosed of the person, without the format's own members."""
    return {name: value for name, value in verified.claims.items() if name not in _OWN}
