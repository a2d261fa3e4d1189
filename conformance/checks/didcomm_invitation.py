"""Invitations of Out-of-Band 2.0 (DIDComm Messaging 2.1, Out-of-Band Messages)."""

from urllib.parse import parse_qs, urlsplit

from conformance.didcomm.contact import Contact, begin, meet
from conformance.didcomm.dids import Document, resolve
from conformance.didcomm.invitations import Invited, invited, standing
from conformance.didcomm.talking import require_taken
from conformance.http import https_or_loopback
from conformance.jose import Unreadable, unb64u
from conformance.registry import check
from conformance.session import Session
from conformance.verdict import expect, skip


async def _invited(session: Session) -> Invited:
    return await session.once("didcomm-v2-invitation", lambda: invited(session, "v2"))


async def _inviter(session: Session) -> Document:
    return await resolve(session.http, str((await _invited(session)).message.get("from", "")))


@check("oob-url")
async def url(session: Session) -> None:
    """Count `_oob` and `_oobid` in the URL's query."""
    found = (await _invited(session)).url
    query = parse_qs(urlsplit(found).query)
    expect(len(query.get("_oob", [])) + len(query.get("_oobid", [])) == 1, "one of _oob and _oobid", found[:120])


@check("oob-encoding")
async def encoding(session: Session) -> None:
    """Decode `_oob` as strictly as RFC 4648, section 5, has base64url without padding."""
    encoded = (await _invited(session)).encoded or skip("the invitation is behind a short URL")
    unb64u(encoded)


@check("oob-type")
async def type_(session: Session) -> None:
    """Look at `type`."""
    found = (await _invited(session)).message.get("type")
    expect(found == "https://didcomm.org/out-of-band/2.0/invitation", "out-of-band/2.0/invitation", found)


@check("oob-id")
async def identifier(session: Session) -> None:
    """Two invitations have two ids."""
    first, second = [(await invited(session, "v2")).message.get("id") for _ in range(2)]
    expect(isinstance(first, str) and first, "an id", first)
    expect(standing(session, "v2") or first != second, "another id in another invitation", first)


@check("oob-from")
async def from_(session: Session) -> None:
    """Resolve `from`; it is a DID, without a fragment, with keys that agree."""
    stated = (await _invited(session)).message.get("from")
    expect(isinstance(stated, str) and stated.startswith("did:") and "#" not in stated, "a DID in from", stated)
    expect((await _inviter(session)).agreement, "a DID with keys in keyAgreement", "none")


@check("oob-body")
async def body(session: Session) -> None:
    """The body is an object; goal_code and goal are text where they stand."""
    found = (await _invited(session)).message.get("body")
    expect(isinstance(found, dict), "a body that is an object", found)
    assert isinstance(found, dict)
    words = [found[name] for name in ("goal_code", "goal", "label") if name in found]
    expect(all(isinstance(one, str) for one in words), "texts in goal_code, goal and label", words)


@check("oob-accept")
async def accept(session: Session) -> None:
    """Where `accept` stands it lists didcomm/v2."""
    found = (await _invited(session)).message.get("body", {}).get("accept", ["didcomm/v2"])
    expect(isinstance(found, list) and "didcomm/v2" in found, "didcomm/v2 in accept", found)


@check("oob-short-url")
async def short_url(session: Session) -> None:
    """GET the short URL that the door tells: the same message."""
    found = await _invited(session)
    if not found.short:
        skip("the door tells no short URL")
    answer = await session.http.get(found.short)
    expect(answer.status == 200, "HTTP 200", answer)
    expect(answer.json() == found.message, "the invitation's message", answer)


@check("oob-service")
async def service(session: Session) -> None:
    """The DID's document has an endpoint that takes didcomm/v2."""
    document = await _inviter(session)
    found = [one for one in document.messaging() if "didcomm/v2" in one.get("accept", ["didcomm/v2"])]
    expect(found, "a DIDCommMessaging service", [one.get("type") for one in document.services])


@check("oob-endpoint-secure")
async def endpoint(session: Session) -> None:
    """Every address is of https or wss (or of this machine), or a DID."""
    for one in (await _inviter(session)).messaging():
        address = str(one.get("uri", ""))
        seen = address.replace("ws", "http", 1) if address.startswith("ws") else address
        expect(address.startswith("did:") or https_or_loopback(seen), "https, wss or a DID", address)


@check("oob-keys-curve")
async def curve(session: Session) -> None:
    """At least one key is on a curve that everybody has to support."""
    found = [jwk.get("crv") for jwk in (await _inviter(session)).agreement.values()]
    expect({"X25519", "P-256", "P-384"} & set(found), "a key on X25519, P-256 or P-384", found)


@check("oob-taken")
async def taken(session: Session) -> None:
    """A ping below the invitation makes a relationship: it is answered."""
    contact, ping = await begin(session)
    await require_taken(contact, contact.authcrypt(ping), ping)


@check("oob-taken-twice")
async def taken_twice(session: Session) -> None:
    """Somebody else takes a single-use invitation that was taken."""
    if standing(session, "v2"):
        skip("the invitation is for everybody")
    first = await meet(session)
    second = Contact(session.http, first.theirs, first.inbox)
    ping = second.ping()
    heard = await second.send(second.authcrypt(ping))
    expect(not heard.answers(ping), "no ping-response to whom the invitation was not for", heard)


@check("oob-unreadable")
async def unreadable(session: Session) -> None:
    """The short URL with another id: no invitation."""
    found = await _invited(session)
    if not found.short:
        skip("the door tells no short URL")
    answer = await session.http.get(found.short[:-8] + "00000000")
    try:
        expect(answer.status >= 400 or "from" not in answer.json(), "no invitation", answer)
    except Unreadable:
        expect(answer.status >= 400, "HTTP 404", answer)
