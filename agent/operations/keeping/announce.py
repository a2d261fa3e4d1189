"""Each day, what comes to its end or falls due is renewed where we can and told to the tenant."""

from datetime import datetime, timedelta

from agent.audit import AuditEvent
from agent.operations.administering.keys import RotateKey, rotate_key
from agent.operations.keeping.tell_notices import COMPLIANCE_DUE, KEY_EXPIRING, tell
from agent.scope import Scope, SigningKey
from protocols.x509 import load_certificate

DAYS = frozenset({60, 30, 14, 7, 3, 2, 1, 0})
"""So many days before a key's end it is told."""
_EVERY = 7
"""What is due and not done is told again after so many days."""
_AHEAD, _LONGEST_AHEAD = timedelta(days=30), timedelta(days=540)
_RENEWED = frozenset({"iaca", "document_signer"})
"""Purposes that the schedule `renew_signers` takes care of."""


async def announce(scope: Scope) -> None:
    """Renew the issuer's key in time; then say which keys end soon and which reviews are due."""
    await renew_issuer(scope)
    now = scope.now()
    async with scope.unit() as unit:
        for key in scope.catalogue.keys:
            ends = ends_at(key)
            if key.active and ends and key.purpose not in _RENEWED and (ends - now).days in DAYS:
                details = {"key": str(key.id), "purpose": key.purpose, "ends_at": ends.isoformat()}
                unit.record(AuditEvent(KEY_EXPIRING, "key_pair", key.id, "warn", metadata=details))
                tell(scope, unit, KEY_EXPIRING, details)
        for one in await unit.compliance.listed():
            if one.next_review and one.next_review <= now and (now - one.next_review).days % _EVERY == 0:
                details = {"regulation": one.regulation, "requirement": one.requirement}
                unit.record(AuditEvent(COMPLIANCE_DUE, "compliance_record", None, "warn", metadata=details))
                tell(scope, unit, COMPLIANCE_DUE, details | {"next_review": one.next_review.isoformat()})
        await unit.commit()


async def renew_issuer(scope: Scope) -> bool:
    """Another key for the issuer before the certificate of this one ends with credentials still good; whether made."""
    longest = max((one.lifetime for one in scope.catalogue.every_configuration), default=timedelta())
    key = scope.catalogue.key("issuer")
    ends = ends_at(key)
    if ends is None or ends - scope.now() >= min(longest + _AHEAD, _LONGEST_AHEAD):
        return False
    await rotate_key(scope, RotateKey("issuer"))
    return True


def ends_at(key: SigningKey) -> datetime | None:
    """When its certificate ends, or it does itself."""
    return load_certificate(key.x5c[0]).not_after if key.x5c else key.expires_at
