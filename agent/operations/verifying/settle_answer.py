"""What comes of an answer is written: in one transaction with its audit, once; or noted, where it changes nothing."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.verifying import report as reports
from agent.operations.verifying import secrets
from agent.operations.verifying.identity import page_uri
from agent.operations.verifying.notify_verifier import tell
from agent.operations.verifying.report import Decision
from agent.operations.verifying.trail import Shown, Trail
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

    trail: Trail = field(default_factory=Trail)
    refusal: ProtocolError | None = None
    told: str | None = None

    @property
    def errors(self) -> tuple[str, ...]:
        """Code words, ours first."""
        if self.refusal is None:
            return ()
        return (self.refusal.code, self.told) if self.told else (self.refusal.code,)


@dataclass(frozen=True, slots=True)
class Settled:
    """The report's id; where the person's browser is to go, with the response code where there is one."""

    report: UUID
    redirect_uri: str | None


async def settle(scope: Scope, request: OpenRequest, posted: PostedResponse, judgement: Judgement) -> Settled:
    """End the transaction. Raises Conflict."""
    settled, write = settlement(scope, request, posted.body, judgement)
    async with scope.unit() as unit:
        await write(unit)
        await unit.commit()
    return settled


def settlement(
    scope: Scope, request: OpenRequest, body: bytes, judgement: Judgement
) -> tuple[Settled, Callable[[Any], Awaitable[None]]]:
    """What comes of an answer of these octets; and what writes it in the caller's transaction, or raises Conflict."""
    destination = _destination(scope, request) if judgement.refusal is None else None
    code = secrets.response_code(scope.vault, request.id) if destination else None
    presented = [] if judgement.refusal else [_kept(judgement.trail, one) for one in judgement.trail.shown]
    now, state = scope.now(), "refused" if judgement.refusal else "answered" if code else "verified"
    decision = Decision(uuid7(now, scope.entropy(10)), state, judgement.errors, now)
    verdict = Verdict(
        request=request,
        verifier_id=scope.catalogue.verifier_id,
        presentation_id=decision.report,
        state=state,
        credentials=presented,
        errors=judgement.errors,
        answer_hash=sha256(body).digest(),
        answer_size=len(body),
        at=now,
        response_code_hash=secrets.digest(code) if code else None,
        report=reports.render(scope, request, body, judgement.trail, decision),
    )

    async def write(unit: Any) -> None:
        metadata: dict[str, Any] = {"report": str(decision.report)}
        if judgement.refusal is None:
            metadata["formats"] = [one.format for one in presented]
            metadata["types"] = [one.type for one in presented]
        else:
            metadata["errors"] = list(verdict.errors)
        event = f"presentation.{verdict.state}"
        unit.record(AuditEvent(event, "presentation_request", request.id, "verify", request.id, metadata))
        await unit.presentations.settle(verdict)
        if verdict.state != "answered":
            tell(scope, unit, request.id, verdict.state, verdict.errors, str(decision.report))

    if destination and code:
        return Settled(decision.report, with_response_code(destination, code)), write
    return Settled(decision.report, request.terms.redirect_uri if judgement.refusal is None else None), write


def _destination(scope: Scope, request: OpenRequest) -> str | None:
    """Never from the answer: our own page where the browser began there, else where the verifier said."""
    if request.response_mode not in POSTED:
        return None
    return f"{page_uri(scope, request.id)}/return" if request.terms.same_device else request.terms.redirect_uri


async def note_ignored(scope: Scope, request: UUID, posted: PostedResponse, reason: str, trail: Trail) -> None:
    """An answer that changed nothing, for who looks into it later; `reason` is a code word."""
    now = scope.now()
    decision = Decision(uuid7(now, scope.entropy(10)), "ignored", (reason,), now)
    answer = IgnoredAnswer(
        id=decision.report,
        request=request,
        verifier_id=scope.catalogue.verifier_id,
        reason=reason,
        answer_hash=sha256(posted.body).digest(),
        answer_size=len(posted.body),
        at=now,
        report=reports.render_ignored(request, posted.body, trail, decision),
    )
    async with scope.unit() as unit:
        metadata = {"reason": reason, "report": str(decision.report)}
        unit.record(
            AuditEvent("presentation.answer_ignored", "presentation_request", request, "verify", request, metadata)
        )
        await unit.presentations.ignore(answer)
        await unit.commit()


def _kept(trail: Trail, one: Shown) -> Presented:
    """What the policy lets be kept: the claims, and the presentation for evidence."""
    verified = one.believed
    shown, held = _claims(verified), verified.holder
    holder = b64url(thumbprint(held.value)) if held is not None and held.kind == "jwk" else None
    sent = None if trail.policy and trail.policy.rules.keep == "claims" else one.sent
    said = (one.asked.id, verified.format, verified.type, verified.issuer)
    return Presented(*said, shown, verified.checks, sent, holder)


def _claims(verified: VerifiedCredential) -> Mapping[str, Any]:
    """What was disclosed of the person, without the format's own members."""
    return {name: value for name, value in verified.claims.items() if name not in _OWN}
