"""The audit trail: events as values, leaves and trees over rows, seals over trees, and the proof of all of it."""

from agent.audit.events import AuditEvent, DataAccess, SecurityEvent

__all__ = ["AuditEvent", "DataAccess", "SecurityEvent"]
