"""What the agent itself sends: its envelope, its headers, and how it comes (DIDComm Messaging 2.1)."""

import time
from typing import Any

from conformance.didcomm import envelope
from conformance.didcomm.contact import PONG, Contact, acquainted
from conformance.didcomm.dids import short
from conformance.didcomm.talking import Heard, require_answer
from conformance.jose import read_object, unb64u
from conformance.registry import check
from conformance.session import Session
from conformance.verdict import expect


async def _heard(session: Session) -> Heard:
    return await require_answer(await acquainted(session))


async def _header(session: Session) -> dict[str, Any]:
    opened = (await _heard(session)).opened
    assert opened
    return opened.header


async def _message(session: Session) -> dict[str, Any]:
    return (await _heard(session)).message or {}


def _named(contact: Contact) -> set[str]:
    return {contact.theirs.did, short(contact.theirs.did)}


@check("reply-authcrypt")
async def authcrypt(session: Session) -> None:
    """alg and enc of the answer to an authenticated ping."""
    header = await _header(session)
    found = header.get("alg"), header.get("enc")
    expect(found == (envelope.AUTHCRYPT, "A256CBC-HS512"), "ECDH-1PU+A256KW with A256CBC-HS512", found)


@check("reply-media-type")
async def media_type(session: Session) -> None:
    """Content-Type of the answer on the same connection, and typ of the envelope."""
    heard = await _heard(session)
    assert heard.opened
    expect(heard.answer.media_type == envelope.MEDIA_TYPE, envelope.MEDIA_TYPE, heard.answer.media_type)
    typ = heard.opened.header.get("typ", envelope.MEDIA_TYPE)
    expect(typ in (envelope.MEDIA_TYPE, "didcomm-encrypted+json"), "typ of an encrypted message", typ)


@check("reply-apv")
async def apv(session: Session) -> None:
    """Compute apv of the recipients of the answer."""
    heard = await _heard(session)
    assert heard.opened
    kids = [str(one["header"]["kid"]) for one in read_object(heard.answer.body)["recipients"]]
    expected = envelope.digest_of(kids)
    expect(heard.opened.header.get("apv") == expected, f"apv {expected}", heard.opened.header.get("apv"))


@check("reply-apu")
async def apu(session: Session) -> None:
    """apu is the sender's key id, and skid where it stands says the same."""
    header = await _header(session)
    found = unb64u(str(header.get("apu", ""))).decode("utf-8", "replace")
    expect("#" in found and header.get("skid", found) == found, "one DID URL in apu and skid", f"{found[-20:]}")


@check("reply-skid-of-from")
async def skid(session: Session) -> None:
    """The DID of the sender's key is `from`."""
    heard = await _heard(session)
    assert heard.opened
    assert heard.message
    header = heard.opened.header
    key = str(header.get("skid") or unb64u(str(header.get("apu", ""))).decode())
    sender = heard.message.get("from")
    expect(key.partition("#")[0] == sender, "from as the DID of skid", sender)


@check("reply-epk-fresh")
async def epk_fresh(session: Session) -> None:
    """Three answers have three ephemeral keys."""
    found = {str((await _header(session)).get("epk")) for _ in range(3)}
    expect(len(found) == 3, "three ephemeral keys", len(found))


@check("reply-iv-fresh")
async def iv_fresh(session: Session) -> None:
    """Three answers have three initialization vectors."""
    found = {read_object((await _heard(session)).answer.body)["iv"] for _ in range(3)}
    expect(len(found) == 3, "three vectors", len(found))


@check("reply-form")
async def form(session: Session) -> None:
    """The answer is a JWE in the General JSON form, with nothing beside what it defines."""
    found = read_object((await _heard(session)).answer.body)
    known = {"protected", "recipients", "iv", "ciphertext", "tag", "unprotected", "aad"}
    expect(found.keys() <= known, "members of RFC 7516, 7.2.1", sorted(found.keys() - known))


@check("reply-type")
async def type_(session: Session) -> None:
    """The type of the answer."""
    found = (await _message(session)).get("type")
    expect(found == PONG, PONG, found)


@check("reply-id")
async def identifier(session: Session) -> None:
    """Two answers have two ids of unreserved characters."""
    first, second = [(await _message(session)).get("id") for _ in range(2)]
    expect(isinstance(first, str) and first and first != second, "an id of its own", first)


@check("reply-to")
async def to(session: Session) -> None:
    """`to` is a list with the DID that the ping came from."""
    contact, found = await acquainted(session), (await _message(session)).get("to")
    expect(isinstance(found, list) and contact.did in found, "a list with the suite's DID", found)


@check("reply-from")
async def from_(session: Session) -> None:
    """`from` is the DID that was written to, without a fragment."""
    contact, found = await acquainted(session), (await _message(session)).get("from")
    expect(found in _named(contact), "the agent's DID", found)


@check("reply-created-time")
async def created(session: Session) -> None:
    """created_time, where it stands, is a number of seconds near now."""
    found = (await _message(session)).get("created_time")
    fine = found is None or (isinstance(found, int) and abs(found - time.time()) < 300)
    expect(fine, "epoch seconds of about now", found)


@check("reply-body")
async def body(session: Session) -> None:
    """The body of the answer is there, an object."""
    found = (await _message(session)).get("body")
    expect(isinstance(found, dict), "an object", found)


@check("reply-typ")
async def typ(session: Session) -> None:
    """typ of the plaintext, where it stands."""
    found = (await _message(session)).get("typ", "application/didcomm-plain+json")
    expect(found in ("application/didcomm-plain+json", "didcomm-plain+json"), "the type of a plaintext", found)


@check("transport-status")
async def status(session: Session) -> None:
    """A message that is not answered on the connection is acknowledged by a status of 2xx."""
    contact = await acquainted(session)
    heard = await contact.send(contact.authcrypt(contact.ping(return_route=None)))
    expect(200 <= heard.answer.status < 300, "HTTP 2xx", heard.answer)


@check("transport-no-return-route")
async def no_return_route(session: Session) -> None:
    """A ping without return_route: no message in the response."""
    contact = await acquainted(session)
    heard = await contact.send(contact.authcrypt(contact.ping(return_route=None)))
    expect(not heard.answer.body, "an empty body", heard.answer)


@check("transport-return-route-none")
async def return_route_none(session: Session) -> None:
    """A ping with return_route `none`: no message in the response."""
    contact = await acquainted(session)
    heard = await contact.send(contact.authcrypt(contact.ping(return_route="none")))
    expect(not heard.answer.body, "an empty body", heard.answer)


@check("transport-return-route-thread")
async def return_route_thread(session: Session) -> None:
    """A ping with return_route `thread`: its answer is in the response."""
    contact = await acquainted(session)
    ping = contact.ping(return_route="thread", return_route_thread="")
    ping["return_route_thread"] = ping["id"]
    heard = await contact.send(contact.authcrypt(ping))
    expect(heard.answers(ping), "a ping-response", heard)


@check("transport-get")
async def get(session: Session) -> None:
    """GET the endpoint as somebody does who is curious: refused, and no failure."""
    contact = await acquainted(session)
    answer = await session.http.get(contact.inbox)
    expect(400 <= answer.status < 500, "HTTP 4xx", answer)
