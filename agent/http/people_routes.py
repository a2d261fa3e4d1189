"""The admin API's rows for what a person may ask for: a copy of what is kept of them, and that it goes."""

from typing import Any
from uuid import UUID

from marshmallow import ValidationError, fields, validate, validates_schema

from agent.http.admin_schemas import WORD, ClosedSchema
from agent.http.failures import NotFound
from agent.operations.administering import scopes
from agent.operations.keeping.erase_person import (
    PAGE,
    RequestErasure,
    approve_erasure,
    list_erasures,
    request_erasure,
    show_erasure,
)
from agent.operations.keeping.export_person import export_person
from agent.operations.verifying.owned_presentations import LinkPresentation, erase_presentation, link_presentation
from agent.scope import Scope
from agent.scope.keeping import Erasure, Whom
from protocols.http import NO_STORE, Call, Reply, Route, json_reply


class WhomBody(ClosedSchema):
    """POST /person-exports: one of the two."""

    user = fields.UUID(load_default=None)
    subject = fields.String(validate=validate.Length(1, 256), load_default=None)

    @validates_schema
    def _one(self, data: dict[str, Any], **_: object) -> None:
        if (data.get("user") is None) == (data.get("subject") is None):
            raise ValidationError("Name the account, or your own name for the person.", "user")


class HolderBody(WhomBody):
    """POST /presentation-requests/{presentation}/subject: who presented."""


class ErasureBody(WhomBody):
    """POST /erasure-requests."""

    legal_basis = fields.String(validate=WORD, load_default="erasure")


def _whom(call: Call) -> Whom:
    body = WhomBody.read(call)
    return Whom(body["user"], body["subject"])


def _asked(call: Call) -> RequestErasure:
    body = ErasureBody.read(call)
    return RequestErasure(Whom(body["user"], body["subject"]), body["legal_basis"])


def _named(call: Call, name: str) -> UUID:
    try:
        return UUID(call.path[name])
    except ValueError:
        raise NotFound("not an id") from None


def _id(call: Call) -> UUID:
    return _named(call, "erasure")


def _presentation(call: Call) -> UUID:
    return _named(call, "presentation")


def _holder(call: Call) -> LinkPresentation:
    body = HolderBody.read(call)
    return LinkPresentation(_presentation(call), Whom(body["user"], body["subject"]))


def _after(call: Call) -> UUID:
    after = call.query_parameters().get("after")
    try:
        return UUID(after) if after else UUID(int=0)
    except ValueError:
        raise NotFound("not an id") from None


def _erasure(one: Erasure) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "state": one.state,
        "legal_basis": one.legal_basis,
        "requested_at": one.requested_at.isoformat(timespec="seconds"),
        "completed_at": one.completed_at.isoformat(timespec="seconds") if one.completed_at else None,
        "certificate": one.certificate,
    }


async def _request(scope: Scope, request: RequestErasure) -> dict[str, str]:
    return {"id": str(await request_erasure(scope, request))}


async def _list(scope: Scope, after: UUID) -> dict[str, Any]:
    found = await list_erasures(scope, after)
    return {
        "items": [_erasure(one) for one in found],
        "next": str(found[-1].id) if len(found) == PAGE else None,
    }


def _shown(value: Any) -> Reply:
    return json_reply(value, headers=NO_STORE)


def _created(value: Any) -> Reply:
    return json_reply(value, 201, NO_STORE)


def _done(_: None) -> Reply:
    return Reply(204)


def _one(value: Erasure) -> Reply:
    return _shown(_erasure(value))


_ANSWER = "/presentation-requests/{presentation}"
ROWS = (
    Route("POST", "/person-exports", scopes.PEOPLE_READ, _whom, export_person, _shown),
    Route("POST", "/erasure-requests", scopes.ERASURES_WRITE, _asked, _request, _created),
    Route("GET", "/erasure-requests", scopes.ERASURES_READ, _after, _list, _shown),
    Route("GET", "/erasure-requests/{erasure}", scopes.ERASURES_READ, _id, show_erasure, _one),
    Route("POST", "/erasure-requests/{erasure}/approve", scopes.ERASURES_APPROVE, _id, approve_erasure, _one),
    Route("POST", f"{_ANSWER}/subject", scopes.REQUESTS_WRITE, _holder, link_presentation, _done),
    Route("POST", f"{_ANSWER}/erasure", scopes.ERASURES_APPROVE, _presentation, erase_presentation, _done),
)
"""Rows under the admin API's base."""
BODIES = {
    ("POST", "/person-exports"): WhomBody,
    ("POST", "/erasure-requests"): ErasureBody,
    ("POST", f"{_ANSWER}/subject"): HolderBody,
}
