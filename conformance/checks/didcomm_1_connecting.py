"""Invitations and handshakes of DIDComm v1 (RFC 0434, RFC 0023)."""

from typing import Any

from conformance.didcomm.contact_1 import (
    RESPONSE,
    Contact1,
    begin_1,
    introduce,
    meet_1,
    responding,
    services_of,
    vouched,
)
from conformance.didcomm.invitations import Invited, invited, standing
from conformance.didcomm.keys import SigningKey
from conformance.didcomm.talking import Heard, Message, require_taken, thread_of, type_of
from conformance.http import https_or_loopback
from conformance.jose import unb64u
from conformance.registry import check, check_each
from conformance.session import Session
from conformance.verdict import Blocked, expect, skip


async def _invited(session: Session) -> Invited:
    return await session.once("didcomm-v1-invitation", lambda: invited(session, "v1"))


async def _services(session: Session) -> list[Any]:
    found = (await _invited(session)).message.get("services")
    expect(isinstance(found, list) and found, "services, a list", found)
    assert isinstance(found, list)
    return found


@check("invitation-type")
async def type_is(session: Session) -> None:
    """Look at `@type`."""
    found = type_of((await _invited(session)).message)
    expect(found.endswith("/invitation") and "/out-of-band/1." in found, "out-of-band/1.x/invitation", found)


@check("invitation-prefix")
async def prefix(session: Session) -> None:
    """The type begins with https://didcomm.org/."""
    found = type_of((await _invited(session)).message)
    expect(found.startswith("https://didcomm.org/"), "https://didcomm.org/", found)


@check("invitation-id")
async def identifier(session: Session) -> None:
    """Two invitations have two ids."""
    first, second = [(await invited(session, "v1")).message.get("@id") for _ in range(2)]
    expect(isinstance(first, str) and first, "an @id", first)
    expect(standing(session, "v1") or first != second, "another @id in another invitation", first)


@check("invitation-encoding")
async def encoding(session: Session) -> None:
    """Decode `oob` as base64url; padding is allowed."""
    encoded = (await _invited(session)).encoded
    if not encoded:
        skip("the invitation is behind a short URL")
    unb64u(encoded.rstrip("="))


@check("invitation-handshake")
async def handshake(session: Session) -> None:
    """handshake_protocols lists one that is known, best first."""
    found = (await _invited(session)).message.get("handshake_protocols")
    known = [one for one in found or [] if "/didexchange/1." in str(one) or "/connections/1.0" in str(one)]
    expect(isinstance(found, list) and known, "didexchange or connections", found)


@check("invitation-services")
async def services_usable(session: Session) -> None:
    """Every service is a DID, or has recipientKeys and a serviceEndpoint."""
    for stated in await _services(session):
        found = await services_of(session.http, stated)
        expect(found and all(one.keys and one.endpoint for one in found), "keys and an endpoint", stated)


@check("invitation-keys")
async def keys(session: Session) -> None:
    """Keys of inline services are did:key."""
    for stated in await _services(session):
        if isinstance(stated, dict):
            named = [*stated.get("recipientKeys", []), *(stated.get("routingKeys") or [])]
            expect(all(str(one).startswith("did:key:") for one in named), "did:key", named)


@check("invitation-accept")
async def accept(session: Session) -> None:
    """Where `accept` stands, it lists a profile of version 1."""
    found = (await _invited(session)).message.get("accept") or ["didcomm/aip1"]
    expect(any(str(one).startswith(("didcomm/aip1", "didcomm/aip2;env=rfc19")) for one in found), "didcomm/aip1 or didcomm/aip2;env=rfc19", found)  # fmt: skip


@check("invitation-endpoint-secure")
async def secure(session: Session) -> None:
    """Every endpoint is of https or wss, or of this machine."""
    for stated in await _services(session):
        for one in await services_of(session.http, stated):
            seen = one.endpoint.replace("ws", "http", 1) if one.endpoint.startswith("ws") else one.endpoint
            expect(one.endpoint.startswith("did:") or https_or_loopback(seen), "https or wss", one.endpoint)


async def _requested(session: Session) -> tuple[Contact1, Message, Heard]:
    contact = await begin_1(session)
    request = contact.request()
    heard = await contact.send(contact.authcrypt(request))
    return contact, request, heard


async def _responded(session: Session) -> tuple[Contact1, Message, Message]:
    contact, request, heard = await _requested(session)
    if heard.message is None:
        raise Blocked(f"the request is answered by {heard}")
    return contact, request, heard.message


