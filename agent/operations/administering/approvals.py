"""Deferred issuances as the tenant sees them: listed, looked at, approved, denied; payments recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent, DataAccess
from agent.operations.issuing.claims import require_fit
from agent.scope import Conflict, Scope
from agent.scope.deferring import DeferralListing, KeptRequest
from protocols.errors import ProtocolError

PAGE = 100


class NothingWaits(ProtocolError):
    """There is no such issuance."""

    code = "not_found"
    status = 404


class ClaimsMissing(ProtocolError):
    """The claims are still to come: give them, or wait until they are here."""

    code = "claims_missing"
    status = 422


@dataclass(frozen=True, slots=True)
class Approve:
    """Request: a deferred issuance, and the claims that it is issued with instead of those found, if any are named."""

    deferral: UUID
    claims: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Deny:
    """Request: a deferred issuance; the reason is a code word."""

    deferral: UUID
    reason: str


async def list_approvals(scope: Scope, after: UUID) -> Sequence[DeferralListing]:
    """A page of those that wait."""
    async with scope.unit() as unit:
        found: Sequence[DeferralListing] = await unit.deferrals.listed(after, PAGE)
    return found


async def show_approval(scope: Scope, deferral: UUID) -> tuple[DeferralListing, KeptRequest]:
    """One with its claims; that they were read is recorded. Raises NothingWaits."""
    async with scope.unit() as unit:
        found = await unit.deferrals.get(deferral)
        if found is None:
            raise NothingWaits()
        listing: DeferralListing = found[0]
        key = listing.subject_key_id
        fields = ("deferred_issuances.request_sealed",)
        opened = (DataAccess(key, fields, "approval", "tenant_instruction"),) if key else ()
        unit.record(AuditEvent("claims.read", "deferred_issuance", deferral, "read", listing.issuance_id), *opened)
        await unit.commit()
    return listing, found[1]


async def approve_issuance(scope: Scope, request: Approve) -> None:
    """From now on the wallet gets it, unless something else is outstanding.

    Raises NothingWaits, InvalidClaims, ClaimsMissing, Conflict when it was decided before.
    """
    async with scope.unit() as unit:
        found: tuple[DeferralListing, KeptRequest] | None = await unit.deferrals.get(request.deferral)
        if found is None:
            raise NothingWaits()
        listing, kept = found
        claims = request.claims if request.claims is not None else kept.claims
        if listing.state == "pending" and claims is None:
            raise ClaimsMissing()
        if request.claims is not None:
            require_fit(scope.catalogue, listing.credential_configuration_id, request.claims)
        if not await unit.deferrals.approve(request.deferral, replace(kept, claims=claims)):
            raise Conflict("decided before")
        metadata = {"claims": "corrected" if request.claims is not None else "as found"}
        unit.record(
            AuditEvent(
                *("issuance.approved", "deferred_issuance", request.deferral, "approve", listing.issuance_id), metadata
            )
        )
        await unit.commit()


async def deny_issuance(scope: Scope, request: Deny) -> None:
    """For good. Raises NothingWaits, Conflict when it was delivered or denied before."""
    async with scope.unit() as unit:
        issuance: UUID | None = await unit.deferrals.deny(request.deferral, request.reason)
        if issuance is None:
            if await unit.deferrals.get(request.deferral) is None:
                raise NothingWaits()
            raise Conflict("decided before")
        metadata = {"reason": request.reason}
        unit.record(AuditEvent("issuance.denied", "deferred_issuance", request.deferral, "deny", issuance, metadata))
        await unit.commit()


async def record_payment(scope: Scope, issuance: UUID) -> None:
    """The tenant's own word that an issuance is paid for. Raises NothingWaits."""
    async with scope.unit() as unit:
        if not await unit.deferrals.pay(issuance):
            raise NothingWaits()
        unit.record(AuditEvent("payment.recorded", "issuance", issuance, "update", issuance))
        await unit.commit()
