"""The admin API's rows for DIDComm: invitations, contacts, conversations, threads."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from agent.http.admin_schemas import ClosedSchema
from agent.http.failures import NotFound
from agent.operations.administering import scopes
from agent.operations.messaging.accept_invitation import AcceptInvitation
from agent.operations.messaging.create_invitation import CreatedInvitation, CreateInvitation
from agent.operations.messaging.handshakes import AUTO_ACCEPT
from agent.operations.messaging.invite import accept, invite, show_invitation
from agent.operations.messaging.look import (
    PAGE,
    Threads,
    list_contacts,
    list_threads,
    show_conversation,
    show_profile_of,
    show_thread,
)
from agent.operations.messaging.mediate import MEDIATE
from agent.operations.messaging.rotate_did import end_connection, rotate_did
from agent.operations.messaging.talk import SendText, ping, send_text
from agent.scope import Scope
from agent.scope.connections import Connection
from agent.scope.talking import MessageShown, ThreadShown
from agent.web.pages import qr
from protocols.http import NO_STORE, Call, Reply, Route, json_reply

_WORDS = validate.Length(0, 256)
# A QR code that a phone reads from a screen holds no more; the short URL leads to the same invitation.
_READABLE = 800


class InvitationBody(ClosedSchema):
    """POST /didcomm/invitations."""

    version = fields.Integer(validate=validate.OneOf((1, 2)), load_default=2, strict=True)
    goal_code = fields.String(validate=_WORDS, load_default="")
    goal = fields.String(validate=_WORDS, load_default="")
    label = fields.String(validate=_WORDS, load_default=None)
    multi_use = fields.Boolean(load_default=False)
    expires_in = fields.Integer(validate=validate.Range(30, 31_536_000), load_default=None, strict=True)
    auto_accept = fields.Boolean(load_default=True)
    mediate = fields.Boolean(load_default=False)


class AcceptanceBody(ClosedSchema):
    """POST /didcomm/contacts: somebody else's invitation."""

    url = fields.String(required=True, validate=validate.Length(1, 65_536))
    label = fields.String(validate=_WORDS, load_default="")
    goal_codes = fields.List(fields.String(validate=_WORDS), load_default=None, validate=validate.Length(0, 32))


class TextBody(ClosedSchema):
    """POST /didcomm/contacts/{contact}/messages."""

    content = fields.String(required=True, validate=validate.Length(1, 100_000))


class PingBody(ClosedSchema):
    """POST pings, rotations and end below /didcomm/contacts/{contact}."""


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("not an id") from None


def optional_id(call: Call, name: str) -> UUID | None:
    """An id in the query, if it is there. Raises NotFound."""
    given = call.query_parameters().get(name)
    return _uuid(given) if given else None


def _invitation(call: Call) -> dict[str, Any]:
    return InvitationBody.read(call)


async def _invite(scope: Scope, body: dict[str, Any]) -> CreatedInvitation:
    policy = {AUTO_ACCEPT: body["auto_accept"]} | ({MEDIATE: True} if body["mediate"] else {})
    label = scope.catalogue.verifier_name if body["label"] is None else body["label"]
    words = {name: body[name] for name in ("goal_code", "goal", "multi_use")}
    asked = CreateInvitation(**words, label=label, seconds=body["expires_in"], policy=policy)
    return await invite(scope, asked, body["version"])


def _acceptance(call: Call) -> AcceptInvitation:
    body = AcceptanceBody.read(call)
    codes = body["goal_codes"]
    return AcceptInvitation(body["url"], body["label"], None if codes is None else tuple(codes))


def _text(call: Call) -> SendText:
    return SendText(contact_of(call), TextBody.read(call)["content"])


def _ping(call: Call) -> UUID:
    PingBody.read(call)
    return contact_of(call)


async def _rotate(scope: Scope, contact: UUID) -> tuple[Connection, Mapping[str, str]]:
    await rotate_did(scope, contact)
    return await show_profile_of(scope, contact)


async def _end(scope: Scope, contact: UUID) -> tuple[Connection, Mapping[str, str]]:
    await end_connection(scope, contact)
    return await show_profile_of(scope, contact)


def contact_of(call: Call) -> UUID:
    """The contact that a path names. Raises NotFound."""
    return _uuid(call.path["contact"])


def thread_of(call: Call) -> UUID:
    """The thread that a path names. Raises NotFound."""
    return _uuid(call.path["thread"])


def _threads(call: Call) -> Threads:
    return Threads(optional_id(call, "after"), optional_id(call, "contact"))


def _after(call: Call) -> UUID | None:
    return optional_id(call, "after")


