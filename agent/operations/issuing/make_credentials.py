"""Credentials are signed, then settled: one core for every protocol that issues.

`make` waits for key stores and settles nothing; what it made counts once `settle` has run in the caller's transaction.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from agent import gather
from agent.audit import AuditEvent, DataAccess
from agent.operations.issuing import sender_constraint
from agent.operations.issuing.claims import mapped
from agent.operations.issuing.codes import digest, notification_id
from agent.operations.issuing.defer_credential import settle_deferral
from agent.operations.issuing.issuer_identity import signer_of
from agent.operations.issuing.proved import Holder, Proved
from agent.operations.issuing.rounding import rounded
from agent.operations.issuing.serve_schema import address
from agent.scope import Scope
from agent.scope.authorizing import Mark
from agent.scope.issuing import Authorized, IssuedCredential, Settlement
from agent.scope.limits import CREDENTIALS, LimitReached
from agent.scope.status import StatusPlace
from agent.scope.tenants import CredentialConfiguration
from agent.tenancy import uuid7
from protocols import x509
from protocols.encoding import b64url
from protocols.errors import ProtocolError
from protocols.jose.jwk import thumbprint
from protocols.oauth.token import AUTHORIZATION_CODE
from protocols.openid4vci.errors import CredentialRequestDenied, TemporarilyUnavailable
from protocols.ports import CredentialDraft, StatusReference


@dataclass(frozen=True, slots=True)
class Agreed:
    """What of a credential the holder has seen beforehand and therefore stays: when it begins, its random parts, and
    what the holder adds to the format's options."""

    issued_at: datetime
    entropy: Callable[[int], bytes]
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Made:
    """Signed credentials and their ids here. `settle(unit)` records them, or raises Conflict when another request was
    first: then nothing may be sent."""

    credentials: Sequence[Any]
    ids: tuple[UUID, ...]
    settle: Callable[[Any], Awaitable[None]]


async def make(
    scope: Scope,
    issuance: Authorized,
    configuration: CredentialConfiguration,
    proved: Proved,
    marks: Sequence[Mark] = (),
    agreed: Agreed | None = None,
) -> Made:
    """One credential of the issuance's claims for each holder. Raises CredentialRequestDenied, StatusListFull."""
    numbered = await _numbered(scope, configuration, proved.holders)
    issued = [(_row(scope, configuration, *one, agreed), one[0]) for one in numbered]
    credentials = [await _sign(scope, configuration, issuance.claims, *one, agreed) for one in issued]
    rows = [one[0] for one in issued]
    settle = partial(_settle, scope, issuance, configuration, rows, proved, marks)
    return Made(credentials, tuple(one.id for one in rows), settle)


async def issue(
    scope: Scope,
    issuance: Authorized,
    configuration: CredentialConfiguration,
    claims: Mapping[str, Any],
    proved: Proved,
    marks: Sequence[Mark],
) -> Sequence[Any]:
    """Make and settle in a transaction of its own.

    Raises Conflict when another request was first, TemporarilyUnavailable when the tenant may have no more.
    """
    async with _within_limits(scope, len(proved.holders)):
        made = await make(scope, replace(issuance, claims=claims), configuration, proved, marks)
        async with scope.unit() as unit:
            await made.settle(unit)
            await unit.commit()
    return made.credentials


@asynccontextmanager
async def _within_limits(scope: Scope, count: int) -> AsyncIterator[None]:
    """In the words of the Credential Endpoint."""
    try:
        async with scope.quotas.spend(scope, CREDENTIALS, count):
            yield
    except LimitReached as error:
        raise TemporarilyUnavailable(error.metric, error.seconds) from None


def begins(scope: Scope, configuration: CredentialConfiguration) -> datetime:
    """When a credential that is issued now begins to be valid."""
    issues = scope.plugins["credential_formats"][configuration.format]
    signer = scope.catalogue.key(getattr(issues, "signing_purpose", "issuer"))
    return rounded(scope.now(), configuration.lifetime, x509.load_certificate(signer.x5c[0]).not_before)


async def draft_of(
    scope: Scope,
    configuration: CredentialConfiguration,
    claims: Mapping[str, Any],
    holder: Holder | None,
    agreed: Agreed,
    status: StatusReference | None = None,
) -> CredentialDraft:
    """What a format makes the credential of. Raises NoSigningKey."""
    issues = scope.plugins["credential_formats"][configuration.format]
    issuer, identifier, kid = await signer_of(scope, configuration, issues)
    return CredentialDraft(
        type=configuration.type,
        claims=mapped(configuration, claims),
        algorithm=configuration.algorithm,
        entropy=agreed.entropy,
        issued_at=agreed.issued_at,
        expires_at=_ends(configuration, agreed.issued_at),
        issuer=identifier,
        x5c=() if kid else issuer.x5c,
        kid=kid,
        holder=holder.jwk if holder else None,
        holder_kid=holder.kid if holder else None,
        status=status,
        disclosable=configuration.disclosable,
        type_digest=configuration.type_digest,
        schema=configuration.schema,
        schema_uri=address(scope, configuration),
        extra={**configuration.options, **agreed.options},
    )


