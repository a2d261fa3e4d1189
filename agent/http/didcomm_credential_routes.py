"""The admin API's rows for credentials over DIDComm: offer, propose, ask, issue, and what is held."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from agent.http.admin_schemas import ClosedSchema, small
from agent.http.anoncreds_routes import ProofRequestBody, terms_of
from agent.http.didcomm_routes import added, contact_of, optional_id, thread_of
from agent.operations.administering import scopes
from agent.operations.messaging.abandon_thread import AbandonThread, abandon_thread
from agent.operations.messaging.credentials.attaching import OfferTerms
from agent.operations.messaging.credentials.formats import OFFERED
from agent.operations.messaging.credentials.hold import (
    ProposeCredential,
    list_held,
    propose_credential,
    request_credential,
)
from agent.operations.messaging.credentials.issue import OfferCredential, issue_requested, offer_credential
from agent.operations.messaging.credentials.prove import (
    AskForProof,
    Present,
    ProposeProof,
    ask_for_proof,
    present,
    propose_proof,
)
from agent.operations.messaging.credentials.proving import ProofTerms
from agent.operations.messaging.look import PAGE
from agent.scope.holding import HeldCredential
from protocols.didcomm.attached import Attached
from protocols.http import NO_STORE, Call, Reply, Route, json_reply

_WORDS = validate.Length(0, 256)
_COMMENT = fields.String(validate=validate.Length(0, 1_000), load_default="")


class DidcommOfferBody(ClosedSchema):
    """POST /didcomm/contacts/{contact}/credential-offers, /didcomm/threads/{thread}/credential-offer."""

    credential_configuration_id = fields.String(validate=validate.Length(0, 512), load_default="")
    definition = fields.UUID(load_default=None)
    format = fields.String(validate=validate.OneOf(("", *OFFERED)), load_default="")
    claims = fields.Dict(load_default=dict, validate=small)
    subject = fields.String(validate=validate.Length(1, 256), load_default=None)
    holder = fields.String(validate=validate.Length(7, 2048), load_default=None)
    expires_in = fields.Integer(validate=validate.Range(30, 604_800), load_default=None, strict=True)
    comment = _COMMENT
    goal_code = fields.String(validate=_WORDS, load_default="")


class AttachmentBody(ClosedSchema):
    """One attachment of a proposal: a format's identifier and its JSON."""

    format = fields.String(required=True, validate=validate.Length(1, 256))
    content = fields.Dict(required=True, validate=small)


class ProposalBody(ClosedSchema):
    """POST /didcomm/contacts/{contact}/credential-proposals, /didcomm/threads/{thread}/credential-proposal."""

    attachments = fields.List(fields.Nested(AttachmentBody), required=True, validate=validate.Length(1, 8))
    preview = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict, validate=small)
    comment = _COMMENT


class DidcommProofRequestBody(ClosedSchema):
    """POST /didcomm/contacts/{contact}/proof-requests, /didcomm/threads/{thread}/proof-request."""

    anoncreds = fields.Nested(ProofRequestBody, load_default=None)

    dcql_query = fields.Dict(load_default=dict, validate=small)
    query = fields.String(validate=_WORDS, load_default=None)
    policy = fields.String(validate=_WORDS, load_default=None)
    proof_types = fields.List(fields.String(validate=_WORDS), load_default=list, validate=validate.Length(0, 8))
    expires_in = fields.Integer(validate=validate.Range(30, 604_800), load_default=600, strict=True)
    comment = _COMMENT


class ProofProposalBody(ClosedSchema):
    """POST /didcomm/contacts/{contact}/proof-proposals, /didcomm/threads/{thread}/proof-proposal."""

    attachments = fields.List(fields.Nested(AttachmentBody), required=True, validate=validate.Length(1, 8))
    comment = _COMMENT


class PresentationBody(ClosedSchema):
    """POST /didcomm/threads/{thread}/presentation."""

    credentials = fields.List(fields.UUID(), load_default=list, validate=validate.Length(0, 8))


class EmptyBody(ClosedSchema):
    """POST /didcomm/threads/{thread}/credential-request, /didcomm/threads/{thread}/credential."""


class ProblemBody(ClosedSchema):
    """POST /didcomm/threads/{thread}/problem-report."""

    comment = _COMMENT


def _offer(call: Call) -> OfferCredential:
    body = DidcommOfferBody.read(call)
    seconds = body["expires_in"]
    terms = OfferTerms(
        body["credential_configuration_id"],
        body["definition"],
        body["claims"],
        body["subject"],
        body["holder"],
        timedelta(seconds=seconds) if seconds else None,
        body["format"],
    )
    return OfferCredential(terms, **_where(call), comment=body["comment"], goal_code=body["goal_code"])


