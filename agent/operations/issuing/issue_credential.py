"""POST /credential: holder keys are proved, credentials are signed, the issuance is settled (OpenID4VCI 1.0, 8)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID

from agent import gather
from agent.audit import AuditEvent, DataAccess
from agent.operations.issuing import sender_constraint
from agent.operations.issuing.codes import digest, notification_id
from agent.operations.issuing.decide_issuance import Waiting, decide_issuance
from agent.operations.issuing.defer_credential import defer_credential, settle_deferral
from agent.operations.issuing.encrypted_messages import read_request, sealed_response
from agent.operations.issuing.exposed_keys import note_exposed_key
from agent.operations.issuing.issuer_identity import signer_of
from agent.operations.issuing.issuer_metadata import BATCH_SIZE
from agent.operations.issuing.proved import Holder, Proved
from agent.operations.issuing.rounding import rounded
from agent.scope import Conflict, Scope
from agent.scope.authorizing import Mark
from agent.scope.issuing import Authorized, IssuedCredential, Settlement
from agent.scope.status import StatusPlace
from agent.scope.tenants import CredentialConfiguration
from agent.tenancy import uuid7
from protocols import x509
from protocols.encoding import b64url
from protocols.errors import ProtocolError
from protocols.jose.jwk import thumbprint
from protocols.oauth.errors import InvalidToken
from protocols.openid4vci import authorization_details, key_attestation, nonce
from protocols.openid4vci.credential import (
    CredentialCall,
    CredentialRequest,
    CredentialResponse,
    DeferredResponse,
    EncryptedResponse,
)
from protocols.openid4vci.errors import (
    CredentialRequestDenied,
    ExposedKey,
    InvalidCredentialRequest,
    InvalidNonce,
    InvalidProof,
    UnknownCredentialConfiguration,
    UnknownCredentialIdentifier,
)
from protocols.openid4vci.key_proof import KeyProof, OpenedProof, ProofExpectations
from protocols.ports import CredentialDraft, KeyReference, Purpose, StatusReference


async def issue_credential(
    scope: Scope, call: CredentialCall
) -> CredentialResponse | DeferredResponse | EncryptedResponse:
    """Read, prove, decide, sign, settle. Raises the errors of OpenID4VCI 1.0, 8.3.1.2, and InvalidToken."""
    token_hash = digest(call.access_token.value)
    async with scope.unit() as unit:
        issuance: Authorized | None = await unit.issuances.authorized(token_hash)
    if issuance is None:
        raise InvalidToken("unknown or expired")
    marks = sender_constraint.at_resource(
        scope, call.access_token, issuance.dpop_thumbprint, issuance.certificate_thumbprint
    )
    request = read_request(scope, call)
    configuration = _configuration(scope, issuance, request)
    try:
        proved = await _prove(scope, configuration, request)
    except ExposedKey:
        await note_exposed_key(scope, issuance)
        raise
    if configuration.id in issuance.issued and issuance.grant_type == "pre-authorized_code":
        raise CredentialRequestDenied("issued already")
    holders = [one.jwk for one in proved.holders if one]
    decision = await decide_issuance(scope, issuance, configuration, holders)
    if isinstance(decision, Waiting):
        later = await defer_credential(scope, issuance, configuration, request, proved, marks, decision)
        return sealed_response(request, later)
    try:
        credentials = await issue(scope, issuance, configuration, decision.claims, proved, marks)
    except Conflict:
        raise CredentialRequestDenied("another request was first") from None
    return sealed_response(request, CredentialResponse(credentials, notification_id(scope.vault, issuance.id)))


async def issue(
    scope: Scope,
    issuance: Authorized,
    configuration: CredentialConfiguration,
    claims: Mapping[str, Any],
    proved: Proved,
    marks: Sequence[Mark],
) -> Sequence[Any]:
    """One credential for each holder. Raises Conflict when another request was first: then nothing was sent."""
    issuance = replace(issuance, claims=claims)
    numbered = await _numbered(scope, configuration, proved.holders)
    issued = [await _draft(scope, configuration, *one) for one in numbered]
    credentials = [await _sign(scope, configuration, issuance, *one) for one in issued]
    await _settle(scope, issuance, configuration, [one[0] for one in issued], proved, marks)
    return credentials


def _configuration(scope: Scope, issuance: Authorized, request: CredentialRequest) -> CredentialConfiguration:
    granted = issuance.credential_configuration_ids
    if request.credential_identifier is not None:
        named = authorization_details.configuration_of(request.credential_identifier)
        found = scope.catalogue.configuration(named) if named in granted else None
        if found is None or not issuance.by_identifier:
            raise UnknownCredentialIdentifier()
        return found
    name = request.credential_configuration_id or ""
    found = scope.catalogue.configuration(name) if name in granted else None
    if found is None:
        raise UnknownCredentialConfiguration()
    if issuance.by_identifier:
        raise InvalidCredentialRequest("credential_identifiers were handed out")
    return found


async def _prove(scope: Scope, configuration: CredentialConfiguration, request: CredentialRequest) -> Proved:
    """Cheap checks of every proof first, signatures last."""
    if not configuration.proof_types:
        return Proved([None], [])
    proof_type = request.proof_type
    if proof_type is None or proof_type not in configuration.proof_types.keys() & scope.plugins["key_proofs"].keys():
        raise InvalidProof("proof type")
    if len(request.proofs) > BATCH_SIZE:
        raise InvalidProof("more than batch_size")
    kind = scope.plugins["key_proofs"][proof_type]
    opened: list[OpenedProof] = [kind.open(proof) for proof in request.proofs]
    if proof_type == "attestation" and len(opened) != 1:
        raise InvalidProof("one key attestation")
    nonces = _nonces(scope, opened)
    expected = ProofExpectations(
        scope.tenant.base_url,
        frozenset(configuration.proof_types[proof_type]),
        scope.now(),
        configuration.key_attestations_required,
    )
    holders: list[Holder] = []
    for one in opened:
        holders += await _holders(scope, kind, one, expected, len(opened) == 1)
    if len({thumbprint(one.jwk) for one in holders}) != len(holders):
        raise InvalidProof("one key twice")
    if len(holders) > BATCH_SIZE:
        raise InvalidProof("more keys than batch_size")
    return Proved(holders, nonces)


async def _holders(
    scope: Scope, kind: KeyProof, opened: OpenedProof, expected: ProofExpectations, alone: bool
) -> list[Holder]:
    """The keys that a proof is for: its own, or all that the attestation of a lone proof names (F.1, F.3)."""
    if opened.purpose is Purpose.ATTEST_WALLET:
        attester = await _attester(scope, opened.key)
        return [Holder(jwk, None) for jwk in await _verified(scope, kind, opened, attester, expected)]
    holder = await _holder(scope, opened)
    await _verified(scope, kind, opened, holder.jwk, expected)
    attestation = opened.attestation
    if attestation is None:
        if expected.attestation is not None:
            raise InvalidProof("a key attestation is required")
        return [holder]
    key_attestation.verify(
        attestation, await _attester(scope, attestation.signer), expected.now, True, expected.attestation
    )
    if attestation.nonce not in (None, opened.nonce):
        raise InvalidNonce("of the key attestation")
    own = thumbprint(holder.jwk)
    others = [jwk for jwk in attestation.keys if thumbprint(jwk) != own]
    if len(others) == len(attestation.keys):
        raise InvalidProof("the key is not attested")
    return [holder, *(Holder(jwk, None) for jwk in others)] if alone else [holder]


async def _verified(
    scope: Scope, kind: KeyProof, opened: OpenedProof, key: Mapping[str, Any], expected: ProofExpectations
) -> Sequence[Mapping[str, Any]]:
    try:
        keys: Sequence[Mapping[str, Any]] = await gather.finished(scope, kind.verify(opened, key, expected))
    except InvalidProof:
        raise
    except ProtocolError as error:  # of the sandbox
        raise InvalidProof(error.detail or type(error).__name__) from None
    return keys


async def _attester(scope: Scope, signer: KeyReference) -> Mapping[str, Any]:
    try:
        return (await gather.issuer_key(scope, signer, Purpose.ATTEST_WALLET)).jwk
    except gather.UnknownIssuer as error:
        raise InvalidProof(error.detail) from None


def _nonces(scope: Scope, opened: Sequence[OpenedProof]) -> list[tuple[bytes, datetime]]:
    """The c_nonce of all proofs, which is one (8.2). Raises InvalidProof without one, InvalidNonce for another's."""
    found = {one.nonce for one in opened}
    if None in found:
        raise InvalidProof("no nonce")
    if len(found) != 1:
        raise InvalidNonce("different nonces")
    read = nonce.read(str(found.pop()), scope.now(), partial(scope.vault.derive, "c_nonce"))
    return [(sha256(read.value).digest(), read.made_at)]


