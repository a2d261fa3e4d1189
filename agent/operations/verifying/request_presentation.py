"""POST /presentation-requests: a presentation is asked for (OpenID4VP 1.0, 5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.encryption.ephemeral import new_agreement_key
from agent.operations.verifying import secrets
from agent.operations.verifying.authorization_requests import link_to, request_of, sign, signer_of
from agent.operations.verifying.dcql_queries import active_query, in_words
from agent.operations.verifying.identity import UNSIGNED, page_uri
from agent.operations.verifying.policies import chosen
from agent.operations.verifying.request_terms import require_terms
from agent.scope import Scope
from agent.scope.limits import VERIFICATIONS
from agent.scope.policies import PolicyRules, VerificationPolicy
from agent.scope.settings import VERIFYING
from agent.scope.verifying import NewPresentationRequest, RequestTerms
from agent.tenancy import uuid7
from protocols import haip
from protocols.dcql import query as dcql
from protocols.dcql.build import PlainCredential
from protocols.encoding import b64url
from protocols.jose.jwk import public, thumbprint
from protocols.openid4vp import authorization_request, transaction_data
from protocols.openid4vp.authorization_request import DIGITAL, ENCRYPTED, FRAGMENT, POSTED, SCHEME
from protocols.openid4vp.digital_credentials import audience, origin_of
from protocols.ports import RequestSigner


@dataclass(frozen=True, slots=True)
class RequestPresentation:
    """Request: a DCQL query, the same in plain words, or the name of a stored one; how the verifier names itself; how
    the answer comes.

    `client_id_prefixes` are for a request over the Digital Credentials API that several identities sign, the prefix
    `origin` for one that nobody signs. `same_device`: the person's browser begins on a page of ours and comes back.
    `authorization_endpoint` is the wallet's, where the link leads to, None for the scheme that any wallet may have.
    `policy` is the name of the verification policy that decides, None for the one named "default", if there is one;
    `purpose` and `legal_basis`, what is disclosed for and on what ground, are its if they are None.
    """

    dcql_query: Mapping[str, Any] | None = None
    credentials: Sequence[PlainCredential] = ()
    client_id_prefix: str = "x509_hash"
    response_mode: str = "direct_post.jwt"
    redirect_uri: str | None = None
    lifetime: timedelta = timedelta(minutes=5)
    query: str | None = None
    client_id_prefixes: tuple[str, ...] = ()
    same_device: bool = False
    origins: tuple[str, ...] = ()
    transaction_data: Sequence[Mapping[str, Any]] = ()
    verifier_info: Sequence[Mapping[str, Any]] = ()
    request_uri_method: str | None = None
    by_value: bool = False
    profile: str | None = None
    authorization_endpoint: str | None = None
    policy: str | None = None
    purpose: str | None = None
    legal_basis: str | None = None


@dataclass(frozen=True, slots=True)
class RequestedPresentation:
    """The name under which the result is asked for; the link for the wallet, where one is invoked by a link; the page
    where a browser begins, where one takes part."""

    presentation_id: UUID
    authorization_request_uri: str | None
    client_id: str | None
    start_uri: str | None = None


async def request_presentation(scope: Scope, request: RequestPresentation) -> RequestedPresentation:
    """Raises InvalidQuery, UnknownQuery, UnknownPolicy, UnknownPrefix, UnknownFormat, InvalidTransactionData,
    InvalidTerms, NotByProfile, FeatureOff, LimitReached."""
    scope.catalogue.tenant.require(VERIFYING)
    # 1. what is asked
    query_id, wanted = await _query(scope, request)
    asked = dcql.read_back(wanted)
    # 2. on which terms
    request = _completed(scope, request)
    require_terms(scope, request, asked)
    policy = chosen(scope, request.policy)
    # 3. as whom, with a key of its own
    new, signer = await _named(scope, _new(scope, request, asked, query_id, policy))
    # 4. kept, and told
    async with scope.quotas.spend(scope, VERIFICATIONS), scope.unit() as unit:
        metadata = {"prefix": new.client_id_prefix, "response_mode": new.response_mode}
        unit.record(AuditEvent("presentation.requested", "presentation_request", new.id, "request", new.id, metadata))
        await unit.presentations.add(new)
        await unit.commit()
    return await _told(scope, request, new, signer)


async def _query(scope: Scope, request: RequestPresentation) -> tuple[UUID | None, Mapping[str, Any]]:
    if request.query is None:
        return None, in_words(scope, request.credentials) if request.credentials else request.dcql_query or {}
    found = await active_query(scope, request.query)
    return found.id, found.dcql_query


def _completed(scope: Scope, request: RequestPresentation) -> RequestPresentation:
    """With what the tenant's settings and the response mode leave no choice about."""
    settings, changed = scope.catalogue.verifier, dict[str, Any]()
    if request.profile is None and haip.PROFILE in settings.profiles:
        changed["profile"] = haip.PROFILE
    if request.response_mode in DIGITAL:
        changed["origins"] = request.origins or settings.origins or (origin_of(scope.tenant.base_url),)
    if request.response_mode == FRAGMENT:
        changed["same_device"] = True
    if settings.verifier_info:
        changed["verifier_info"] = (*settings.verifier_info, *request.verifier_info)
    return replace(request, **changed) if changed else request


