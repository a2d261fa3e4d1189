"""The secrets of an issuance: derived from its id under a key of the tenant, so that only their hashes are stored."""

from hashlib import sha256
from uuid import UUID

from agent.encryption.vault import TenantVault
from protocols.encoding import b64url


def offer_secret(vault: TenantVault, issuance: UUID) -> str:
    """The secret part of credential_offer_uri."""
    return b64url(vault.derive("credential_offer_uri", issuance.bytes))


def pre_authorized_code(vault: TenantVault, issuance: UUID) -> str:
    """The pre-authorized_code: 256 bits that only this tenant can compute."""
    return b64url(vault.derive("pre-authorized_code", issuance.bytes))


def notification_id(vault: TenantVault, issuance: UUID) -> str:
    """The notification_id of an issuance's credentials."""
    return b64url(vault.derive("notification_id", issuance.bytes)[:16])


def tx_code_mac(vault: TenantVault, issuance: UUID, tx_code: str) -> bytes:
    """A transaction code is short: keyed, and bound to its issuance, so that a copied table does not give it away."""
    return vault.derive("tx_code", issuance.bytes, tx_code.encode())


def digest(secret: str) -> bytes:
    """What is stored of a secret of 256 bits."""
    return sha256(secret.encode()).digest()
