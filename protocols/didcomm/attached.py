"""Messages that carry attachments in formats of their own, in either version's words (RFC 0453, RFC 0454; WACI).

Version 2 names the format in the attachment; version 1 has a list `formats` beside them and a member for each message.
Protocols say and read `Said`, and know neither.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from protocols.didcomm.catalog.report_problem import PROBLEM_REPORT
from protocols.didcomm.message import Message
from protocols.didcomm.protocol import InvalidBody, Outgoing
from protocols.didcomm.v1.attachments import octets
from protocols.encoding import b64url, parse_json_object, render_json
from protocols.errors import Malformed, ProtocolError

MAX_ATTACHMENTS = 8
MAX_BYTES = 400_000
"""Of one attachment's JSON. A message has at most 1,000,000, and base64 in an envelope takes nearly twice as much."""
_MAX_SIGNED = 20_000
"""Octets of a signed attachment, which holds a nonce and a signature."""
_MEMBERS = {
    "propose-credential": "filters~attach",
    "offer-credential": "offers~attach",
    "request-credential": "requests~attach",
    "issue-credential": "credentials~attach",
    "propose-presentation": "proposals~attach",
    "request-presentation": "request_presentations~attach",
    "presentation": "presentations~attach",
}
_MAX_TEXT = 1_000


class AttachmentTooBig(ProtocolError):
    """An attachment has more octets than are taken here."""

    code = "e.p.me.res.size"


@dataclass(frozen=True, slots=True)
class Attached:
    """One attachment: the identifier of its format, and its JSON."""

    format: str
    content: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Said:
    """A message of such a protocol: its name, what is attached, words for people, the preview of a credential by
    name and value, the code of a problem, and signed attachments by id that those in formats refer to, as they came."""

    name: str
    attached: tuple[Attached, ...] = ()
    comment: str = ""
    goal_code: str = ""
    preview: Mapping[str, str] = field(default_factory=dict, repr=False)
    code: str = ""
    appended: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)

    def of(self, *formats: str) -> Attached | None:
        """The first attachment in one of these formats."""
        return next((one for one in self.attached if one.format in formats), None)


def read(message: Message, version: int) -> Said:
    """What a message says in the words of a DIDComm version. Raises InvalidBody, AttachmentTooBig."""
    body, name = message.body, message.name.replace("_", "-")
    attached = _attachments_v1(body, name) if version == 1 else _attachments_v2(message)
    return Said(
        name,
        attached,
        _text(body, "comment"),
        _text(body, "goal_code"),
        _preview(body.get("credential_preview"), version),
        _code(body) if name == "problem-report" else "",
        _appended(body.get("~attach", ()) if version == 1 else message.attachments),
    )


def write(identifier: str, said: Said, version: int) -> Outgoing:
    """The message in the words of a DIDComm version."""
    body: dict[str, Any] = {name: text for name in ("comment", "goal_code") if (text := getattr(said, name))}
    if said.preview:
        body["credential_preview"] = _previewed(identifier, said.preview, version)
    if said.name == "ack":
        body["status"] = "OK"
    if said.name == "request-presentation":
        body["will_confirm"] = True
    if said.name == "problem-report":
        return _problem(identifier, said, version)
    type_ = f"{identifier}/{said.name}"
    if version == 2:
        shown = tuple(
            {"id": str(number), "media_type": "application/json", "format": one.format, "data": {"json": one.content}}
            for number, one in enumerate(said.attached)
        )
        signed = tuple(
            {"id": id_, "media_type": "application/json", "data": one["data"]} for id_, one in said.appended.items()
        )
        return Outgoing(type_, body, attachments=shown + signed)
    if said.name in _MEMBERS:
        body["formats"] = [{"attach_id": str(number), "format": one.format} for number, one in enumerate(said.attached)]
        body[_MEMBERS[said.name]] = [_attachment_v1(number, one) for number, one in enumerate(said.attached)]
    if said.appended:
        body["~attach"] = [{**one, "@id": id_} for id_, one in said.appended.items()]
    if said.name == "issue-credential":
        body["~please_ack"] = {"on": ["OUTCOME"]}
    return Outgoing(type_, body)


def _attachment_v1(number: int, one: Attached) -> dict[str, Any]:
    data = {"base64": b64url(render_json(dict(one.content)))}
    return {"@id": str(number), "mime-type": "application/json", "data": data}


