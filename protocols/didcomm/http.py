"""The HTTPS transport's receiving end (DIDComm Messaging 2.1, Transports; Return-Route extension)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from protocols.didcomm.encrypted import ENCRYPTED
from protocols.didcomm.envelope import MAX_BYTES
from protocols.didcomm.v1 import pack
from protocols.errors import Malformed, ProtocolError
from protocols.http import NO_STORE, Call, Reply, json_reply

_VERSION_1 = (pack.MEDIA_TYPE, pack.OLD_MEDIA_TYPE)


class UnsupportedMediaType(ProtocolError):
    """Only encrypted DIDComm messages are taken here."""

    code = "unsupported_media_type"
    status = 415


@dataclass(frozen=True, slots=True)
class Returned:
    """An envelope that goes back on the connection which a message came on (Return-Route).

    `written` is awaited once it has gone; None where nobody wants to know.
    """

    octets: bytes
    written: Callable[[], Awaitable[None]] | None = None


def parse(call: Call) -> bytes:
    """The envelope. Raises UnsupportedMediaType, Malformed."""
    if call.media_type not in (ENCRYPTED, *_VERSION_1):
        raise UnsupportedMediaType("content type")
    if not 0 < len(call.body) <= MAX_BYTES:
        raise Malformed("no message, or too large")
    return call.body


def render(reply: Returned | None) -> Reply:
    """202, or 200 with the message that goes back on the same connection."""
    if reply is None:
        return Reply(202, headers=NO_STORE)
    media_type = pack.MEDIA_TYPE if pack.fits(reply.octets) else ENCRYPTED
    return Reply(200, reply.octets, media_type, NO_STORE, written=reply.written)


def parse_invitation_request(call: Call) -> str:
    """The `_oobid` of a short URL (Out-of-Band 2.0). Raises Malformed."""
    wanted = call.query_parameters().get("_oobid", "")
    if not 0 < len(wanted) <= 255:
        raise Malformed("no _oobid")
    return wanted


def render_invitation(message: Mapping[str, Any]) -> Reply:
    """The invitation's plaintext message."""
    return json_reply(message, headers={**NO_STORE, "Access-Control-Allow-Origin": "*"})


def parse_document_request(_call: Call) -> None:
    """Nothing is asked but the document."""


def render_document(document: Mapping[str, Any]) -> Reply:
    """A DID document for resolvers, in browsers too (did:web, Read)."""
    reply = json_reply(document, headers={"Cache-Control": "public, max-age=60", "Access-Control-Allow-Origin": "*"})
    return Reply(reply.status, reply.body, "application/did+json", reply.headers)
