"""An offer as the tenant that made it sees it, with what is still to be presented for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from agent.operations.issuing.cancel_credential_offer import NoSuchOffer
from agent.operations.issuing.evidence import evidence_of_issuance
from agent.scope import Scope
from agent.scope.issuing import Authorized, IssuanceListing


@dataclass(frozen=True, slots=True)
class ShownOffer:
    """The issuance; and, while something can come of it, (policy, state) of every evidence that is required."""

    issuance: IssuanceListing
    evidence: Sequence[tuple[str, str]] = ()


async def show_credential_offer(scope: Scope, issuance: UUID) -> ShownOffer:
    """Raises NoSuchOffer."""
    async with scope.unit() as unit:
        listed: IssuanceListing | None = await unit.issuances.get(issuance)
        begun: Authorized | None = await unit.issuances.begun(issuance) if listed else None
    if listed is None:
        raise NoSuchOffer()
    found = await evidence_of_issuance(scope, begun) if begun else []
    return ShownOffer(listed, [(policy.name, evidence.state) for policy, evidence in found])