async def _holder(scope: Scope, opened: OpenedProof) -> Holder:
    try:
        trusted = await gather.holder_key(scope, opened.key)
    except gather.UnknownHolder as error:
        raise InvalidProof(error.detail) from None
    return Holder(trusted.jwk, opened.key.value if opened.key.kind == "did_url" else None)


async def _numbered(
    scope: Scope, configuration: CredentialConfiguration, holders: Sequence[Holder | None]
) -> list[tuple[Holder | None, tuple[StatusPlace, ...]]]:
    """Each holder with a place in each status list that there is for such credentials."""
    open_ones = scope.catalogue.status_registries
    lists = [open_ones[kind] for kind in configuration.statuses if kind in open_ones]
    taken = [await scope.places.take(scope, registry, len(holders)) for registry in lists]
    return [(one, tuple(places[number] for places in taken)) for number, one in enumerate(holders)]


async def _draft(
    scope: Scope, configuration: CredentialConfiguration, holder: Holder | None, places: tuple[StatusPlace, ...]
) -> tuple[IssuedCredential, Holder | None]:
    issues = scope.plugins["credential_formats"][configuration.format]
    signer = scope.catalogue.key(getattr(issues, "signing_purpose", "issuer"))
    begins = x509.load_certificate(signer.x5c[0]).not_before
    issued_at = rounded(scope.now(), configuration.lifetime, begins)
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
        expires_at=issued_at + configuration.lifetime if configuration.lifetime else None,
    ), holder


