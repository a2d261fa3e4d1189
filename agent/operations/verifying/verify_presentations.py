"""What is checked of a vp_token (OpenID4VP 1.0, 8.6), in the specification's order; nothing is fetched for what is
not signed, and whatever cannot be found out is a refusal. Each check is a line of the trail."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agent import gather
from agent.operations.verifying import secrets
from agent.operations.verifying.credential_schemas import require_credential_schemas
from agent.operations.verifying.own_status_token import with_own_token
from agent.operations.verifying.policies import policy_of
from agent.operations.verifying.policy_rules import Facts, accepted, require_policy
from agent.operations.verifying.schemas import WITH_SUBJECTS, known_schemas, require_schemas
from agent.operations.verifying.trail import Shown, Trail, told_key, told_reference
from agent.operations.verifying.type_metadata import require_type_metadata
from agent.scope import Scope
from agent.scope.policies import PolicyRules
from agent.scope.verifying import OpenRequest
from protocols import data_integrity, haip, x509
from protocols.checks import Checks
from protocols.dcql import query as dcql
from protocols.dcql.query import DcqlQuery
from protocols.dcql.select import require_authority, require_match, require_shape
from protocols.encoding import b64url, parse_b64url
from protocols.errors import ProtocolError
from protocols.openid4vp import transaction_data
from protocols.openid4vp.digital_credentials import audience
from protocols.openid4vp.response import InvalidResponse
from protocols.ports import Binding, OpenedPresentation, VerifiedCredential
from protocols.sd_jwt import SdJwt

SKEW = 60
"""Seconds by which another's clock may differ from ours."""


class UnacceptableIssuerKey(ProtocolError):
    """The profile does not allow the issuer's key to be named so."""

    code = "issuer_key_not_by_profile"


async def verify_presentations(
    scope: Scope, request: OpenRequest, vp_token: Any, origin: str | None, answer_uri: str, trail: Trail
) -> None:
    """Fills the trail. Raises a ProtocolError named for what failed first."""
    # 1. the form of the vp_token, and whether what must be there is (8.1, 6.4.2)
    with trail.checks as checks:
        asked = dcql.read_back(request.dcql_query)
        checks.begin("vp_token", [one.id for one in asked.credentials], _told_token(vp_token))
        trail.shown = _shown(asked, require_shape(asked, vp_token))
    # 2. each credential: whole, from an issuer that is believed, in time
    trail.policy = policy = await policy_of(scope, request)
    rules = policy.rules if policy else PolicyRules()
    for one in trail.shown:
        with one.checks:
            await _credential(scope, request, rules, one)
    # 3. each holder: here and now, for this request and these transactions
    await _bound(scope, request, trail, origin, answer_uri)
    # 4. whether it is what was asked for, and what the policy accepts
    for one in trail.shown:
        with one.checks:
            _require_answer(one)
            facts = _facts(scope, one)
            require_policy(rules, facts, one.checks)
            require_schemas(known_schemas(scope, facts, rules.schemas), facts, one.checks)
    # 5. whether it still holds
    for one in trail.shown:
        with one.checks:
            await _require_type_metadata(scope, rules, one)
            await _require_credential_schemas(scope, rules, one)
            await _require_certificates(scope, rules, one)
            await _require_status(scope, rules, one)


def _told_token(vp_token: Any) -> Any:
    if not isinstance(vp_token, dict):
        return type(vp_token).__name__
    return {name: len(value) if isinstance(value, list) else type(value).__name__ for name, value in vp_token.items()}


def _shown(asked: DcqlQuery, token: Mapping[str, Sequence[Any]]) -> list[Shown]:
    found = []
    for query_id, presentations in token.items():
        wanted = asked.credential(query_id)
        if wanted is None:
            raise InvalidResponse("an id that was not in the query")
        found += [Shown(wanted, one) for one in presentations]
    return found


async def _credential(scope: Scope, request: OpenRequest, rules: PolicyRules, one: Shown) -> None:
    checks = one.checks
    checks.begin("form", one.asked.format)
    one.format = scope.plugins["credential_formats"].get(one.asked.format)
    if one.format is None:
        raise InvalidResponse("format")
    found: OpenedPresentation = one.format.open(one.sent)
    one.opened = opened = replace(found, checks=checks)
    if request.terms.profile == haip.PROFILE:
        checks.begin("profile", sorted(haip.ISSUER_KEYS), opened.issuer.kind)
        if opened.issuer.kind not in haip.ISSUER_KEYS:
            raise UnacceptableIssuerKey(opened.issuer.kind)
    checks.begin("issuer_key", rules.trust_list or None, told_reference(opened.issuer))
    anchors = accepted(rules, scope.catalogue.anchors)
    one.issuer = issuer = await gather.issuer_key(scope, opened.issuer, anchors=anchors)
    checks.saw({**told_reference(opened.issuer), **told_key(issuer)})
    checks.begin_unless(one.format, "checks", "credential")
    verified: VerifiedCredential = await gather.finished(
        scope, one.format.verify(opened, issuer.jwk, issuer.algorithm, scope.now(), SKEW)
    )
    one.verified = verified


async def _bound(scope: Scope, request: OpenRequest, trail: Trail, origin: str | None, answer_uri: str) -> None:
    """A transaction may name several credentials and is confirmed by one of them: each way to share them is tried.

    The trail has the way that held, or the first."""
    answered = dict.fromkeys(one.asked.id for one in trail.shown)
    first: tuple[ProtocolError, list[Checks]] | None = None
    with trail.checks as checks:
        if request.transaction_data:
            checks.begin("transactions", len(request.transaction_data))
        shares = list(transaction_data.shares(request.transaction_data, answered))
    for share in shares:
        tried = [Checks() for _ in trail.shown]
        try:
            for one, lines in zip(trail.shown, tried, strict=True):
                with lines:
                    binding = _binding(scope, request, one, share, origin, answer_uri)
                    await _holder(scope, one, binding, lines)
        except ProtocolError as error:
            first = first or (error, tried)
            continue
        except Exception:
            _keep(trail, tried)
            raise
        return _keep(trail, tried)
    if first is None:
        raise InvalidResponse("nothing was presented")
    _keep(trail, first[1])
    raise first[0]


