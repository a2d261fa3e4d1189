"""Whether a credential can be issued now: claims, eligibility, evidence, payment, approval, in this order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.operations.issuing.claims import InvalidClaims, fits, properties_of, require_fit
from agent.operations.issuing.evidence import VERIFIED, Owner, evidence_of, own_evidence
from agent.operations.issuing.gather_claims import SourceSilent, gather_claims, in_time
from agent.scope import Scope
from agent.scope.deferring import Deferral
from agent.scope.issuing import Authorized
from agent.scope.tenants import CredentialConfiguration, IssuancePolicy
from protocols.encoding import b64url
from protocols.jose.jwk import thumbprint
from protocols.oauth.token import AUTHORIZATION_CODE
from protocols.openid4vci.errors import CredentialRequestDenied
from protocols.ports import ClaimsLater, Due


@dataclass(frozen=True, slots=True)
class Ready:
    """Nothing is outstanding."""

    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is outstanding ("claims", "evidence", "payment", "approval"), when to come again, and the claims if they are
    known."""

    waiting_for: tuple[str, ...]
    interval: int
    claims: Mapping[str, Any] | None


async def decide_issuance(
    scope: Scope,
    issuance: Authorized,
    configuration: CredentialConfiguration,
    holders: Sequence[Mapping[str, Any]],
    deferral: Deferral | None = None,
) -> Ready | Waiting:
    """`holders` are the keys to be bound; `deferral` holds what was found and approved before.

    Raises CredentialRequestDenied, SourceSilent.
    """
    if configuration.plain and deferral is None:
        return Ready(_own_claims(scope, configuration, issuance))
    policy = configuration.policy
    outstanding: list[tuple[str, int]] = []
    # 1. the claims: those that were fixed before, or what the source says now
    claims = await _claims(scope, issuance, configuration, deferral)
    if isinstance(claims, ClaimsLater):
        outstanding.append(("claims", claims.interval))
    # 2. who may have it
    known = None if isinstance(claims, ClaimsLater) else claims
    await _require_eligible(scope, issuance, configuration, known)
    # 3. what had to be presented
    if policy and policy.evidence and not await _presented(scope, issuance, policy, known, holders, deferral):
        if policy.evidence.refuse or issuance.grant_type == AUTHORIZATION_CODE:
            raise CredentialRequestDenied("no evidence")
        outstanding.append(("evidence", policy.interval))
    # 4. the payment
    if policy and policy.fee and not await _paid(scope, issuance, policy):
        if policy.fee.refuse:
            raise CredentialRequestDenied("not paid")
        outstanding.append(("payment", policy.interval))
    # 5. somebody who looks at it
    if policy and policy.approval and not (deferral and deferral.approved):
        outstanding.append(("approval", policy.interval))
    if not outstanding and not isinstance(claims, ClaimsLater):
        return Ready(claims)
    return Waiting(tuple(name for name, _ in outstanding), max(seconds for _, seconds in outstanding), known)


def _own_claims(scope: Scope, configuration: CredentialConfiguration, issuance: Authorized) -> Mapping[str, Any]:
    """What an account says is checked here, and no more of it used than the type names; an offer's claims were."""
    if issuance.user_id is None:
        return issuance.claims
    named = properties_of(configuration)
    claims = (
        issuance.claims if named is None else {name: issuance.claims[name] for name in issuance.claims if name in named}
    )
    try:
        require_fit(scope.catalogue, configuration.credential_configuration_id, claims)
    except InvalidClaims:
        raise CredentialRequestDenied("the account lacks claims") from None
    return claims


async def _claims(
    scope: Scope, issuance: Authorized, configuration: CredentialConfiguration, deferral: Deferral | None
) -> Mapping[str, Any] | ClaimsLater:
    if deferral is not None and deferral.request.claims is not None:
        return deferral.request.claims
    if configuration.claim_source is None:
        return _own_claims(scope, configuration, issuance)
    return await gather_claims(scope, issuance, configuration, configuration.claim_source)


async def _require_eligible(
    scope: Scope, issuance: Authorized, configuration: CredentialConfiguration, claims: Mapping[str, Any] | None
) -> None:
    """The policy's schema, and its limits as they stand; settling counts again. Raises CredentialRequestDenied."""
    policy = configuration.policy
    if policy is None:
        return
    schema = policy.claims
    if schema is not None and claims is not None and not fits(scope.catalogue.version, str(policy.id), schema, claims):
        raise CredentialRequestDenied("not eligible by the policy's claims")
    if policy.limited:
        async with scope.unit() as unit:
            await require_within_limits(scope, unit, issuance, configuration)


async def require_within_limits(
    scope: Scope, unit: Any, issuance: Authorized, configuration: CredentialConfiguration
) -> None:
    """Raises CredentialRequestDenied; until the unit ends nobody else gets one for the same person."""
    policy = configuration.policy
    if policy and not await unit.deferrals.within(issuance, configuration.id, policy, scope.now()):
        raise CredentialRequestDenied("a limit of the policy")


async def _presented(
    scope: Scope,
    issuance: Authorized,
    policy: IssuancePolicy,
    claims: Mapping[str, Any] | None,
    holders: Sequence[Mapping[str, Any]],
    deferral: Deferral | None,
) -> bool:
    """How old it is counts when the wallet asks, and not while the request waits for something else."""
    keys = [b64url(thumbprint(one)) for one in holders]
    found = await evidence_of(scope, Owner(issuance=issuance.id), policy, claims, keys, aging=deferral is None)
    if found.state == VERIFIED and found.request is not None:
        await own_evidence(scope, issuance, found.request)
    return found.state == VERIFIED


async def _paid(scope: Scope, issuance: Authorized, policy: IssuancePolicy) -> bool:
    fee = policy.fee
    if fee is None:
        return True
    gate = scope.plugins["payment_gates"].get(fee.gate.kind)
    if gate is None:
        raise SourceSilent(f"payment gate {fee.gate.kind} is not on")
    due = Due(str(issuance.id), fee.amount, fee.currency, issuance.paid)
    return bool(await in_time(gate.paid(fee.gate.settings, due)))