async def _sign(
    scope: Scope,
    configuration: CredentialConfiguration,
    issuance: Authorized,
    issued: IssuedCredential,
    holder: Holder | None,
) -> Any:
    """prepare -> sign -> seal; the format and the keyring know nothing of each other."""
    issues = scope.plugins["credential_formats"][configuration.format]
    issuer, identifier, kid = await signer_of(scope, configuration, issues)
    draft = CredentialDraft(
        type=configuration.type,
        claims=issuance.claims,
        algorithm=configuration.algorithm,
        entropy=scope.entropy,
        issued_at=issued.issued_at,
        expires_at=issued.expires_at,
        issuer=identifier,
        x5c=() if kid else issuer.x5c,
        kid=kid,
        holder=holder.jwk if holder else None,
        holder_kid=holder.kid if holder else None,
        status=_reference(issued.places),
        disclosable=configuration.disclosable,
        type_digest=configuration.type_digest,
        schema=configuration.schema,
        extra=configuration.options,
    )
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
) -> None:
    """One transaction; a request that was overtaken has sent nothing."""
    known = (scope.catalogue.configuration(one) for one in issuance.credential_configuration_ids)
    offered = {one.id for one in known if one is not None}
    finished = offered <= issuance.issued | {configuration.id} and issuance.grant_type == "pre-authorized_code"
    hashed = digest(notification_id(scope.vault, issuance.id))
    async with scope.unit() as unit:
        if not await unit.replay_marks.spend(marks):
            raise sender_constraint.replayed()
        if issuance.deferred or not configuration.plain:
            await settle_deferral(scope, unit, issuance, configuration)
        for number, one in enumerate(issued):
            unit.record(_event(one.id, issuance.id, configuration), *(() if number else _opened(issuance)))
        await unit.issuances.settle(Settlement(issuance, issued, hashed, finished, proved.nonces))
        if configuration.policy:
            await unit.deferrals.decide(issuance.id, configuration.policy.id)
        await unit.commit()


def _opened(issuance: Authorized) -> tuple[DataAccess, ...]:
    """Whose claims were opened: at the person's own word at the consent page, or at the tenant's."""
    if issuance.subject_key_id is None:
        return ()
    field = "issuances.claims_sealed" if issuance.claims_given else "users.profile_sealed"
    asked = issuance.grant_type == "authorization_code"
    basis = "consent" if asked else "tenant_instruction"
    return (DataAccess(issuance.subject_key_id, (field,), "issuance", basis, consent=asked),)


def _event(credential: UUID, issuance: UUID, configuration: CredentialConfiguration) -> AuditEvent:
    metadata = {"configuration": configuration.credential_configuration_id, "format": configuration.format}
    return AuditEvent("credential.issued", "credential", credential, "issue", issuance, metadata)
