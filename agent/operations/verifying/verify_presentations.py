"""What is checked of a vp_token (OpenID4VP 1.0, 8.6), in the specification's order; nothing is fetched for what is
not signed, and whatever cannot be found out is a refusal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agent import gather
from agent.operations.verifying import secrets
from agent.scope import Scope
from agent.scope.verifying import OpenRequest
from protocols import haip, x509
from protocols.dcql import query as dcql
from protocols.dcql.query import CredentialQuery
from protocols.dcql.select import require_authority, require_match, require_shape
from protocols.encoding import parse_b64url
from protocols.errors import ProtocolError
from protocols.openid4vp import transaction_data
from protocols.openid4vp.digital_credentials import audience
from protocols.openid4vp.response import InvalidResponse
from protocols.ports import Binding, OpenedPresentation, TrustedKey, VerifiedCredential

SKEW = 60
"""Seconds by which another's clock may differ from ours."""


class UnacceptableIssuerKey(ProtocolError):
    """The profile does not allow the issuer's key to be named so."""

    code = "issuer_key_not_by_profile"


@dataclass(frozen=True, slots=True)
class Shown:
    """One presentation on its way through the checks."""

    asked: CredentialQuery
    format: Any
    opened: OpenedPresentation
    issuer: TrustedKey
    verified: VerifiedCredential


async def verify_presentations(
    scope: Scope, request: OpenRequest, vp_token: Any, origin: str | None, answer_uri: str
) -> list[tuple[str, VerifiedCredential]]:
    """(Credential Query id, credential) of every presentation. Raises a ProtocolError named for what failed first."""
    # 1. the form of the vp_token, and whether what must be there is (8.1, 6.4.2)
    asked = dcql.parse(request.dcql_query)
    token = require_shape(asked, vp_token)
    # 2. each credential: whole, from an issuer that is believed, in time
    shown = []
    for query_id, presentations in token.items():
        wanted = asked.credential(query_id)
        if wanted is None:
            raise InvalidResponse("an id that was not in the query")
        shown += [await _credential(scope, request, wanted, one) for one in presentations]
    # 3. each holder: here and now, for this request and these transactions
    shown = await _bound(scope, request, shown, origin, answer_uri)
    # 4. whether it is what was asked for
    for one in shown:
        require_match(one.asked, one.verified)
        _require_authority(one)
    # 5. whether it still holds
    for one in shown:
        await gather.require_status(scope, one.verified.status)
    return [(one.asked.id, one.verified) for one in shown]


async def _credential(scope: Scope, request: OpenRequest, wanted: CredentialQuery, presentation: Any) -> Shown:
    verifies = scope.plugins["credential_formats"].get(wanted.format)
    if verifies is None:
        raise InvalidResponse("format")
    opened: OpenedPresentation = verifies.open(presentation)
    if request.terms.profile == haip.PROFILE and opened.issuer.kind not in haip.ISSUER_KEYS:
        raise UnacceptableIssuerKey(opened.issuer.kind)
    issuer = await gather.issuer_key(scope, opened.issuer)
    verified: VerifiedCredential = await gather.finished(
        scope, verifies.verify(opened, issuer.jwk, issuer.algorithm, scope.now(), SKEW)
    )
    return Shown(wanted, verifies, opened, issuer, verified)


async def _bound(
    scope: Scope, request: OpenRequest, shown: Sequence[Shown], origin: str | None, answer_uri: str
) -> list[Shown]:
    """A transaction may name several credentials and is confirmed by one of them: each way to share them is tried."""
    answered = dict.fromkeys(one.asked.id for one in shown)
    refusal: ProtocolError | None = None
    for share in transaction_data.shares(request.transaction_data, answered):
        try:
            bindings = [_binding(scope, request, one, share, origin, answer_uri) for one in shown]
            return [await _holder(scope, one, binding) for one, binding in zip(shown, bindings, strict=True)]
        except ProtocolError as error:
            refusal = refusal or error
    raise refusal or InvalidResponse("nothing was presented")


async def _holder(scope: Scope, one: Shown, binding: Binding) -> Shown:
    if not one.asked.holder_binding and not one.opened.bound:
        return one
    holder = await gather.holder_key(scope, one.verified.holder)
    await gather.finished(scope, one.format.verify_binding(one.opened, holder.jwk, binding, scope.now()))
    return replace(one, verified=replace(one.verified, checks=(*one.verified.checks, "holder_binding")))


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


def _require_authority(one: Shown) -> None:
    """The chain that was walked, not the one that was sent; the anchor vouches for itself only."""
    if one.asked.authorities is not None:
        require_authority(one.asked, x509.authority_key_identifiers(one.issuer.chain[:-1]))
