"""What has to be presented before a credential is issued: asked for over OpenID4VP, and judged against the claims.

The presentation is requested, answered and verified as any other is; here is only for which issuance it was made.
Evidence of one sign-in or offer is none of another, and none of another version of the policy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from agent.operations.issuing import codes
from agent.operations.verifying.owned_presentations import tie
from agent.operations.verifying.request_presentation import RequestPresentation, request_presentation
from agent.scope import Scope
from agent.scope.authorizing import AuthorizationSession
from agent.scope.deferring import Account, EvidenceAsked
from agent.scope.issuing import Authorized
from agent.scope.keeping import Whom
from agent.scope.tenants import CredentialConfiguration, IssuancePolicy, RequiredEvidence
from agent.scope.verifying import PresentationResult
from protocols.errors import ProtocolError

MOST = 20
"""So many requests for one sign-in or offer."""
VERIFIED, WAITING = "verified", "waiting"
_OPEN = frozenset({"created", "fetched", "answered"})


class EvidenceMissing(ProtocolError):
    """What has to be presented first was not."""

    code = "access_denied"
    status = 403


class EvidenceGone(ProtocolError):
    """There is nothing to present here any more."""

    code = "invalid_request"
    status = 410


class TooManyRequests(ProtocolError):
    """This was asked for too often; begin again."""

    code = "slow_down"
    status = 429


@dataclass(frozen=True, slots=True)
class Owner:
    """For whom a presentation is asked: a sign-in until the person approves, an issuance from then on."""

    session: UUID | None = None
    issuance: UUID | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What came of which request: "verified", "waiting", "refused", "expired", "mismatch", or "none"."""

    state: str
    request: UUID | None = None


def policies_with_evidence(configurations: Sequence[CredentialConfiguration]) -> list[IssuancePolicy]:
    """The policies, each once, that want something presented."""
    found = {one.policy.id: one.policy for one in configurations if one.policy and one.policy.evidence}
    return list(found.values())


def wants_evidence(scope: Scope, names: Sequence[str]) -> bool:
    """Whether a policy of one of these configurations wants anything presented."""
    return bool(policies_with_evidence([one for name in names if (one := scope.catalogue.configuration(name))]))


async def evidence_of(
    scope: Scope,
    owner: Owner,
    policy: IssuancePolicy,
    claims: Mapping[str, Any] | None = None,
    holders: Sequence[str] | None = None,
    aging: bool = True,
) -> Evidence:
    """The best that was presented for a policy; the newest request otherwise.

    `claims` are those to be issued, None while they are not known; `holders` the thumbprints of the keys to be bound;
    `aging`: one that is older than the policy's `max_age` is none.
    """
    required = policy.evidence
    if required is None:
        return Evidence(VERIFIED)
    async with scope.unit() as unit:
        asked = [one for one in await _asked(unit, owner) if one.policy_id == policy.id]
        results = [await unit.presentations.result(one.request_id) for one in asked]
    before = scope.now() - required.max_age if aging else None
    judged = [_judged(required, one, before, claims, holders) for one in results if one is not None]
    return next((one for one in judged if one.state == VERIFIED), judged[0] if judged else Evidence("none"))


async def _asked(unit: Any, owner: Owner) -> Sequence[EvidenceAsked]:
    if owner.session is not None:
        found: Sequence[EvidenceAsked] = await unit.evidence.of_session(owner.session)
    else:
        found = await unit.evidence.of_issuance(owner.issuance)
    return found


def _judged(
    required: RequiredEvidence,
    result: PresentationResult,
    not_before: datetime | None,
    claims: Mapping[str, Any] | None,
    holders: Sequence[str] | None,
) -> Evidence:
    """Verified, of now, about this person, with this key; anything else is not evidence."""
    if result.state in _OPEN:
        return Evidence(WAITING, result.id)
    if result.state != VERIFIED or result.verified_at is None:
        return Evidence("expired" if result.state == "expired" else "refused", result.id)
    if not_before is not None and result.verified_at < not_before:
        return Evidence("expired", result.id)
    if claims is not None and not _matches(required, result, claims):
        return Evidence("mismatch", result.id)
    if required.same_key and holders is not None and not (holders and set(holders) <= set(result.holders)):
        return Evidence("mismatch", result.id)
    return Evidence(VERIFIED, result.id)


_NOTHING = object()