def _problem(identifier: str, said: Said, version: int) -> Outgoing:
    if version == 2:  # in a thread below this one, as version 2 reports every problem
        return Outgoing(PROBLEM_REPORT, {"code": f"e.p.{said.code}", "comment": said.comment}, apart=True)
    return Outgoing(f"{identifier}/problem-report", {"description": {"code": said.code, "en": said.comment}})


def _attachments_v1(body: Mapping[str, Any], name: str) -> tuple[Attached, ...]:
    member = _MEMBERS.get(name)
    formats, listed = body.get("formats", []), body.get(member, []) if member else []
    if not isinstance(formats, list) or not isinstance(listed, list) or len(listed) > MAX_ATTACHMENTS:
        raise InvalidBody("attachments")
    named = {one.get("attach_id"): one.get("format") for one in formats if isinstance(one, dict) and _hashable(one)}
    found = []
    for one in listed:
        known = named.get(one["@id"]) if isinstance(one, dict) and isinstance(one.get("@id"), str) else None
        if not isinstance(known, str):
            raise InvalidBody("attachment without a format")
        found.append(_attached(known, one))
    return tuple(found)


def _hashable(one: Mapping[str, Any]) -> bool:
    return isinstance(one.get("attach_id"), str) and isinstance(one.get("format"), str)


def _attachments_v2(message: Message) -> tuple[Attached, ...]:
    if len(message.attachments) > MAX_ATTACHMENTS:
        raise InvalidBody("attachments")
    found = []
    for one in message.attachments:
        if _is_appended(one):
            continue
        if not isinstance(one.get("format"), str):
            raise InvalidBody("attachment without a format")
        found.append(_attached(one["format"], one))
    return tuple(found)


def _is_appended(one: Any) -> bool:
    """Signed, and in no format: what an attachment in a format refers to (RFC 0809)."""
    data = one.get("data") if isinstance(one, dict) else None
    return isinstance(data, dict) and "jws" in data and "format" not in one


def _appended(listed: Any) -> dict[str, Mapping[str, Any]]:
    """By id. Raises InvalidBody, AttachmentTooBig."""
    if not isinstance(listed, list | tuple) or len(listed) > MAX_ATTACHMENTS:
        raise InvalidBody("attachments")
    found: dict[str, Mapping[str, Any]] = {}
    for one in filter(_is_appended, listed):
        id_ = one.get("@id", one.get("id"))
        if not isinstance(id_, str) or not 0 < len(id_) <= 256 or id_ in found:
            raise InvalidBody("a signed attachment without an id of its own")
        if len(render_json(one)) > _MAX_SIGNED:
            raise AttachmentTooBig("signed attachment")
        found[id_] = one
    return found


def _attached(format_: str, attachment: Mapping[str, Any]) -> Attached:
    """What is linked to is not fetched, so there is nothing in it."""
    data = attachment.get("data")
    if isinstance(data, dict) and len(str(data.get("base64", ""))) > MAX_BYTES * 4 // 3 + 4:
        raise AttachmentTooBig(format_[:50])
    try:
        content = octets(attachment)
        if len(content) > MAX_BYTES:
            raise AttachmentTooBig(format_[:50])
        return Attached(format_[:256], parse_json_object(content))
    except Malformed as error:
        raise InvalidBody(f"attachment: {error.detail}") from None


def _preview(found: Any, version: int) -> dict[str, str]:
    """Attributes by name; what is not text is none."""
    if version == 2 and isinstance(found, dict):
        found = found.get("body", found)
    listed = found.get("attributes") if isinstance(found, dict) else None
    if not isinstance(listed, list) or len(listed) > 256:
        return {}
    attributes = [one for one in listed if isinstance(one, dict)]
    pairs = [(one.get("name"), one.get("value")) for one in attributes]
    return {name: value for name, value in pairs if isinstance(name, str) and isinstance(value, str)}


def _previewed(identifier: str, preview: Mapping[str, str], version: int) -> dict[str, Any]:
    attributes = [{"name": name, "value": value} for name, value in preview.items()]
    if version == 2:
        return {"type": f"{identifier}/credential-preview", "body": {"attributes": attributes}}
    return {"@type": f"{identifier}/credential-preview", "attributes": attributes}


def _text(body: Mapping[str, Any], name: str) -> str:
    found = body.get(name)
    return found[:_MAX_TEXT] if isinstance(found, str) else ""


def _code(body: Mapping[str, Any]) -> str:
    described = body.get("description")
    code = described.get("code") if isinstance(described, dict) else body.get("code")
    if not isinstance(code, str) or not 0 < len(code) <= 256:
        raise InvalidBody("a problem without a code")
    return code
