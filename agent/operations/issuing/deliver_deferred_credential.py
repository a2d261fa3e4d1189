"""POST /deferred_credential: what was asked for before is issued now, or later still (OpenID4VCI 1.0, 9)."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.operations.issuing import codes, sender_constraint
from agent.operations.issuing.codes import digest
from agent.operations.issuing.decide_issuance import Ready, Waiting, decide_issuance
from agent.operations.issuing.encrypted_messages import read_deferred_request, sealed_response
from agent.operations.issuing.make_credentials import issue
from agent.operations.issuing.proved import Holder, Proved
from agent.scope import Conflict, Scope
from agent.scope.authorizing import Mark
from agent.scope.deferring import Deferral, Refused, TooEarly
from agent.scope.issuing import Authorized
from agent.scope.tenants import CredentialConfiguration
from protocols.jose.jwk import thumbprint
from protocols.oauth.errors import InvalidToken
from protocols.openid4vci.credential import CredentialResponse, DeferredResponse, EncryptedResponse
from protocols.openid4vci.deferred_credential import DeferredCredentialCall, DeferredCredentialRequest
from protocols.openid4vci.errors import (
    CredentialRequestDenied,
    InvalidEncryptionParameters,
    InvalidTransactionId,
    SlowDown,
)


async def deliver_deferred_credential(
    scope: Scope, call: DeferredCredentialCall
) -> CredentialResponse | DeferredResponse | EncryptedResponse:
    """Read, decide, sign, settle. Raises InvalidToken, InvalidTransactionId, CredentialRequestDenied, SlowDown,
    InvalidEncryptionParameters."""
    async with scope.unit() as unit:
        issuance: Authorized | None = await unit.issuances.waiting(digest(call.access_token.value))
    if issuance is None:
        raise InvalidToken("unknown or expired")
    marks = sender_constraint.at_resource(
        scope, call.access_token, issuance.dpop_thumbprint, issuance.certificate_thumbprint
    )
    request = read_deferred_request(scope, call)
    deferral = await _poll(scope, issuance, request, marks)
    _require_same_key(issuance, deferral, request)
    configuration = _configuration(scope, deferral)
    if configuration.id in issuance.issued and issuance.grant_type == "pre-authorized_code":
        raise InvalidTransactionId("issued already")
    holders = [one["jwk"] for one in deferral.request.holders if one]
    decision = await decide_issuance(scope, issuance, configuration, holders, deferral)
    if isinstance(decision, Waiting):
        await _keep(scope, issuance, deferral, decision)
        again = DeferredResponse(codes.transaction_id(scope.vault, deferral.id), deferral.interval)
        return sealed_response(request, again)
    # No notification_id, which section 9.2 leaves to us: there are wallets that refuse the response for it.
    credentials = await _issue(scope, issuance, configuration, deferral, decision)
    return sealed_response(request, CredentialResponse(credentials))


async def _poll(
    scope: Scope, issuance: Authorized, request: DeferredCredentialRequest, marks: Sequence[Mark]
) -> Deferral:
    """What waits under this transaction_id for this issuance, and nobody else's."""
    async with scope.unit() as unit:
        if not await unit.replay_marks.spend(marks):
            raise sender_constraint.replayed()
        found: Deferral | Refused | TooEarly | None = await unit.deferrals.poll(
            issuance, digest(request.transaction_id)
        )
        await unit.commit()
    if found is None:
        raise InvalidTransactionId()
    if isinstance(found, Refused):
        raise CredentialRequestDenied("denied")
    if isinstance(found, TooEarly):
        raise SlowDown(found.interval)
    return found


def _require_same_key(issuance: Authorized, deferral: Deferral, request: DeferredCredentialRequest) -> None:
    """The key that the answer goes to may change (9.1) when the token proves that its wallet says so; whoever bears a
    bearer token may not have the answer sent to another key, or in clear."""
    fixed = deferral.request.encryption_key
    if fixed is None or issuance.dpop_thumbprint or issuance.certificate_thumbprint:
        return
    wanted = request.response_encryption
    if wanted is None or thumbprint(wanted.jwk) != thumbprint(fixed):
        raise InvalidEncryptionParameters("another key than at first")


def _configuration(scope: Scope, deferral: Deferral) -> CredentialConfiguration:
    for one in scope.catalogue.every_configuration:
        if one.id == deferral.configuration_id:
            return one
    raise CredentialRequestDenied("no such configuration any more")


async def _keep(scope: Scope, issuance: Authorized, deferral: Deferral, waiting: Waiting) -> None:
    """Claims that came meanwhile are fixed, and seen by whoever approves."""
    if waiting.claims is None or deferral.request.claims is not None:
        return
    async with scope.unit() as unit:
        await unit.deferrals.keep(deferral, issuance, waiting.claims, waiting.waiting_for)
        await unit.commit()


async def _issue(
    scope: Scope, issuance: Authorized, configuration: CredentialConfiguration, deferral: Deferral, ready: Ready
) -> Sequence[Any]:
    """To the keys that were proved at first."""
    holders = [_holder(one) for one in deferral.request.holders]
    try:
        return await issue(scope, issuance, configuration, ready.claims, Proved(holders, ()), ())
    except Conflict:  # the next poll will say what came of it
        raise SlowDown(deferral.interval) from None


def _holder(kept: Mapping[str, Any] | None) -> Holder | None:
    return Holder(kept["jwk"], kept["kid"]) if kept else None
