"""Trust anchors: what the tenant believes, and its own certificate authority."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from agent.audit import AuditEvent
from agent.scope import Scope
from agent.scope.administering import AnchorListing, NewAnchor
from agent.tenancy import uuid7
from protocols.errors import ProtocolError

ROLES = ("issue", "status", "request", "attest_wallet", "authenticate_client")


class NoSuchAnchor(ProtocolError):
    """There is no such trust anchor."""

    code = "not_found"
    status = 404


@dataclass(frozen=True, slots=True)
class AddTrustAnchor:
    """Request: a CA certificate (DER), or an issuer by its DID or https address; a name for people; the roles."""

    name: str
    certificate: bytes | None
    subject_key_id: bytes | None
    roles: tuple[str, ...]
    identifier: str | None = None


async def add_trust_anchor(scope: Scope, request: AddTrustAnchor) -> UUID:
    """Believe somebody from now on; takes hold in every process through the catalogue's invalidation."""
    new = NewAnchor(
        uuid7(scope.now(), scope.entropy(10)),
        request.name,
        request.certificate,
        request.subject_key_id,
        request.roles,
        request.identifier,
    )
    async with scope.unit() as unit:
        anchor_id: UUID = await unit.trust_anchors.add(new)
        unit.record(
            AuditEvent("trust_anchor.added", "trust_anchor", anchor_id, metadata={"roles": list(request.roles)})
        )
        unit.changes_catalogue()
        await unit.commit()
    return anchor_id


async def withdraw_trust_anchor(scope: Scope, anchor: UUID) -> None:
    """Believe it no more, in every process: what is checked from now on fails. Raises NoSuchAnchor."""
    async with scope.unit() as unit:
        if not await unit.trust_anchors.withdraw(anchor):
            raise NoSuchAnchor()
        unit.record(AuditEvent("trust_anchor.withdrawn", "trust_anchor", anchor, "withdraw"))
        unit.changes_catalogue()
        await unit.commit()


async def list_trust_anchors(scope: Scope, _request: None) -> Sequence[AnchorListing]:
    """What is believed now."""
    async with scope.unit() as unit:
        found: Sequence[AnchorListing] = await unit.trust_anchors.all()
    return found


async def certificate_authority(scope: Scope, _request: None) -> bytes:
    """The tenant's own CA certificate (DER): what a wallet or a verifier has to trust."""
    return scope.catalogue.key("ca").x5c[0]