def _keep(trail: Trail, tried: Sequence[Checks]) -> None:
    for one, lines in zip(trail.shown, tried, strict=True):
        one.checks.extend(lines)


async def _holder(scope: Scope, one: Shown, binding: Binding, checks: Checks) -> None:
    if one.opened is None or (not one.asked.holder_binding and not one.opened.bound):
        return
    reference = one.believed.holder
    checks.begin("holder_key", seen=told_reference(reference) if reference else None)
    one.holder = holder = await gather.holder_key(scope, reference)
    checks.begin_unless(one.format, "binding_checks", "holder_binding")
    bound = replace(one.opened, checks=checks)
    await gather.finished(scope, one.format.verify_binding(bound, holder.jwk, binding, scope.now()))
    one.binding = binding
    if "holder_binding" not in one.believed.checks:
        one.verified = replace(one.believed, checks=(*one.believed.checks, "holder_binding"))


def _binding(
    scope: Scope,
    request: OpenRequest,
    one: Shown,
    share: Mapping[str, tuple[str, ...]],
    origin: str | None,
    answer_uri: str,
) -> Binding:
    """Over the Digital Credentials API the presentation is for the origin, elsewhere for the full client identifier."""
    key = request.encryption_key
    return Binding(
        audience=audience(origin) if origin is not None else request.client_id,
        nonce=secrets.nonce(scope.vault, request.id),
        response_uri=None if origin is not None else answer_uri,
        origin=origin,
        encryption_key_thumbprint=parse_b64url(key["kid"]) if key else None,
        transaction_data=share.get(one.asked.id, ()),
        skew=SKEW,
    )


def _require_answer(one: Shown) -> None:
    """Type, claims, and the authority: of the chain that was walked, not of the one that was sent; the anchor vouches
    for itself only."""
    asked, verified = one.asked, one.believed
    wanted = {"meta": asked.meta, "claims": [list(claim.path) for claim in asked.claims]}
    one.checks.begin("query", wanted, {"type": verified.type, "claims": sorted(verified.claims)})
    require_match(asked, verified)
    if asked.authorities is not None and one.issuer is not None:
        found = x509.authority_key_identifiers(one.issuer.chain[:-1])
        one.checks.begin("authority", _texts(asked.authorities), _texts(found))
        require_authority(asked, found)


def _texts(identifiers: Any) -> list[str]:
    return sorted(b64url(one) for one in identifiers)


def _facts(scope: Scope, one: Shown) -> Facts:
    verified, issuer = one.believed, one.issuer
    return Facts(
        format=verified.format,
        types=(verified.type, *verified.types),
        algorithm=issuer.algorithm if issuer else None,
        claims=verified.claims,
        issued_at=verified.issued_at,
        anchor=issuer.anchor.identifier if issuer and issuer.anchor else None,
        at=scope.now(),
        expires_at=verified.expires_at,
        has_status=verified.status is not None,
    )


async def _require_type_metadata(scope: Scope, rules: PolicyRules, one: Shown) -> None:
    content = one.opened.content if one.opened else None
    if isinstance(content, SdJwt):
        claims = one.believed.claims
        await require_type_metadata(scope, content.payload, claims, rules.type_metadata, one.checks)


async def _require_credential_schemas(scope: Scope, rules: PolicyRules, one: Shown) -> None:
    """What a W3C credential says of its own schema; of one that shows parts, what holds of parts."""
    if one.asked.format not in WITH_SUBJECTS:
        return
    proof = getattr(one.opened.content, "proof", None) if one.opened else None
    suite = scope.plugins["cryptosuites"].get(data_integrity.cryptosuite_of(proof)) if proof else None
    whole = suite is None or not suite.selective
    await require_credential_schemas(scope, one.believed.claims, rules.credential_schemas, one.checks, whole)


async def _require_certificates(scope: Scope, rules: PolicyRules, one: Shown) -> None:
    """That no certificate was revoked between the issuer's key and the anchor that was believed."""
    chain = one.issuer.chain if one.issuer else ()
    if not chain or rules.certificates == "off":
        one.checks.begin("certificates", seen="not asked for by the policy" if chain else "none")
        return
    one.checks.begin("certificates", rules.certificates)
    try:
        seen = await gather.require_unrevoked(scope, chain, rules.certificates == "mandatory")
    except gather.CertificateStatusUnavailable as error:
        if rules.certificates != "best_effort":
            raise
        one.checks.warned(error)
        return
    one.checks.saw([{name: getattr(found, name) for name in found.__slots__} for found in seen])


async def _require_status(scope: Scope, rules: PolicyRules, one: Shown) -> None:
    """What cannot be found out is a refusal, but for a policy that says otherwise."""
    reference = one.believed.status
    if reference is None or rules.revocation == "off":
        one.checks.begin("status", seen="none" if reference is None else "not asked for by the policy")
        return
    told = {"mechanism": reference.mechanism, "list": reference.uri, "index": reference.index}
    one.checks.begin("status", 0, told)
    try:
        one.status = seen = await with_own_token(scope, await gather.status_of(scope, reference))
    except gather.StatusUnavailable as error:
        if rules.revocation != "best_effort":
            raise
        one.checks.warned(error)
        return
    one.checks.saw({**told, "value": seen.value, "age": seen.age})
    gather.require_good(seen)
