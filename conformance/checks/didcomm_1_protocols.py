"""Small protocols of DIDComm v1 that every agent speaks: ping, discovery, messages, reports, rotation (AIP 2.0)."""

from typing import Any

from conformance.didcomm.contact_1 import PING, PONG, SERVICE, Contact1, acquainted_1, meet_1
from conformance.didcomm.dids import peer_4
from conformance.didcomm.keys import SigningKey
from conformance.didcomm.talking import Heard, require_honest, require_taken, thread_of, type_of
from conformance.registry import check, check_each
from conformance.session import Session
from conformance.verdict import expect

ORG = "https://didcomm.org"
QUERY, DISCLOSE = (f"{ORG}/discover-features/1.0/{name}" for name in ("query", "disclose"))
QUERIES, DISCLOSURES = (f"{ORG}/discover-features/2.0/{name}" for name in ("queries", "disclosures"))
REPORT, BASIC = f"{ORG}/report-problem/1.0/problem-report", f"{ORG}/basicmessage/1.0/message"
ROTATE, HANGUP = (f"{ORG}/did-rotate/1.0/{name}" for name in ("rotate", "hangup"))
UNKNOWN = "https://protocol.invalid/unknown/1.0/hello"


def _silent(heard: Heard) -> None:
    expect(200 <= heard.answer.status < 300 and not heard.message, "HTTP 2xx and no message", heard)


@check("talk-ping-not-asked")
async def ping_not_asked(session: Session) -> None:
    """A ping with response_requested false."""
    contact = await acquainted_1(session)
    _silent(await contact.say(PING, response_requested=False))


@check("talk-ping-default")
async def ping_default(session: Session) -> None:
    """A ping that does not say whether it wants an answer: it does."""
    contact = await acquainted_1(session)
    ping = contact.message(PING)
    await require_taken(contact, contact.authcrypt(ping), ping)


@check("talk-ping-response-unasked")
async def ping_response(session: Session) -> None:
    """A ping_response to nothing is not answered by a ping_response."""
    contact = await acquainted_1(session)
    heard = await contact.say(PONG, **{"~thread": {"thid": "nobody-asked"}})
    expect(type_of(heard.message) != PONG, "no ping_response", heard)
    await require_honest(contact)


@check("talk-version-minor")
async def minor(session: Session) -> None:
    """A ping of trust_ping 1.9, a minor version that nobody knows."""
    contact = await acquainted_1(session)
    heard = await contact.say(PING.replace("1.0", "1.9"), response_requested=True)
    expect(type_of(heard.message).endswith("/ping_response"), "a ping_response", heard)


@check("talk-version-major")
async def major(session: Session) -> None:
    """A ping of trust_ping 9.0: not answered as one of 1.0."""
    contact = await acquainted_1(session)
    heard = await contact.say(PING.replace("1.0", "9.0"), response_requested=True)
    expect(not type_of(heard.message).endswith("/ping_response"), "no ping_response", heard)


async def _disclosed(contact: Contact1, query: str) -> list[str]:
    heard = await contact.say(QUERY, query=query)
    found = heard.message or {}
    expect(type_of(found) == DISCLOSE, DISCLOSE, heard)
    protocols = found.get("protocols")
    expect(isinstance(protocols, list), "protocols, a list", protocols)
    return [str(one.get("pid")) for one in protocols or [] if isinstance(one, dict)]


@check("talk-discover-all")
async def discover(session: Session) -> None:
    """Discover Features 1.0 with the wildcard: trust_ping among the answers."""
    found = await _disclosed(await acquainted_1(session), "*")
    expect(f"{ORG}/trust_ping/1.0" in found, "trust_ping/1.0", sorted(found))


@check("talk-discover-part")
async def discover_part(session: Session) -> None:
    """Discover Features 1.0 with the beginning of a name."""
    found = await _disclosed(await acquainted_1(session), f"{ORG}/trust_ping/*")
    expect(found and all(one.startswith(f"{ORG}/trust_ping/") for one in found), "trust_ping alone", found)


@check("talk-discover-unknown")
async def discover_unknown(session: Session) -> None:
    """Discover Features 1.0 for what nobody has: an empty list."""
    found = await _disclosed(await acquainted_1(session), "https://protocol.invalid/*")
    expect(not found, "nothing", found)


@check("talk-discover-2")
async def discover_2(session: Session) -> None:
    """Discover Features 2.0 for trust_ping."""
    contact = await acquainted_1(session)
    wanted = f"{ORG}/trust_ping/1.0"
    heard = await contact.say(QUERIES, queries=[{"feature-type": "protocol", "match": wanted}])
    expect(type_of(heard.message) == DISCLOSURES, DISCLOSURES, heard)
    found = [one.get("id") for one in (heard.message or {}).get("disclosures", [])]
    expect(found == [wanted], wanted, found)


@check("talk-message-taken")
async def message(session: Session) -> None:
    """A basic message is taken, and not answered by a report."""
    contact = await acquainted_1(session)
    _silent(await contact.say(BASIC, content="Good morning", sent_time="2026-12-01T08:00:00Z", **{"~l10n": {"locale": "en"}}))  # fmt: skip


def _is_report(heard: Heard) -> bool:
    return type_of(heard.message).endswith(("/problem-report", "/problem_report"))


