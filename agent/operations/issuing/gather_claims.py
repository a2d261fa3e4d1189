"""Asking a configuration's claim source, and believing nothing of its answer that does not fit."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from agent.audit import SecurityEvent
from agent.operations.issuing.claims import InvalidClaims, properties_of, require_fit
from agent.operations.issuing.codes import webhook_secret
from agent.scope import Scope
from agent.scope.deferring import Account
from agent.scope.issuing import Authorized
from agent.scope.tenants import CredentialConfiguration, SourceChoice
from agent.tenancy import uuid7
from protocols.errors import ProtocolError
from protocols.openid4vci.errors import CredentialRequestDenied
from protocols.ports import ClaimsFound, ClaimsLater, ClaimsRequest
from protocols.ports.sources import NoClaims, SourceUnavailable, SourceUntrustworthy

SECONDS = 8.0
"""How long a source or gate may take: a wallet waits for it."""


class SourceSilent(ProtocolError):
    """The issuer cannot look up what it needs at the moment."""

    code = "server_error"
    status = 503


async def gather_claims(
    scope: Scope, issuance: Authorized, configuration: CredentialConfiguration, choice: SourceChoice
) -> Mapping[str, Any] | ClaimsLater:
    """Claims that fit the type, or when to ask again. Raises SourceSilent, CredentialRequestDenied."""
    source = scope.plugins["claim_sources"].get(choice.kind)
    if source is None:
        raise SourceSilent(f"claim source {choice.kind} is not on")
    account = await _account(scope, issuance)
    request = _request(scope, issuance, configuration, choice, account)
    try:
        answer: ClaimsFound | ClaimsLater = await in_time(source.claims(choice.settings, request))
        if isinstance(answer, ClaimsLater):
            return answer
        found = _named(configuration, choice, answer.claims)
        claims = {**request.given, **found}
        require_fit(scope.catalogue, configuration.credential_configuration_id, claims)
        return claims  # noqa: TRY300  # the errors are of all of it
    except NoClaims as error:
        raise CredentialRequestDenied(f"no claims: {error}") from None
    except (SourceUntrustworthy, InvalidClaims) as error:
        await _alarm(scope)
        raise CredentialRequestDenied(f"claims that do not fit: {error}") from None


async def in_time(waiting: Awaitable[Any]) -> Any:
    """What a source or gate says. Raises SourceSilent when it cannot, or takes too long."""
    try:
        async with asyncio.timeout(SECONDS):
            return await waiting
    except TimeoutError:
        raise SourceSilent("took too long") from None
    except SourceUnavailable as error:
        raise SourceSilent(str(error)) from None


async def _account(scope: Scope, issuance: Authorized) -> Account | None:
    if issuance.user_id is None:
        return None
    async with scope.unit() as unit:
        found: Account | None = await unit.people.account(issuance.user_id)
    return found


def _request(
    scope: Scope,
    issuance: Authorized,
    configuration: CredentialConfiguration,
    choice: SourceChoice,
    account: Account | None,
) -> ClaimsRequest:
    newest = choice.settings.get("secret_version", 1)
    versions = [version for version in (newest, newest - 1) if version > 0]
    return ClaimsRequest(
        id=str(uuid7(scope.now(), scope.entropy(10))),
        at=scope.now(),
        issuance_id=str(issuance.id),
        credential_configuration_id=configuration.credential_configuration_id,
        type=configuration.type,
        subject=account.external_id if account else None,
        given=issuance.claims if issuance.claims_given else {},
        secrets=tuple(webhook_secret(scope.vault, configuration.id, version) for version in versions),
        account=_told(account),
        record=_records(scope, issuance, account),
    )


def _told(account: Account | None) -> Callable[[], Awaitable[Mapping[str, Any] | None]]:
    async def told() -> Mapping[str, Any] | None:
        return account.claims if account else None

    return told


def _records(
    scope: Scope, issuance: Authorized, account: Account | None
) -> Callable[[str], Awaitable[Mapping[str, Any] | None]]:
    """Whose record: the account's by its external id, else that of the person the offer was made for."""

    async def record(table: str) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] | None = None
        async with scope.unit() as unit:
            if account is not None:
                if account.external_id is not None:
                    found = await unit.claim_records.of_subject(table, account.external_id)
            elif issuance.subject_key_id is not None:
                found = await unit.claim_records.of_issuance(table, issuance.subject_key_id)
        return found

    return record


def _named(
    configuration: CredentialConfiguration, choice: SourceChoice, claims: Mapping[str, Any]
) -> Mapping[str, Any]:
    """What the type's schema names. Raises InvalidClaims for more, unless it is to be dropped."""
    named = properties_of(configuration)
    if named is None or claims.keys() <= named.keys():
        return claims
    if not choice.drop_unnamed:
        raise InvalidClaims("members that the type does not name")
    return {name: claims[name] for name in claims if name in named}


async def _alarm(scope: Scope) -> None:
    async with scope.unit() as unit:
        unit.alarm(SecurityEvent("medium", "integrity", "claim_source_answer", detection="schema"))
        await unit.commit()
