"""A signed-in person approves or denies: the answer goes back to the wallet by redirect."""

import hmac
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.issuing.codes import digest
from agent.operations.issuing.evidence import EvidenceMissing, outstanding, wants_evidence
from agent.operations.signing_in.browser_session import SessionGone, person
from agent.scope import Conflict, Scope
from agent.scope.authorizing import Approval, AuthorizationSession
from agent.tenancy import uuid7
from protocols.encoding import b64url, parse_b64url

CODE_LIFETIME = timedelta(seconds=60)


async def approve(scope: Scope, session: AuthorizationSession) -> Mapping[str, str]:
    """The code, or access_denied when the offer was made to somebody else. Raises SessionGone, EvidenceMissing."""
    who = await person(scope, session)
    request = session.request
    if "redirect_uri" not in request:
        raise SessionGone("nothing was asked")
    if request["subject"] and not hmac.compare_digest(parse_b64url(request["subject"]), who.subject_index or b""):
        return await deny(scope, session)
    if await outstanding(scope, session) is not None:
        raise EvidenceMissing()
    code = b64url(scope.entropy(32))
    issuance = UUID(request["issuance"]) if request["issuance"] else uuid7(scope.now(), scope.entropy(10))
    approval = Approval(
        issuance=issuance,
        offered=bool(request["issuance"]),
        issuer_id=scope.catalogue.issuer_id,
        credential_configuration_ids=tuple(request["configurations"]),
        user_id=who.id,
        code_hash=digest(code),
        code_expires_at=scope.now() + CODE_LIFETIME,
        expires_at=scope.now() + CODE_LIFETIME,
        request_uri_hash=parse_b64url(request["request_uri"]) if request["request_uri"] else None,
    )
    try:
        async with scope.unit() as unit:
            await unit.authorizations.approve(session, approval)
            if wants_evidence(scope, approval.credential_configuration_ids):
                await unit.evidence.adopt(session.id, issuance)
            metadata = {"configurations": list(approval.credential_configuration_ids)}
            unit.record(AuditEvent("authorization.approved", "issuance", issuance, "approve", issuance, metadata))
            await unit.commit()
    except Conflict:
        raise SessionGone() from None
    return {"code": code}


async def deny(scope: Scope, session: AuthorizationSession) -> Mapping[str, str]:
    """access_denied. Raises SessionGone."""
    try:
        async with scope.unit() as unit:
            await unit.authorizations.deny(session)
            unit.record(AuditEvent("authorization.denied", "authorization_session", session.id, "deny"))
            await unit.commit()
    except Conflict:
        raise SessionGone() from None
    return {"error": "access_denied"}
