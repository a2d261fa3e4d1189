"""Small protocols that every agent speaks, and problem reports (DIDComm Messaging 2.1)."""

import re
from typing import Any

from conformance.didcomm.contact import PING, PONG, Contact, acquainted, meet
from conformance.didcomm.talking import Heard, require_honest
from conformance.registry import check, check_each
from conformance.session import Session
from conformance.verdict import expect, skip

QUERIES, DISCLOSE = (f"https://didcomm.org/discover-features/2.0/{name}" for name in ("queries", "disclose"))
REPORT = "https://didcomm.org/report-problem/2.0/problem-report"
EMPTY = "https://didcomm.org/empty/1.0/empty"
BASIC = "https://didcomm.org/basicmessage/2.0/message"
_CODE = re.compile(r"[ew]\.[a-z0-9-]+(\.[a-z0-9-]+)*")


def _silent(heard: Heard) -> None:
    expect(200 <= heard.answer.status < 300 and not heard.message, "HTTP 2xx and no message", heard)


@check("ping-not-asked")
async def ping_not_asked(session: Session) -> None:
    """A ping with response_requested false."""
    contact = await acquainted(session)
    _silent(await contact.say(PING, {"response_requested": False}))


@check("ping-response-unasked")
async def ping_response(session: Session) -> None:
    """A ping-response to nothing: no answer, and pings are still answered."""
    contact = await acquainted(session)
    heard = await contact.say(PONG, thid="nobody-asked")
    expect((heard.message or {}).get("type") in (None, REPORT), "no answer, or a problem report", heard)
    await require_honest(contact)


@check("ping-version-minor")
async def minor(session: Session) -> None:
    """A ping of trust-ping 2.9, a minor version that nobody knows."""
    contact = await acquainted(session)
    message = contact.message(PING.replace("2.0", "2.9"), {"response_requested": True})
    heard = await contact.send(contact.authcrypt(message))
    found = heard.message or {}
    expect(str(found.get("type", "")).endswith("/ping-response"), "a ping-response", heard)


@check("ping-version-major")
async def major(session: Session) -> None:
    """A ping of trust-ping 9.0: not answered as one of 2.0."""
    contact = await acquainted(session)
    message = contact.message(PING.replace("2.0", "9.0"), {"response_requested": True})
    heard = await contact.send(contact.authcrypt(message))
    found = str((heard.message or {}).get("type", ""))
    expect(not found.endswith("/ping-response"), "no ping-response", heard)


async def _disclosed(contact: Contact, *queries: dict[str, Any]) -> list[dict[str, Any]]:
    heard = await contact.say(QUERIES, {"queries": list(queries)})
    found = heard.message or {}
    expect(found.get("type") == DISCLOSE, "discover-features/2.0/disclose", heard)
    listed = found.get("body", {}).get("disclosures")
    expect(isinstance(listed, list) and all(isinstance(one, dict) for one in listed), "disclosures, a list", listed)
    return list(listed)


@check("discover-all")
async def discover(session: Session) -> None:
    """Every protocol, by the wildcard: among them the ones that are being spoken."""
    found = await _disclosed(await acquainted(session), {"feature-type": "protocol", "match": "*"})
    identifiers = {str(one.get("id")) for one in found}
    wanted = "https://didcomm.org/trust-ping/2.0"
    expect(wanted in identifiers, wanted, sorted(identifiers))


@check("discover-one")
async def discover_one(session: Session) -> None:
    """One protocol by its name: nothing but that."""
    wanted = "https://didcomm.org/trust-ping/2.0"
    found = await _disclosed(await acquainted(session), {"feature-type": "protocol", "match": wanted})
    expect([one.get("id") for one in found] == [wanted], wanted, [one.get("id") for one in found])


@check("discover-part")
async def discover_part(session: Session) -> None:
    """The beginning of a name and the wildcard."""
    part = "https://didcomm.org/trust-ping/*"
    found = await _disclosed(await acquainted(session), {"feature-type": "protocol", "match": part})
    names = [str(one.get("id")) for one in found]
    expect(names and all(one.startswith(part[:-1]) for one in names), "names that begin so", names)


@check("discover-unknown")
async def discover_unknown(session: Session) -> None:
    """A protocol that nobody has: an empty list of disclosures, and no error."""
    unknown = "https://protocol.invalid/unknown/1.0"
    found = await _disclosed(await acquainted(session), {"feature-type": "protocol", "match": unknown})
    expect(not found, "no disclosures", found)


@check("discover-feature-type-unknown")
async def discover_feature_type(session: Session) -> None:
    """A feature-type that nobody knows, beside one that everybody does."""
    unknown = {"feature-type": "x-unknown", "match": "*"}
    known = {"feature-type": "protocol", "match": "https://didcomm.org/trust-ping/2.0"}
    found = await _disclosed(await acquainted(session), unknown, known)
    expect(len(found) == 1, "the protocol alone", found)


@check("discover-form")
async def discover_form(session: Session) -> None:
    """Each disclosure has feature-type and id."""
    found = await _disclosed(await acquainted(session), {"feature-type": "protocol", "match": "*"})
    fine = [one for one in found if one.get("feature-type") == "protocol" and isinstance(one.get("id"), str)]
    expect(found and len(fine) == len(found), "feature-type and id in each", found[:3])


@check("discover-thread")
async def discover_thread(session: Session) -> None:
    """The disclosure is in the query's thread."""
    contact = await acquainted(session)
    query = contact.message(QUERIES, {"queries": [{"feature-type": "protocol", "match": "*"}]})
    heard = await contact.send(contact.authcrypt(query))
    expect((heard.message or {}).get("thid") == query["id"], "thid of the query", heard)


