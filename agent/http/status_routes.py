"""The admin API about issued credentials: listed, and what their status lists say of them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from marshmallow import fields, validate

from agent.http.admin_schemas import WORD, ClosedSchema
from agent.http.failures import NotFound
from agent.operations.administering import scopes
from agent.operations.issuing.change_status import (
    ChangeStatus,
    reinstate_credentials,
    revoke_credentials,
    suspend_credentials,
)
from agent.operations.issuing.set_message import SetMessage, set_message
from agent.scope import Scope
from agent.scope.status import CredentialListing
from protocols.http import NO_STORE, Call, Reply, Route, json_reply

_PAGE = 100


class StatusBody(ClosedSchema):
    """POST /credentials/{credential}/revoke, /suspend, /reinstate."""

    reason = fields.String(validate=WORD, load_default="unspecified")


class StatusesBody(StatusBody):
    """POST /credentials/revoke, /suspend, /reinstate."""

    credentials = fields.List(fields.UUID(), required=True, validate=validate.Length(1, 1000))


class MessageBody(StatusBody):
    """POST /credentials/{credential}/message: one of the messages of the credential's list, by its number."""

    value = fields.Integer(required=True, validate=validate.Range(0, 255), strict=True)


VERBS = {"revoke": revoke_credentials, "suspend": suspend_credentials, "reinstate": reinstate_credentials}
BODIES: Mapping[tuple[str, str], type[ClosedSchema]] = {
    **{
        ("POST", f"/credentials{path}/{verb}"): body
        for path, body in (("/{credential}", StatusBody), ("", StatusesBody))
        for verb in VERBS
    },
    ("POST", "/credentials/{credential}/message"): MessageBody,
}


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("not an id") from None


def _change(call: Call) -> ChangeStatus:
    return ChangeStatus((_uuid(call.path["credential"]),), StatusBody.read(call)["reason"])


def _changes(call: Call) -> ChangeStatus:
    body = StatusesBody.read(call)
    return ChangeStatus(body["credentials"], body["reason"])


def _message(call: Call) -> SetMessage:
    body = MessageBody.read(call)
    return SetMessage(_uuid(call.path["credential"]), body["value"], body["reason"])


def _cursor(call: Call) -> UUID:
    after = call.query_parameters().get("after")
    return _uuid(after) if after else UUID(int=0)


async def _list(scope: Scope, after: UUID) -> Sequence[CredentialListing]:
    async with scope.unit() as unit:
        found: Sequence[CredentialListing] = await unit.status_lists.credentials(after, _PAGE)
    return found


def _listed(found: Sequence[CredentialListing]) -> Reply:
    items = [
        {
            "id": str(one.id),
            "type": one.type,
            "format": one.format,
            "status": one.status,
            "issued_at": one.issued_at,
            "expires_at": one.expires_at,
        }
        for one in found
    ]
    following = str(found[-1].id) if len(found) == _PAGE else None
    return json_reply({"items": items, "next": following}, headers=NO_STORE)


def _changed(changed: Sequence[UUID]) -> Reply:
    return json_reply({"credentials": [str(one) for one in changed]}, headers=NO_STORE)


ROWS = (
    Route("GET", "/credentials", scopes.CREDENTIALS_READ, _cursor, _list, _listed),
    *(
        Route("POST", f"/credentials{path}/{verb}", scopes.CREDENTIALS_REVOKE, parse, operate, _changed)
        for path, parse in (("/{credential}", _change), ("", _changes))
        for verb, operate in VERBS.items()
    ),
    Route(
        "POST",
        "/credentials/{credential}/message",
        scopes.CREDENTIALS_REVOKE,
        _message,
        set_message,
        lambda _done: Reply(204),
    ),
)
