"""POST /credential: holder keys are proved, credentials are signed, the issuance is settled (OpenID4VCI 1.0, 8)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any

from agent import gather
from agent.operations.issuing import sender_constraint
from agent.operations.issuing.codes import digest, notification_id
from agent.operations.issuing.decide_issuance import Waiting, decide_issuance
from agent.operations.issuing.defer_credential import defer_credential
from agent.operations.issuing.encrypted_messages import read_request, sealed_response
from agent.operations.issuing.exposed_keys import note_exposed_key
from agent.operations.issuing.issuer_metadata import BATCH_SIZE
from agent.operations.issuing.make_credentials import issue
from agent.operations.issuing.proved import Holder, Proved
from agent.scope import Conflict, Scope
from agent.scope.issuing import Authorized
from agent.scope.tenants import CredentialConfiguration
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
from protocols.ports import KeyReference, Purpose


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
        return (await gather.unrevoked_key(scope, signer, Purpose.ATTEST_WALLET)).jwk
    except ProtocolError as error:
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
