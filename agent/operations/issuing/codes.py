"""The secrets of an issuance: derived from its id under a key of the tenant, so that only their hashes are stored."""

import hmac
from hashlib import sha256
from uuid import UUID

from agent.encryption.vault import TenantVault
from protocols.encoding import b64url, parse_b64url
from protocols.errors import Malformed


def offer_secret(vault: TenantVault, issuance: UUID) -> str:
    """The secret part of credential_offer_uri."""
    return b64url(vault.derive("credential_offer_uri", issuance.bytes))


def pre_authorized_code(vault: TenantVault, issuance: UUID) -> str:
    """The pre-authorized_code: 256 bits that only this tenant can compute."""
    return b64url(vault.derive("pre-authorized_code", issuance.bytes))


def notification_id(vault: TenantVault, issuance: UUID) -> str:
    """The notification_id of an issuance's credentials."""
    return b64url(vault.derive("notification_id", issuance.bytes)[:16])


def transaction_id(vault: TenantVault, deferral: UUID) -> str:
    """The transaction_id of a deferred request: a retry is answered with the same."""
    return b64url(vault.derive("transaction_id", deferral.bytes))


def webhook_secret(vault: TenantVault, configuration: UUID, version: int) -> bytes:
    """What the tenant's system and we share for a configuration's claims."""
    return vault.derive("claims_webhook", configuration.bytes, version.to_bytes(4, "big"))


def tx_code_mac(vault: TenantVault, issuance: UUID, tx_code: str) -> bytes:
    """A transaction code is short: keyed, and bound to its issuance, so that a copied table does not give it away."""
    return vault.derive("tx_code", issuance.bytes, tx_code.encode())


def digest(secret: str) -> bytes:
    """What is stored of a secret of 256 bits."""
    return sha256(secret.encode()).digest()


def issuer_state(vault: TenantVault, issuance: UUID) -> str:
    """The issuer_state of an offer by authorization code."""
    return b64url(vault.derive("issuer_state", issuance.bytes))


def refresh_token(vault: TenantVault, family: UUID, generation: int) -> str:
    """Names its family and generation, so that a spent one is known as spent; 256 bits that nobody else can compute."""
    body = family.bytes + generation.to_bytes(4, "big")
    return b64url(body + vault.derive("refresh_token", body))


def read_refresh_token(vault: TenantVault, token: str) -> tuple[UUID, int] | None:
    """(family, generation), None for a token that is not ours."""
    try:
        value = parse_b64url(token)
    except Malformed:
        return None
    body, mac = value[:20], value[20:]
    if len(value) != 52 or not hmac.compare_digest(mac, vault.derive("refresh_token", body)):
        return None
    return UUID(bytes=body[:16]), int.from_bytes(body[16:], "big")


def evidence_reference(vault: TenantVault, issuance: UUID) -> str:
    """What stands in the address of the page where a person presents what an offer wants presented."""
    return b64url(issuance.bytes + vault.derive("evidence", issuance.bytes)[:16])


def read_evidence_reference(vault: TenantVault, text: str) -> UUID | None:
    """The issuance behind a reference, None when it is not ours."""
    try:
        value = parse_b64url(text)
    except Malformed:
        return None
    if len(value) != 32:
        return None
    found = UUID(bytes=value[:16])
    return found if hmac.compare_digest(text, evidence_reference(vault, found)) else None
