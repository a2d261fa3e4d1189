"""Trust anchors: what the tenant believes, and its own certificate authority."""

from dataclasses import dataclass
from uuid import UUID

from agent.audit import AuditEvent
from agent.scope import Scope
from agent.scope.administering import NewAnchor
from agent.tenancy import uuid7

ROLES = ("issue", "status", "request", "attest_wallet")


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
    anchor_id = uuid7(scope.now(), scope.entropy(10))
    async with scope.unit() as unit:
        await unit.trust_anchors.add(
            NewAnchor(
                anchor_id, request.name, request.certificate, request.subject_key_id, request.roles, request.identifier
            )
        )
        unit.record(
            AuditEvent("trust_anchor.added", "trust_anchor", anchor_id, metadata={"roles": list(request.roles)})
        )
        unit.changes_catalogue()
        await unit.commit()
    return anchor_id


async def certificate_authority(scope: Scope, _request: None) -> bytes:
    """The tenant's own CA certificate (DER): what a wallet or a verifier has to trust."""
    return scope.catalogue.key("ca").x5c[0]