def _invited(made: CreatedInvitation, status: int = 201) -> Reply:
    scanned = made.url if len(made.url) <= _READABLE else made.short_url
    found = {
        "id": str(made.connection),
        "url": made.url,
        "short_url": made.short_url,
        "invitation": dict(made.invitation),
        "qr": scanned,
        "qr_svg": str(qr(scanned)),
    }
    return json_reply(found, status, NO_STORE)


def _invitation_shown(made: CreatedInvitation) -> Reply:
    return _invited(made, 200)


def added(row: UUID) -> Reply:
    """The id of what was made."""
    return json_reply({"id": str(row)}, 201, NO_STORE)


def _contact_shown(one: Connection) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "version": one.version,
        "state": one.state,
        "protocol": one.protocol,
        "label": one.label,
        "their_did": one.their_did or None,
        "multi_use": one.multi_use,
        "policy": dict(one.policy),
        "created_at": one.created.isoformat(timespec="seconds") if one.created else None,
        "expires_at": one.expires.isoformat(timespec="seconds") if one.expires else None,
    }


def _contacts(found: list[Connection]) -> Reply:
    last = str(found[-1].id) if len(found) == PAGE else None
    return json_reply({"items": [_contact_shown(one) for one in found], "next": last}, headers=NO_STORE)


def _one_contact(found: tuple[Connection, Mapping[str, str]]) -> Reply:
    contact, profile = found
    return json_reply({**_contact_shown(contact), "profile": dict(profile)}, headers=NO_STORE)


def _thread_shown(one: ThreadShown) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "contact": str(one.connection) if one.connection else None,
        "protocol": one.protocol,
        "role": one.role,
        "state": one.state,
        "data": dict(one.data),
        "created_at": one.created.isoformat(timespec="seconds"),
        "closed_at": one.closed.isoformat(timespec="seconds") if one.closed else None,
    }


def _message_shown(one: MessageShown) -> dict[str, Any]:
    redirect = one.web_redirect
    return {
        "id": str(one.id),
        "thread": str(one.thread),
        "direction": one.direction,
        "type": one.type,
        "state": one.state,
        "body": dict(one.body),
        "web_redirect": {"status": redirect.status, "redirectUrl": redirect.url} if redirect else None,
        "created_at": one.created.isoformat(timespec="milliseconds"),
    }


def _threads_shown(found: list[ThreadShown]) -> Reply:
    last = str(found[-1].id) if len(found) == PAGE else None
    return json_reply({"items": [_thread_shown(one) for one in found], "next": last}, headers=NO_STORE)


def _one_thread(found: tuple[ThreadShown, list[MessageShown]]) -> Reply:
    thread, messages = found
    shown = {**_thread_shown(thread), "messages": [_message_shown(one) for one in messages]}
    return json_reply(shown, headers=NO_STORE)


def _conversation(found: list[MessageShown]) -> Reply:
    return json_reply({"items": [_message_shown(one) for one in found], "next": None}, headers=NO_STORE)


_read, _write = scopes.CONTACTS_READ, scopes.CONTACTS_WRITE
ROWS = (
    Route("POST", "/didcomm/invitations", _write, _invitation, _invite, _invited),
    Route("POST", "/didcomm/contacts", _write, _acceptance, accept, added),
    Route("GET", "/didcomm/contacts", _read, _after, list_contacts, _contacts),
    Route("GET", "/didcomm/contacts/{contact}", _read, contact_of, show_profile_of, _one_contact),
    Route("GET", "/didcomm/contacts/{contact}/invitation", _read, contact_of, show_invitation, _invitation_shown),
    Route("POST", "/didcomm/contacts/{contact}/messages", _write, _text, send_text, added),
    Route("GET", "/didcomm/contacts/{contact}/messages", _read, contact_of, show_conversation, _conversation),
    Route("POST", "/didcomm/contacts/{contact}/pings", _write, _ping, ping, added),
    Route("POST", "/didcomm/contacts/{contact}/rotations", _write, _ping, _rotate, _one_contact),
    Route("POST", "/didcomm/contacts/{contact}/end", _write, _ping, _end, _one_contact),
    Route("GET", "/didcomm/threads", _read, _threads, list_threads, _threads_shown),
    Route("GET", "/didcomm/threads/{thread}", _read, thread_of, show_thread, _one_thread),
)
"""Rows under the admin API's base."""
BODIES = {
    ("POST", "/didcomm/invitations"): InvitationBody,
    ("POST", "/didcomm/contacts"): AcceptanceBody,
    ("POST", "/didcomm/contacts/{contact}/messages"): TextBody,
    ("POST", "/didcomm/contacts/{contact}/pings"): PingBody,
    ("POST", "/didcomm/contacts/{contact}/rotations"): PingBody,
    ("POST", "/didcomm/contacts/{contact}/end"): PingBody,
}
