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
class DataAccess:
    """One row of the data access log: personal data was opened, whose, for what, and what allowed it.

    `subject_key` is the key it was sealed under, `fields` are columns as `table.column`, never values.
    """

    subject_key: UUID
    fields: tuple[str, ...]
    purpose: str
    legal_basis: str
    classification: str = "restricted"
    consent: bool = False


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """Something that looks like an attack. `description` is a catalogue name, never the attacker's text."""

    severity: str
    category: str
    description: str
    detection: str = "protocol"
    action: str = "refused"
