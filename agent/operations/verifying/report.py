"""The verification report: for the answer and each presentation every check in its order, what was expected and seen,
and which policy, key, chain and status token decided. It is the operator's; a wallet is told its id and nothing else.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from agent.gather import StatusSeen
from agent.operations.verifying import secrets
from agent.operations.verifying.trail import Shown, Trail
from agent.scope import Scope
from agent.scope.policies import VerificationPolicy
from agent.scope.verifying import OpenRequest
from protocols.checks import plain
from protocols.encoding import b64url, render_stable_json
from protocols.jose.jwk import thumbprint
from protocols.ports import Binding, KeyReference, TrustedKey, VerifiedCredential

FORM = 1
"""The form of a report; a reader refuses one it does not know."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided of an answer, and when: the request's new state, or "ignored". `errors` are code words."""

    report: UUID
    verdict: str
    errors: tuple[str, ...]
    at: datetime


def render(scope: Scope, request: OpenRequest, body: bytes, trail: Trail, decision: Decision) -> dict[str, Any]:
    """The report of an answer to a request that waited for it."""
    return {
        **_head(decision, request.id, body),
        "request": _request(scope, request),
        "policy": _policy(trail.policy),
        **_lines(trail),
    }


def render_ignored(request: UUID, body: bytes, trail: Trail, decision: Decision) -> dict[str, Any]:
    """The report of an answer that changed nothing."""
    return {**_head(decision, request, body), **_lines(trail)}


def _lines(trail: Trail) -> dict[str, Any]:
    for one in trail.shown:
        one.finish()
    return {"checks": trail.checks.render(), "presentations": [_presentation(one) for one in trail.shown]}


def _head(decision: Decision, request: UUID, body: bytes) -> dict[str, Any]:
    return {
        "form": FORM,
        "report": str(decision.report),
        "presentation_id": str(request),
        "verdict": decision.verdict,
        "errors": list(decision.errors),
        "decided_at": plain(decision.at),
        "answer": {"sha256": b64url(sha256(body).digest()), "bytes": len(body)},
    }


def _request(scope: Scope, request: OpenRequest) -> dict[str, Any]:
    """What the presentations had to be bound to, and what was asked."""
    return {
        "client_id": request.client_id,
        "client_id_prefix": request.client_id_prefix,
        "response_mode": request.response_mode,
        "nonce": secrets.nonce(scope.vault, request.id),
        "dcql_query": dict(request.dcql_query),
        "dcql_sha256": b64url(sha256(render_stable_json(dict(request.dcql_query))).digest()),
        "transaction_data": list(request.transaction_data),
        "profile": request.terms.profile,
        "purpose": request.terms.purpose,
        "legal_basis": request.terms.legal_basis,
        "origins": list(request.terms.origins),
        "created_at": plain(request.created_at),
        "expires_at": plain(request.expires_at),
    }


def _presentation(one: Shown) -> dict[str, Any]:
    opened, verified = one.opened, one.verified
    return {
        "query_id": one.asked.id,
        "format": one.asked.format,
        "type": opened.type if opened else None,
        "types": types_of(verified) if verified else [],
        "issuer": verified.issuer if verified else None,
        "issued_at": plain(verified.issued_at) if verified else None,
        "expires_at": plain(verified.expires_at) if verified else None,
        "sha256": b64url(one.digest),
        "issuer_key": _key(opened.issuer if opened else None, one.issuer),
        "holder_key": _key(verified.holder if verified else None, one.holder),
        "binding": _binding(one.binding) if one.binding else None,
        "status": _status(one.status) if one.status else None,
        "checks": one.checks.render(),
    }


def types_of(verified: VerifiedCredential) -> list[str]:
    """Every type, the one that names it first."""
    return list(dict.fromkeys((verified.type, *verified.types)))


def _policy(policy: VerificationPolicy | None) -> dict[str, Any] | None:
    """The version that decided, whole: what it said can be read when it is long retired."""
    if policy is None:
        return None
    return {"id": str(policy.id), "name": policy.name, "version": policy.version, "rules": asdict(policy.rules)}


def _key(reference: KeyReference | None, trusted: TrustedKey | None) -> dict[str, Any] | None:
    if trusted is None or reference is None:
        return None
    anchor = trusted.anchor
    return {
        "by": reference.kind,
        "identifier": trusted.identifier,
        "jwk": dict(trusted.jwk),
        "thumbprint": b64url(thumbprint(trusted.jwk)),
        "algorithm": trusted.algorithm,
        "chain": [b64url(der) for der in trusted.chain],
        "anchor": {"id": anchor.id, "identifier": anchor.identifier} if anchor else None,
    }


def _binding(binding: Binding) -> dict[str, Any]:
    """What the presentation was bound to, whole, so that it can be checked again."""
    thumbprint = binding.encryption_key_thumbprint
    whole = {name: getattr(binding, name) for name in Binding.__slots__}
    return {**whole, "encryption_key_thumbprint": b64url(thumbprint) if thumbprint else None}


def _status(seen: StatusSeen) -> Mapping[str, Any]:
    return {
        "mechanism": seen.reference.mechanism,
        "list": seen.reference.uri,
        "index": seen.reference.index,
        "value": seen.value,
        "read_at": plain(seen.read_at),
        "issued_at": plain(seen.issued_at),
        "expires_at": plain(seen.expires_at),
        "ttl": seen.ttl,
        "age": seen.age,
        "token_sha256": b64url(seen.token) if seen.token else None,
        "chain": [b64url(der) for der in seen.chain],
        "anchor": {"id": seen.anchor[0], "identifier": seen.anchor[1]} if seen.anchor else None,
    }