@check("message-taken")
async def basicmessage(session: Session) -> None:
    """A basic message is acknowledged, and not answered by a problem report."""
    contact = await acquainted(session)
    _silent(await contact.say(BASIC, {"content": "Good morning"}))


@check("empty-taken")
async def empty(session: Session) -> None:
    """An empty message is acknowledged, and not answered."""
    contact = await acquainted(session)
    _silent(await contact.say(EMPTY))


@check_each(
    "report-unsupported",
    {
        "protocol": ("A message of a protocol that nobody knows.", "https://protocol.invalid/unknown/1.0/hello"),
        "message": ("A message that trust-ping does not have.", "https://didcomm.org/trust-ping/2.0/hello"),
    },
)
async def unsupported(session: Session, type_: str) -> None:
    contact = await acquainted(session)
    heard = await contact.say(type_)
    found = heard.message or {}
    expect(found.get("type") == REPORT, "a problem report", heard)
    code = str(found.get("body", {}).get("code"))
    expect(_CODE.fullmatch(code), "a code of sorter, scope and descriptors", code)


async def _reported(session: Session) -> tuple[dict[str, Any], dict[str, Any]]:
    contact = await acquainted(session)
    message = contact.message("https://protocol.invalid/unknown/1.0/hello")
    heard = await contact.send(contact.authcrypt(message))
    found = heard.message or {}
    if found.get("type") != REPORT:
        skip("a message that is not supported is not reported")
    return message, found


@check("report-parent")
async def report_parent(session: Session) -> None:
    """A problem report names the thread that it is about in pthid."""
    message, report = await _reported(session)
    expect(report.get("pthid") == message["id"], "pthid of the thread", report.get("pthid"))


@check("report-discreet")
async def report_discreet(session: Session) -> None:
    """A problem report tells nothing of the inside: no traces, no file names, no statements."""
    _, report = await _reported(session)
    told = str(report.get("body", {}))
    signs = ("Traceback", "Exception", "/home/", "/usr/", "SELECT ", "node_modules", ".py", ".java")
    expect(not any(sign in told for sign in signs), "words for the peer", told)


@check("report-not-answered")
async def report_not_answered(session: Session) -> None:
    """A problem report about nothing is not answered by another one."""
    contact = await acquainted(session)
    heard = await contact.say(REPORT, {"code": "e.p.xfer", "comment": "Nothing"}, pthid="nothing")
    expect(heard.message is None, "no message", heard)


@check("report-loop")
async def report_loop(session: Session) -> None:
    """Problem reports that ask to be acknowledged, ten in a thread: the agent does not go along."""
    contact = await acquainted(session)
    for number in range(10):
        body = {"code": "e.p.msg", "comment": f"{number}"}
        heard = await contact.say(REPORT, body, pthid="loop", thid="loop")
        expect((heard.message or {}).get("type") != REPORT, "no report about a report", heard)
    await require_honest(contact)


@check("ack-asked")
async def ack(session: Session) -> None:
    """please_ack with the empty string means the message that carries it."""
    contact = await acquainted(session)
    message = contact.message(EMPTY, please_ack=[""])
    heard = await contact.send(contact.authcrypt(message))
    expect(message["id"] in (heard.message or {}).get("ack", []), "the message's id in ack", heard)


@check("ack-with-answer")
async def ack_with_answer(session: Session) -> None:
    """A ping with please_ack: the answer acknowledges it."""
    contact = await acquainted(session)
    ping = contact.ping(please_ack=[""])
    heard = await contact.send(contact.authcrypt(ping))
    expect(ping["id"] in (heard.message or {}).get("ack", []), "the ping's id in ack", heard)


@check("ack-loop")
async def ack_loop(session: Session) -> None:
    """A message that acknowledges and asks for an ack itself is not acknowledged for ever."""
    contact = await acquainted(session)
    heard = await contact.say(EMPTY, ack=["something"], please_ack=[""])
    expect(not (heard.message or {}).get("please_ack"), "no request for another ack", heard)


@check("ack-unknown")
async def ack_unknown(session: Session) -> None:
    """Only what was received is acknowledged: an id of nothing is not."""
    contact = await acquainted(session)
    heard = await contact.say(EMPTY, please_ack=["never-sent", ""])
    expect("never-sent" not in (heard.message or {}).get("ack", []), "nothing that was never sent", heard)


@check("forward-unknown")
async def forward(session: Session) -> None:
    """A forward for somebody whom the agent does not route for, with please_ack: no word of it."""
    contact = await acquainted(session)
    inner = contact.authcrypt(contact.ping())
    message = contact.message(
        "https://didcomm.org/routing/2.0/forward",
        {"next": "did:example:nobody"},
        **{"from": None},
        please_ack=[""],
        attachments=[{"id": "1", "data": {"json": inner}}],
    )
    heard = await contact.send(contact.anoncrypt(message))
    expect(heard.message is None, "no message", heard)
    await require_honest(contact)


@check("trace-not-followed")
async def trace(session: Session) -> None:
    """A message that asks to be traced to an address: no error, and the ping is answered."""
    contact = await acquainted(session)
    ping = contact.ping(trace="https://trace.invalid/")
    heard = await contact.send(contact.authcrypt(ping))
    expect(heard.answers(ping), "a ping-response", heard)


@check("threads-apart")
async def threads(session: Session) -> None:
    """Two relationships use the same thid: each is answered on its own."""
    first, second = await meet(session), await meet(session)
    for contact in (first, second):
        message = contact.message(PING, {"response_requested": True}, id="the-same")
        heard = await contact.send(contact.authcrypt(message))
        expect(heard.answers(message), "a ping-response in each relationship", heard)