def _where(call: Call) -> dict[str, UUID]:
    """To a contact in a new thread, or in one that stands."""
    return {"contact": contact_of(call)} if "contact" in call.path else {"thread": thread_of(call)}


def _proposal(call: Call) -> ProposeCredential:
    body = ProposalBody.read(call)
    attached = tuple(Attached(one["format"], one["content"]) for one in body["attachments"])
    return ProposeCredential(attached, **_where(call), comment=body["comment"], preview=body["preview"])


def _proof_request(call: Call) -> AskForProof:
    body = DidcommProofRequestBody.read(call)
    asked = body["anoncreds"]
    terms = ProofTerms(
        body["dcql_query"],
        body["query"],
        body["policy"],
        tuple(body["proof_types"]),
        terms_of(asked) if asked else None,
        timedelta(seconds=body["expires_in"]),
    )
    return AskForProof(terms, **_where(call), comment=body["comment"])


def _proof_proposal(call: Call) -> ProposeProof:
    body = ProofProposalBody.read(call)
    attached = tuple(Attached(one["format"], one["content"]) for one in body["attachments"])
    return ProposeProof(attached, **_where(call), comment=body["comment"])


def _presentation(call: Call) -> Present:
    return Present(thread_of(call), tuple(PresentationBody.read(call)["credentials"]))


def _nothing(call: Call) -> UUID:
    EmptyBody.read(call)
    return thread_of(call)


def _problem(call: Call) -> AbandonThread:
    return AbandonThread(thread_of(call), ProblemBody.read(call)["comment"])


def _after(call: Call) -> UUID | None:
    return optional_id(call, "after")


def _held(one: HeldCredential) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "format": one.format,
        "type": one.type,
        "issuer": one.issuer,
        "status": one.status,
        "issued_at": one.issued_at.isoformat(timespec="seconds"),
        "expires_at": one.expires_at.isoformat(timespec="seconds") if one.expires_at else None,
        "credential": dict(one.credential),
    }


def _holdings(found: list[HeldCredential]) -> Reply:
    last = str(found[-1].id) if len(found) == PAGE else None
    return json_reply({"items": [_held(one) for one in found], "next": last}, headers=NO_STORE)


_issue, _hold, _verify = scopes.OFFERS_WRITE, scopes.HOLDINGS_WRITE, scopes.REQUESTS_WRITE
_CONTACT, _THREAD = "/didcomm/contacts/{contact}", "/didcomm/threads/{thread}"
ROWS = (
    Route("POST", f"{_CONTACT}/credential-offers", _issue, _offer, offer_credential, added),
    Route("POST", f"{_THREAD}/credential-offer", _issue, _offer, offer_credential, added),
    Route("POST", f"{_THREAD}/credential", _issue, _nothing, issue_requested, added),
    Route("POST", f"{_CONTACT}/credential-proposals", _hold, _proposal, propose_credential, added),
    Route("POST", f"{_THREAD}/credential-proposal", _hold, _proposal, propose_credential, added),
    Route("POST", f"{_THREAD}/credential-request", _hold, _nothing, request_credential, added),
    Route("POST", f"{_CONTACT}/proof-requests", _verify, _proof_request, ask_for_proof, added),
    Route("POST", f"{_THREAD}/proof-request", _verify, _proof_request, ask_for_proof, added),
    Route("POST", f"{_CONTACT}/proof-proposals", _hold, _proof_proposal, propose_proof, added),
    Route("POST", f"{_THREAD}/proof-proposal", _hold, _proof_proposal, propose_proof, added),
    Route("POST", f"{_THREAD}/presentation", _hold, _presentation, present, added),
    Route("POST", f"{_THREAD}/problem-report", scopes.CONTACTS_WRITE, _problem, abandon_thread, added),
    Route("GET", "/didcomm/credentials", scopes.HOLDINGS_READ, _after, list_held, _holdings),
)
"""Rows under the admin API's base."""
BODIES = {
    ("POST", f"{_CONTACT}/credential-offers"): DidcommOfferBody,
    ("POST", f"{_THREAD}/credential-offer"): DidcommOfferBody,
    ("POST", f"{_THREAD}/credential"): EmptyBody,
    ("POST", f"{_CONTACT}/credential-proposals"): ProposalBody,
    ("POST", f"{_THREAD}/credential-proposal"): ProposalBody,
    ("POST", f"{_THREAD}/credential-request"): EmptyBody,
    ("POST", f"{_CONTACT}/proof-requests"): DidcommProofRequestBody,
    ("POST", f"{_THREAD}/proof-request"): DidcommProofRequestBody,
    ("POST", f"{_CONTACT}/proof-proposals"): ProofProposalBody,
    ("POST", f"{_THREAD}/proof-proposal"): ProofProposalBody,
    ("POST", f"{_THREAD}/presentation"): PresentationBody,
    ("POST", f"{_THREAD}/problem-report"): ProblemBody,
}