@check_each(
    "talk-report-unsupported",
    {
        "protocol": ("A message of a protocol that nobody knows.", UNKNOWN),
        "message": ("A message that trust_ping does not have.", f"{ORG}/trust_ping/1.0/hello"),
    },
)
async def unsupported(session: Session, type_: str) -> None:
    contact = await acquainted_1(session)
    sent = contact.message(type_)
    heard = await contact.send(contact.authcrypt(sent))
    expect(_is_report(heard), "a problem report", heard)
    found: dict[str, Any] = heard.message or {}
    named = found.get("~thread", {})
    expect(sent["@id"] in (named.get("thid"), named.get("pthid")), "the thread that it is about", named)


@check("talk-report-code")
async def code(session: Session) -> None:
    """A report has a description with a code."""
    heard = await (await acquainted_1(session)).say(UNKNOWN)
    found = (heard.message or {}).get("description")
    expect(_is_report(heard) and isinstance(found, dict) and found.get("code"), "description.code", found)


@check("talk-report-not-answered")
async def report_not_answered(session: Session) -> None:
    """A report about nothing is not answered by another one."""
    contact = await acquainted_1(session)
    heard = await contact.say(REPORT, description={"code": "nothing", "en": "Nothing"}, **{"~thread": {"thid": "x"}})
    expect(heard.message is None, "no message", heard)


@check("talk-forward-unknown")
async def forward(session: Session) -> None:
    """A forward for somebody whom the agent does not route for: no word of it, and the agent goes on."""
    contact = await acquainted_1(session)
    other = SigningKey().verkey
    body = {"to": other, "msg": contact.authcrypt(contact.ping(), to={other: other})}
    sent = contact.message(f"{ORG}/routing/1.0/forward", **body, **{"~transport": None})
    heard = await contact.send(contact.authcrypt(sent, sender=None))
    expect(heard.message is None, "no message", heard)
    await require_honest(contact)


@check("talk-status")
async def status(session: Session) -> None:
    """A message that is not answered on the connection is acknowledged by a status of 2xx."""
    contact = await acquainted_1(session)
    heard = await contact.send(contact.authcrypt(contact.ping(**{"~transport": None})))
    expect(200 <= heard.answer.status < 300, "HTTP 2xx", heard.answer)


@check_each(
    "talk-return-route",
    {
        "missing": ("A ping that does not say return_route.", {"~transport": None}),
        "none": ("A ping with return_route `none`.", {"~transport": {"return_route": "none"}}),
    },
)
async def return_route(session: Session, change: dict[str, Any]) -> None:
    contact = await acquainted_1(session)
    heard = await contact.send(contact.authcrypt(contact.ping(**change)))
    expect(not heard.answer.body, "an empty body", heard.answer)


@check("talk-return-route-thread")
async def return_route_thread(session: Session) -> None:
    """A ping with return_route `thread`: its answer is in the response."""
    contact = await acquainted_1(session)
    ping = contact.ping()
    ping["~transport"] = {"return_route": "thread", "return_route_thread": ping["@id"]}
    await require_taken(contact, contact.authcrypt(ping), ping)


async def _rotated(session: Session) -> tuple[Contact1, Contact1, Heard]:
    old = await meet_1(session)
    new = Contact1(old.http, old.theirs, old.invitation, known=old.known)
    return old, new, await old.say(ROTATE, to_did=new.did)


@check("rotate-followed")
async def rotate(session: Session) -> None:
    """did-rotate: the rotation is acknowledged, and the new DID's key is heard from then on."""
    _, new, heard = await _rotated(session)
    expect(type_of(heard.message).endswith("/did-rotate/1.0/ack"), "did-rotate/1.0/ack", heard)
    ping = new.ping()
    await require_taken(new, new.authcrypt(ping), ping)


@check("rotate-old-key")
async def rotate_old(session: Session) -> None:
    """Once the new key was used, the one that was left is heard no more."""
    old, new, _ = await _rotated(session)
    ping = new.ping()
    await require_taken(new, new.authcrypt(ping), ping)
    late = old.ping()
    heard = await old.send(old.authcrypt(late))
    expect(not heard.answers(late), "no ping_response to the old key", heard)


@check("rotate-unresolvable")
async def rotate_unresolvable(session: Session) -> None:
    """A rotation to what is no DID: refused, and the old DID still stands."""
    contact = await meet_1(session)
    heard = await contact.say(ROTATE, to_did="did:peer:4zNothing")
    expect(not type_of(heard.message).endswith("/ack"), "no ack", heard)
    await require_honest(contact)


@check("rotate-stranger")
async def rotate_stranger(session: Session) -> None:
    """Somebody else announces the rotation of a relationship that is not theirs."""
    contact, thief = await meet_1(session), SigningKey()
    sent = contact.message(ROTATE, to_did=peer_4(thief.jwk, SERVICE))
    heard = await contact.send(contact.authcrypt(sent, sender=thief))
    expect(not type_of(heard.message).endswith("/ack"), "no ack", heard)
    await require_honest(contact)


@check("hangup")
async def hangup(session: Session) -> None:
    """did-rotate's hangup ends the relationship: its DID is heard no more."""
    contact = await meet_1(session)
    await contact.say(HANGUP)
    late = contact.ping()
    expect(not (await contact.send(contact.authcrypt(late))).answers(late), "no ping_response", "one")


@check("talk-threads-apart")
async def threads(session: Session) -> None:
    """Two relationships use the same @id: each is answered on its own."""
    first, second = await meet_1(session), await meet_1(session)
    for contact in (first, second):
        ping = contact.message(PING, **{"@id": "the-same-in-both"})
        heard = await contact.send(contact.authcrypt(ping))
        expect(heard.answers(ping) and thread_of(heard.message) == "the-same-in-both", "a ping_response", heard)
