"""How the data access log names a person: by a blind index of the key that their data is sealed under."""

from uuid import UUID

from agent.encryption.vault import TenantVault


def subject_index(vault: TenantVault, key: UUID) -> bytes:
    """32 bytes, which say nothing without the tenant's key."""
    return vault.blind("data_access_logs.subject_index", str(key))
