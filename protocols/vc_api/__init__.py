"""VC API (W3C CCG): credentials and presentations secured and verified over HTTP, for who may.

Requests are parsed and answers rendered here. A refusal is a problem (RFC 9457) whose type is the data model's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from protocols.errors import Malformed, ProtocolError
from protocols.http import NO_STORE, Call, Reply, json_reply

BASE = "/vc-api/{suite}"
_MOST_STATUSES = 4


@dataclass(frozen=True, slots=True)
class IssueRequest:
    """POST /credentials/issue: a credential without our proof, what is always disclosed of it, and the status entries,
    (type, purpose), that it is to have."""

    suite: str
    credential: Mapping[str, Any]
    mandatory: tuple[str, ...] = ()
    statuses: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class StatusRequest:
    """POST /credentials/status: whether a credential, by its id, is what the purpose says."""

    suite: str
    credential_id: str
    type: str
    purpose: str
    value: bool


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """POST /credentials/verify or /presentations/verify: a secured document, and what its proof must be bound to."""

    suite: str
    document: Mapping[str, Any]
    challenge: str | None = None
    domain: str | None = None


@dataclass(frozen=True, slots=True)
class DeriveRequest:
    """POST /credentials/derive: a base proof's credential and what is to be shown of it."""

    suite: str
    credential: Mapping[str, Any]
    pointers: tuple[str, ...] = ()
    nonce: str | None = None


@dataclass(frozen=True, slots=True)
class ProveRequest:
    """POST /presentations/prove: a presentation without a proof."""

    suite: str
    presentation: Mapping[str, Any]
    challenge: str | None = None
    domain: str | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of a verification: checks that passed, and what was refused, if anything was."""

    checks: Sequence[str]
    problem: ProtocolError | None = None


def _body(call: Call, member: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    body = call.json()
    if not isinstance(body, dict) or not isinstance(body.get(member), dict):
        raise Malformed(f"{member} is no object")
    options = body.get("options", {})
    if not isinstance(options, dict):
        raise Malformed("options is no object")
    return body[member], options


def _text(options: Mapping[str, Any], name: str) -> str | None:
    value = options.get(name)
    if value is not None and (not isinstance(value, str) or not 1 <= len(value) <= 2048):
        raise Malformed(f"options.{name}")
    return value


def _pointers(options: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """JSON pointers (RFC 6901)."""
    value = options.get(name, [])
    if not isinstance(value, list) or len(value) > 200:
        raise Malformed(f"options.{name}")
    if not all(isinstance(one, str) and len(one) <= 512 and (not one or one[0] == "/") for one in value):
        raise Malformed(f"options.{name}")
    return tuple(value)


def parse_issue(call: Call) -> IssueRequest:
    """Raises Malformed."""
    credential, options = _body(call, "credential")
    found = options.get("credentialStatus", [])
    entries = found if isinstance(found, list) else [found]
    if len(entries) > _MOST_STATUSES:
        raise Malformed("options.credentialStatus")
    statuses = tuple(_entry(one) for one in entries)
    return IssueRequest(call.path["suite"], credential, _pointers(options, "mandatoryPointers"), statuses)


def _entry(found: Any) -> tuple[str, str]:
    """The type and purpose of a status entry."""
    kind, purpose = (found.get(name) for name in ("type", "statusPurpose")) if isinstance(found, dict) else (None, None)
    if not isinstance(kind, str) or not isinstance(purpose, str):
        raise Malformed("type or statusPurpose of credentialStatus")
    return kind, purpose


def parse_status(call: Call) -> StatusRequest:
    """Raises Malformed."""
    body = call.json()
    name, value = (body.get("credentialId"), body.get("status", True)) if isinstance(body, dict) else (None, None)
    if not isinstance(name, str) or not 1 <= len(name) <= 16_384 or not isinstance(value, bool):
        raise Malformed("credentialId or status")
    return StatusRequest(call.path["suite"], name, *_entry(body.get("credentialStatus")), value)


def parse_verify(call: Call) -> VerifyRequest:
    """Raises Malformed."""
    document, options = _body(call, "verifiableCredential")
    return VerifyRequest(call.path["suite"], document, _text(options, "challenge"), _text(options, "domain"))


def parse_derive(call: Call) -> DeriveRequest:
    """Raises Malformed."""
    credential, options = _body(call, "verifiableCredential")
    return DeriveRequest(
        call.path["suite"], credential, _pointers(options, "selectivePointers"), _text(options, "nonce")
    )


def parse_verify_presentation(call: Call) -> VerifyRequest:
    """Raises Malformed."""
    document, options = _body(call, "verifiablePresentation")
    return VerifyRequest(call.path["suite"], document, _text(options, "challenge"), _text(options, "domain"))


def parse_prove(call: Call) -> ProveRequest:
    """Raises Malformed."""
    presentation, options = _body(call, "presentation")
    return ProveRequest(call.path["suite"], presentation, _text(options, "challenge"), _text(options, "domain"))


def render_credential(credential: Mapping[str, Any]) -> Reply:
    """201 with the secured credential."""
    return json_reply({"verifiableCredential": credential}, 201, NO_STORE)


def render_presentation(presentation: Mapping[str, Any]) -> Reply:
    """201 with the secured presentation."""
    return json_reply({"verifiablePresentation": presentation}, 201, NO_STORE)


def render_status(_changed: object) -> Reply:
    """200: it is so."""
    return json_reply({}, headers=NO_STORE)


def render_verification(found: Verification) -> Reply:
    """200 when all holds, 400 with the problem when it does not."""
    if found.problem is None:
        return json_reply({"verified": True, "checks": list(found.checks), "problemDetails": []}, headers=NO_STORE)
    body = {"verified": False, "checks": list(found.checks), "problemDetails": [problem(found.problem)]}
    return json_reply(body, 400, NO_STORE)


def problem(error: ProtocolError) -> dict[str, Any]:
    """Problem details (RFC 9457; VC Data Integrity 1.0, 4.7; VCDM 2.0, 7.2): never a value of the document."""
    return {"type": error.problem_type, "title": error.description, "status": error.status, "code": error.code}