@check("exchange-response")
async def response(session: Session) -> None:
    """A request below the invitation is answered by a response."""
    _, _, heard = await _requested(session)
    expect(type_of(heard.message) == RESPONSE, RESPONSE, heard)


@check("exchange-thread")
async def thread(session: Session) -> None:
    """The response is in the request's thread."""
    _, request, found = await _responded(session)
    expect(thread_of(found) == request["@id"], "thid of the request", found.get("~thread"))


@check("exchange-parent")
async def parent(session: Session) -> None:
    """The response names the invitation again, without which some invitees never finish."""
    contact, _, found = await _responded(session)
    expect(found.get("~thread", {}).get("pthid") == contact.invitation, "pthid of the invitation", found.get("~thread"))


@check("exchange-did")
async def did(session: Session) -> None:
    """The response's DID, or its document, has a service of version 1."""
    contact, _, found = await _responded(session)
    expect(str(found.get("did", "")), "a DID", found.get("did"))
    await responding(contact, found)


@check("exchange-vouched")
async def vouching(session: Session) -> None:
    """The attachment is signed by the key of the invitation."""
    contact, _, found = await _responded(session)
    vouched(found, contact.theirs.keys)


@check("exchange-vouched-did")
async def vouched_did(session: Session) -> None:
    """What was signed is the DID, or the document of the DID."""
    contact, _, found = await _responded(session)
    content = vouched(found, contact.theirs.keys).decode("utf-8", "replace")
    expect(str(found.get("did")) in content, "the response's DID in what was signed", content[:80])


@check("exchange-complete")
async def complete(session: Session) -> None:
    """After complete, a ping is answered."""
    contact, request, heard = await _requested(session)
    await introduce(contact, heard, request)
    ping = contact.ping()
    await require_taken(contact, contact.authcrypt(ping), ping)


@check("exchange-taken-twice")
async def taken_twice(session: Session) -> None:
    """Somebody else takes a single-use invitation that was taken."""
    if standing(session, "v1"):
        skip("the invitation is for everybody")
    first = await begin_1(session)
    second = Contact1(session.http, first.theirs, first.invitation)
    taken = await first.send(first.authcrypt(first.request()))
    if type_of(taken.message) != RESPONSE:
        raise Blocked(f"the first request is answered by {taken}")
    heard = await second.send(second.authcrypt(second.request()))
    expect(type_of(heard.message) != RESPONSE, "no response to the second", heard)


async def _refused(contact: Contact1, request: Message, **wish: Any) -> None:
    heard = await contact.send(contact.authcrypt(request, **wish))
    expect(type_of(heard.message) != RESPONSE, "no response", heard)


@check_each(
    "exchange-refused",
    {
        "invitation-other": ("A request below an invitation that nobody made.", {"~thread": {"pthid": "nobody-made-this"}}),
        "did-missing": ("A request that names no DID.", {"did": None}),
        "did-none": ("A request whose DID is none.", {"did": "did:peer:4zNothing:zNothing"}),
        "did-number": ("A request whose DID is a number.", {"did": 4}),
    },
)  # fmt: skip
async def refused_request(session: Session, change: dict[str, Any]) -> None:
    contact = await begin_1(session)
    made = {**contact.request(), **change}
    await _refused(contact, {name: value for name, value in made.items() if value is not None})


@check("exchange-refused-key-other")
async def refused_key(session: Session) -> None:
    """A request for somebody else's DID, sent with a key that its document does not have."""
    contact = await begin_1(session)
    await _refused(contact, contact.request(), sender=SigningKey())


@check("exchange-refused-anoncrypt")
async def refused_anoncrypt(session: Session) -> None:
    """A request that nobody authenticated."""
    contact = await begin_1(session)
    await _refused(contact, contact.request(), sender=None)


@check("exchange-label-missing")
async def label(session: Session) -> None:
    """A request with an empty label: an agent may have no name."""
    contact = await begin_1(session)
    request = {**contact.request(), "label": ""}
    heard = await contact.send(contact.authcrypt(request))
    expect(type_of(heard.message) == RESPONSE, RESPONSE, heard)


@check("exchange-keys-apart")
async def keys_apart(session: Session) -> None:
    """Two relationships know the agent by two DIDs."""
    if standing(session, "v1"):
        skip("the invitation is for everybody")
    first, second = [(await meet_1(session)).theirs.keys[0] for _ in range(2)]
    expect(first != second, "another key for another relationship", first)
