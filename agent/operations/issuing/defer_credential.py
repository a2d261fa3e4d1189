"""A Credential Request that cannot be answered yet: kept, and answered with a transaction_id (OpenID4VCI 1.0, 8.3)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from agent.audit import AuditEvent
from agent.operations.issuing import codes, sender_constraint
from agent.operations.issuing.decide_issuance import Waiting, require_within_limits
from agent.operations.issuing.proved import Proved
from agent.scope import Conflict, Scope
from agent.scope.authorizing import Mark
from agent.scope.deferring import Deferral, KeptRequest, NewDeferral, Refused
from agent.scope.issuing import Authorized
from agent.scope.tenants import CredentialConfiguration
from agent.tenancy import uuid7
from protocols.jose.jwk import thumbprint
from protocols.openid4vci.credential import CredentialRequest, DeferredResponse
from protocols.openid4vci.errors import CredentialRequestDenied, InvalidNonce

LIFETIME = timedelta(days=30)


async def defer_credential(
    scope: Scope,
    issuance: Authorized,
    configuration: CredentialConfiguration,
    request: CredentialRequest,
    proved: Proved,
    marks: Sequence[Mark],
    waiting: Waiting,
) -> DeferredResponse:
    """One open deferral for an issuance and configuration: a wallet that asks again with its keys gets it again.

    Raises CredentialRequestDenied when it was denied before, or asked for with other keys.
    """
    new = _new(scope, issuance, configuration, request, proved, waiting)
    try:
        async with scope.unit() as unit:
            await _spend(unit, proved, marks)
            known: Deferral | Refused | None = await unit.deferrals.of(issuance, configuration.id)
            if known is None:
                await unit.deferrals.add(new)
                metadata = {"configuration": configuration.credential_configuration_id, "waiting": waiting.waiting_for}
                unit.record(AuditEvent("issuance.deferred", "issuance", issuance.id, "defer", issuance.id, metadata))
            else:
                _require_the_same(known, new.request)
            await unit.commit()
    except Conflict:
        raise CredentialRequestDenied("another request was first") from None
    if isinstance(known, Deferral):
        return DeferredResponse(codes.transaction_id(scope.vault, known.id), known.interval)
    return DeferredResponse(codes.transaction_id(scope.vault, new.id), waiting.interval)


def _new(
    scope: Scope,
    issuance: Authorized,
    configuration: CredentialConfiguration,
    request: CredentialRequest,
    proved: Proved,
    waiting: Waiting,
) -> NewDeferral:
    deferral = uuid7(scope.now(), scope.entropy(10))
    encryption, policy = request.response_encryption, configuration.policy
    holders = tuple({"jwk": dict(one.jwk), "kid": one.kid} if one else None for one in proved.holders)
    return NewDeferral(
        id=deferral,
        issuance=issuance,
        configuration_id=configuration.id,
        transaction_hash=codes.digest(codes.transaction_id(scope.vault, deferral)),
        request=KeptRequest(holders, dict(encryption.jwk) if encryption else None, waiting.claims),
        waiting_for=waiting.waiting_for,
        interval=waiting.interval,
        expires_at=scope.now() + LIFETIME,
        policy_id=policy.id if policy else None,
        approval_id=uuid7(scope.now(), scope.entropy(10)) if policy and policy.approval else None,
    )


async def _spend(unit: Any, proved: Proved, marks: Sequence[Mark]) -> None:
    """The proofs of this request are good once."""
    if not await unit.replay_marks.spend(marks):
        raise sender_constraint.replayed()
    if not await unit.replay_marks.spend([Mark("c_nonce", nonce, made_at) for nonce, made_at in proved.nonces]):
        raise InvalidNonce("spent")


def _require_the_same(known: Deferral | Refused, request: KeptRequest) -> None:
    if isinstance(known, Refused):
        raise CredentialRequestDenied("denied before")
    if _keys(known.request) != _keys(request):
        raise CredentialRequestDenied("deferred with other keys")


def _keys(request: KeptRequest) -> set[bytes]:
    return {thumbprint(one["jwk"]) for one in request.holders if one}


async def settle_deferral(
    scope: Scope, unit: Any, issuance: Authorized, configuration: CredentialConfiguration
) -> None:
    """In the transaction that issues: within the policy's limits, not denied, and what waited waits no more."""
    await require_within_limits(scope, unit, issuance, configuration)
    known: Deferral | Refused | None = await unit.deferrals.of(issuance, configuration.id)
    if isinstance(known, Refused):
        raise CredentialRequestDenied("denied before")
    if known is not None:
        await unit.deferrals.close(known)