def _matches(required: RequiredEvidence, result: PresentationResult, claims: Mapping[str, Any]) -> bool:
    """Every rule finds a value in both, and the same one, type and all."""
    for rule in required.match:
        shown = [
            value
            for one in result.credentials
            if rule.credential in (None, one["id"]) and (value := _at(one["claims"], rule.path)) is not _NOTHING
        ]
        wanted = _at(claims, rule.claim)
        if not shown or wanted is _NOTHING or not all(_same(one, wanted) for one in shown):
            return False
    return True


def _at(value: Any, path: Sequence[str]) -> Any:
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            return _NOTHING
        value = value[name]
    return value


def _same(one: Any, other: Any) -> bool:
    """Equal in JSON: true is not 1."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_same(*pair) for pair in zip(one, other, strict=True))
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


async def outstanding(scope: Scope, session: AuthorizationSession) -> tuple[IssuancePolicy, Evidence] | None:
    """The first policy for which a signed-in person has not presented what it wants; None when nothing is missing."""
    names = session.request["configurations"]
    asked = [one for name in names if (one := scope.catalogue.configuration(name)) is not None]
    for policy in policies_with_evidence(asked):
        under = [one for one in asked if one.policy and one.policy.id == policy.id]
        claims = None if any(one.claim_source for one in under) else await _claims_of(scope, session)
        found = await evidence_of(scope, Owner(session=session.id), policy, claims)
        if found.state != VERIFIED:
            return policy, found
    return None


async def _claims_of(scope: Scope, session: AuthorizationSession) -> Mapping[str, Any]:
    """Those of the offer, else those of the account."""
    async with scope.unit() as unit:
        if session.issuance_id is not None:
            offered: Authorized | None = await unit.issuances.begun(session.issuance_id)
            if offered is not None and offered.claims_given:
                return offered.claims
        account: Account | None = await unit.people.account(UUID(str(session.request["user"])))
    return account.claims if account else {}


async def begun_with_evidence(scope: Scope, reference: str) -> tuple[UUID, Sequence[tuple[IssuancePolicy, Evidence]]]:
    """Of an offer's page for what has to be presented: the issuance, and how it stands. Raises EvidenceGone."""
    issuance_id = codes.read_evidence_reference(scope.vault, reference)
    if issuance_id is None:
        raise EvidenceGone("not ours")
    async with scope.unit() as unit:
        issuance: Authorized | None = await unit.issuances.begun(issuance_id)
    if issuance is None:
        raise EvidenceGone("over")
    return issuance.id, await evidence_of_issuance(scope, issuance)


async def evidence_of_issuance(scope: Scope, issuance: Authorized) -> Sequence[tuple[IssuancePolicy, Evidence]]:
    """How it stands with every policy that wants something presented for what was offered."""
    found = []
    asked = [one for name in issuance.credential_configuration_ids if (one := scope.catalogue.configuration(name))]
    for policy in policies_with_evidence(asked):
        under = [one for one in asked if one.policy and one.policy.id == policy.id]
        claims = None if any(one.claim_source for one in under) else issuance.claims
        found.append((policy, await evidence_of(scope, Owner(issuance=issuance.id), policy, claims)))
    return found


async def ask_for_evidence(
    scope: Scope, owner: Owner, policy: IssuancePolicy, return_uri: str | None
) -> tuple[UUID, str]:
    """(the request's id, the link for a wallet). With `return_uri` it begins in a browser and has to come back there.

    Raises TooManyRequests, and what a presentation request is refused with.
    """
    required = policy.evidence
    if required is None:
        raise ValueError("the policy wants nothing presented")
    async with scope.unit() as unit:
        if len(await _asked(unit, owner)) >= MOST:
            raise TooManyRequests()
    made = await request_presentation(
        scope,
        RequestPresentation(
            dcql_query=required.dcql_query,
            query=required.query,
            redirect_uri=return_uri,
            same_device=return_uri is not None,
            policy=required.verification_policy,
        ),
    )
    async with scope.unit() as unit:
        await unit.evidence.ask(made.presentation_id, policy.id, owner.session, owner.issuance)
        await unit.commit()
    return made.presentation_id, made.authorization_request_uri or ""


async def own_evidence(scope: Scope, issuance: Authorized, request: UUID) -> None:
    """What was presented for an issuance is of the person that it is for: in their copy, and gone with them."""
    async with scope.unit() as unit:
        person = issuance.subject_key_id
        if person is None and issuance.user_id is not None:
            person = next(iter(await unit.erasures.keys_of(Whom(user=issuance.user_id))), None)
        if person is not None and await tie(unit, request, person):
            await unit.commit()
