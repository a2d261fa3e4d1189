"""DELETE /credential-offers/{issuance}: an offer is taken back before anything was issued of it."""

from uuid import UUID

from agent.audit import AuditEvent
from agent.scope import Scope
from protocols.errors import ProtocolError


class NoSuchOffer(ProtocolError):
    """There is no such offer."""

    code = "not_found"
    status = 404


class NothingToCancel(ProtocolError):
    """The offer has ended, or credentials were issued of it: those can be revoked."""

    code = "conflict"
    status = 409


async def cancel_credential_offer(scope: Scope, issuance: UUID) -> None:
    """Codes and tokens of it end at once, its claims go. Raises NoSuchOffer, NothingToCancel."""
    async with scope.unit() as unit:
        if not await unit.issuances.cancel(issuance):
            raise NoSuchOffer() if await unit.issuances.get(issuance) is None else NothingToCancel()
        unit.record(AuditEvent("offer.cancelled", "issuance", issuance, "cancel", issuance))
        await unit.commit()