def _new(
    scope: Scope,
    request: RequestPresentation,
    asked: dcql.DcqlQuery,
    query_id: UUID | None,
    policy: VerificationPolicy | None,
) -> NewPresentationRequest:
    rules = policy.rules if policy else PolicyRules()
    made = uuid7(scope.now(), scope.entropy(10))
    return NewPresentationRequest(
        id=made,
        verifier_id=scope.catalogue.verifier_id,
        dcql_query=asked.sent,
        client_id_prefix=request.client_id_prefix,
        response_mode=request.response_mode,
        client_id="",
        nonce_hash=secrets.digest(secrets.nonce(scope.vault, made)),
        state_hash=secrets.digest(secrets.state(scope.vault, made)),
        encryption_key=_fresh_key() if request.response_mode in ENCRYPTED else None,
        expires_at=scope.now() + request.lifetime,
        terms=RequestTerms(
            redirect_uri=request.redirect_uri,
            same_device=request.same_device,
            origins=request.origins,
            verifier_info=tuple(request.verifier_info),
            prefixes=request.client_id_prefixes,
            profile=request.profile,
            authorization_endpoint=request.authorization_endpoint,
            request_uri_method=request.request_uri_method,
            purpose=request.purpose or rules.purpose,
            legal_basis=request.legal_basis or rules.legal_basis,
        ),
        transaction_data=transaction_data.render(request.transaction_data),
        query_id=query_id,
        policy_id=policy.id if policy else None,
    )


def _fresh_key() -> Mapping[str, Any]:
    key = new_agreement_key()
    jwk = public({name: value for name, value in key.items() if name != "d"})
    return {**key, "kid": b64url(thumbprint(jwk))}


async def _named(scope: Scope, new: NewPresentationRequest) -> tuple[NewPresentationRequest, RequestSigner]:
    """With the client identifier, which every identity that signs must be able to have; and how it signs."""
    for prefix in new.terms.prefixes:
        await signer_of(scope, new, prefix)
    if new.client_id_prefix == UNSIGNED:
        return replace(new, client_id=audience(new.terms.origins[0])), RequestSigner(signed=False)
    client_id, signer = await signer_of(scope, new)
    return replace(new, client_id=client_id), signer


async def _told(
    scope: Scope, request: RequestPresentation, new: NewPresentationRequest, signer: RequestSigner
) -> RequestedPresentation:
    page = None if new.response_mode in POSTED and not new.terms.same_device else page_uri(scope, new.id)
    link = None if new.response_mode in DIGITAL else await _link(scope, request, new, signer)
    return RequestedPresentation(new.id, link, None if new.client_id_prefix == UNSIGNED else new.client_id, page)


async def _link(scope: Scope, request: RequestPresentation, new: NewPresentationRequest, signer: RequestSigner) -> str:
    if not (signer.signed and request.by_value):
        return link_to(scope, new, signer)
    token = await sign(scope, request_of(scope, new, signer), new, signer)
    return authorization_request.signed_by_value(new.client_id, token, request.authorization_endpoint or SCHEME)
