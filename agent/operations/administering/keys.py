"""The issuer's signing keys: a new one signs from now on, the old one stays published while its credentials live."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.administering.certifying import Authority
from agent.scope import Scope, SigningKey
from agent.tenancy import uuid7
from protocols.encoding import b64url
from protocols.errors import ProtocolError
from protocols.jose.jwk import thumbprint

ROTATED = ("issuer",)
"""Purposes whose keys can change at any time: what they signed names its key by certificate."""
_MARGIN = timedelta(days=1)


class NotRotated(ProtocolError):
    """Keys of this purpose are not rotated."""

    code = "invalid_input"
    status = 422


class StillSigns(ProtocolError):
    """The key still signs: put another in its place first."""

    code = "key_in_use"
    status = 409


class NoSuchKey(ProtocolError):
    """There is no such key that signs no more."""

    code = "not_found"
    status = 404


@dataclass(frozen=True, slots=True)
class RotateKey:
    """Request: whose key; how long the old one stays published, by default as long as anything it signed is good."""

    purpose: str
    overlap: timedelta | None = None


async def list_keys(scope: Scope, _request: None) -> Sequence[SigningKey]:
    """Keys that sign, and those that are still published."""
    return [key for key in scope.catalogue.keys if key.published(scope.now())]


async def rotate_key(scope: Scope, request: RotateKey) -> SigningKey:
    """Make, certify, and in one transaction put in place. Raises NotRotated, Conflict when another was first."""
    if request.purpose not in ROTATED:
        raise NotRotated(request.purpose)
    old = scope.catalogue.key(request.purpose)
    handle, jwk = await scope.keys.generate(old.algorithm, old.handle.store)
    identity = uuid7(scope.now(), scope.entropy(10))
    key = SigningKey(identity, old.purpose, b64url(thumbprint(jwk)), old.algorithm, handle, jwk)
    authority = Authority(scope.catalogue.key("ca"), scope.catalogue.verifier_name)
    leaf = await authority.certify(
        scope.keys, key, scope.now(), scope.entropy, scope.catalogue.dns_names, scope.tenant.base_url
    )
    key = replace(key, x5c=(leaf,))
    until = scope.now() + (_longest(scope) if request.overlap is None else request.overlap)
    async with scope.unit() as unit:
        await unit.signing_keys.replace(old.id, key, until)
        unit.record(AuditEvent("key.rotated", "key_pair", key.id, "rotate", metadata={"purpose": key.purpose}))
        unit.changes_catalogue()
        await unit.commit()
    return key


def _longest(scope: Scope) -> timedelta:
    """Until the last credential of today has expired."""
    return max((one.lifetime for one in scope.catalogue.every_configuration), default=timedelta()) + _MARGIN


async def retire_key(scope: Scope, key: UUID) -> None:
    """A key that signs no more is published no more, and its private part is gone. Raises NoSuchKey."""
    found = next((one for one in scope.catalogue.keys if one.id == key and not one.active), None)
    if found is None:
        raise NoSuchKey()
    async with scope.unit() as unit:
        if not await unit.signing_keys.retire(key):
            raise NoSuchKey()
        unit.record(AuditEvent("key.retired", "key_pair", key, "retire", metadata={"purpose": found.purpose}))
        unit.changes_catalogue()
        await unit.commit()
    await scope.keys.forget(found.handle)


async def revoke_certificate(scope: Scope, key: UUID) -> None:
    """The certificate of a key that signs no more is in the list of its authority from now on, for ever; what it signed
    is believed no more. Raises StillSigns, NoSuchKey for one without a certificate or revoked before."""
    if any(one.id == key and one.active for one in scope.catalogue.keys):
        raise StillSigns()
    async with scope.unit() as unit:
        if not await unit.signing_keys.revoke(key):
            raise NoSuchKey()
        unit.record(AuditEvent("key.revoked", "key_pair", key, "revoke"))
        unit.changes_catalogue()
        await unit.commit()
    for authority in (one for one in scope.catalogue.keys if one.purpose in ("ca", "iaca")):
        await scope.cache.forget("own_crl", f"{authority.kid}.crl")
