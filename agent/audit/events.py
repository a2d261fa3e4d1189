"""AuditEvent values: what an operation says it did, written in the same transaction as the change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One row of the audit log. `metadata` and every word hold code words and ids only, never personal data.

    `type` is dotted ("credential.issued"), `action` a verb, `correlation` the issuance, presentation or thread.
    """

    type: str
    resource_type: str
    resource_id: UUID | None = None
    action: str = "create"
    correlation: UUID | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """Something that looks like an attack. `description` is a catalogue name, never the attacker's text."""

    severity: str
    category: str
    description: str
    detection: str = "protocol"
    action: str = "refused"