def _ends(configuration: CredentialConfiguration, begins_at: datetime) -> datetime | None:
    return begins_at + configuration.lifetime if configuration.lifetime else None


async def _numbered(
    scope: Scope, configuration: CredentialConfiguration, holders: Sequence[Holder | None]
) -> list[tuple[Holder | None, tuple[StatusPlace, ...]]]:
    """Each holder with a place in each status list that there is for such credentials."""
    open_ones = scope.catalogue.status_registries
    lists = [open_ones[kind] for kind in configuration.statuses if kind in open_ones]
    taken = [await scope.places.take(scope, registry, len(holders)) for registry in lists]
    return [(one, tuple(places[number] for places in taken)) for number, one in enumerate(holders)]


def _row(
    scope: Scope,
    configuration: CredentialConfiguration,
    holder: Holder | None,
    places: tuple[StatusPlace, ...],
    agreed: Agreed | None,
) -> IssuedCredential:
    issued_at = agreed.issued_at if agreed else begins(scope, configuration)
    return IssuedCredential(
        id=uuid7(scope.now(), scope.entropy(10)),
        type=configuration.type,
        type_id=configuration.type_id,
        configuration_id=configuration.id,
        format=configuration.format,
        issuer_identifier=scope.tenant.base_url,
        issuer_id=scope.catalogue.issuer_id,
        holder_key=b64url(thumbprint(holder.jwk)) if holder else None,
        places=places,
        issued_at=issued_at,
        expires_at=_ends(configuration, issued_at),
    )


async def _sign(
    scope: Scope,
    configuration: CredentialConfiguration,
    claims: Mapping[str, Any],
    issued: IssuedCredential,
    holder: Holder | None,
    agreed: Agreed | None,
) -> Any:
    """prepare -> sign -> seal; the format and the keyring know nothing of each other."""
    issues = scope.plugins["credential_formats"][configuration.format]
    issuer, _, _ = await signer_of(scope, configuration, issues)
    agreed = agreed or Agreed(issued.issued_at, scope.entropy)
    draft = await draft_of(scope, configuration, claims, holder, agreed, _reference(issued.places))
    try:
        prepared = await gather.finished(scope, issues.prepare(draft))
    except ProtocolError as error:
        raise CredentialRequestDenied(error.detail or type(error).__name__) from None
    return issues.seal(prepared, await scope.keys.sign(issuer.handle, prepared.payload))


def _reference(places: Sequence[StatusPlace]) -> StatusReference | None:
    """What the credential says of its places."""
    named = [one.registry.reference(one.index) for one in places]
    return replace(named[0], others=tuple(named[1:])) if named else None


async def _settle(
    scope: Scope,
    issuance: Authorized,
    configuration: CredentialConfiguration,
    issued: Sequence[IssuedCredential],
    proved: Proved,
    marks: Sequence[Mark],
    unit: Any,
) -> None:
    """In the caller's transaction; a request that was overtaken has sent nothing."""
    known = (scope.catalogue.configuration(one) for one in issuance.credential_configuration_ids)
    offered = {one.id for one in known if one is not None}
    finished = offered <= issuance.issued | {configuration.id} and issuance.grant_type != AUTHORIZATION_CODE
    hashed = digest(notification_id(scope.vault, issuance.id))
    if not await unit.replay_marks.spend(marks):
        raise sender_constraint.replayed()
    if issuance.deferred or not configuration.plain:
        await settle_deferral(scope, unit, issuance, configuration)
    for number, one in enumerate(issued):
        unit.record(_event(one.id, issuance.id, configuration), *(() if number else _opened(issuance)))
    await unit.issuances.settle(Settlement(issuance, issued, hashed, finished, proved.nonces))
    if configuration.policy:
        await unit.deferrals.decide(issuance.id, configuration.policy.id)


def _opened(issuance: Authorized) -> tuple[DataAccess, ...]:
    """Whose claims were opened: at the person's own word at the consent page, or at the tenant's."""
    if issuance.subject_key_id is None:
        return ()
    field_ = "issuances.claims_sealed" if issuance.claims_given else "users.profile_sealed"
    asked = issuance.grant_type == AUTHORIZATION_CODE
    basis = "consent" if asked else "tenant_instruction"
    return (DataAccess(issuance.subject_key_id, (field_,), "issuance", basis, consent=asked),)


def _event(credential: UUID, issuance: UUID, configuration: CredentialConfiguration) -> AuditEvent:
    metadata = {
        "configuration": configuration.credential_configuration_id,
        "type": configuration.type,
        "format": configuration.format,
    }
    return AuditEvent("credential.issued", "credential", credential, "issue", issuance, metadata)
