"""Credentials over DIDComm, both versions and both roles, between two tenants."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from protocols.did import peer
from protocols.didcomm.message import Message
from tests.agent.messaging.pair import Pair, connected
from tests.agent.messaging.peer import Peer
from tests.agent.operations.test_ldp_vc import CLAIMS, KINDS, configured
from tests.houses import Clock, Site
from tests.integrity import SigningKey

OFFER: dict[str, Any] = {"credential_configuration_id": "v2-eddsa", "claims": CLAIMS, "subject": "diver-1"}


async def state(pair: Pair, thread: str, of: Any) -> str:
    return str((await pair.thread(of, thread))["state"])


@pytest.mark.parametrize("version", [1, 2])
async def test_what_is_offered_is_asked_for_issued_and_kept(site: Site, version: int) -> None:
    await configured(site)
    alpha, beta = site.alpha, site.beta
    async with connected(site, version) as pair:
        for name in KINDS:
            thread = await pair.to(alpha, "credential-offers", {**OFFER, "credential_configuration_id": name})
            theirs = (await pair.threads(beta, "issue-credential"))[0]
            assert theirs["state"] == "offer-received", theirs
            await pair.go_on(beta, theirs["id"], "credential-request")
            assert await state(pair, thread, alpha) == await state(pair, theirs["id"], beta) == "done"
            held = (await pair.call(beta, "GET", "/didcomm/credentials"))["items"][0]
            kept = (await pair.thread(beta, theirs["id"]))["data"]["credential"]
            assert (held["id"], held["type"]) == (kept, "OpenBadgeCredential")
            assert held["credential"]["credentialSubject"]["achievement"]["name"] == "Diver"
            assert held["credential"]["credentialSubject"]["id"].startswith("did:key:")
        issued = (await pair.call(alpha, "GET", "/credentials"))["items"]
        assert len(issued) == len(KINDS)
        # Revoked, it is told to whom it went, and to nobody of another credential.
        (credential,) = (await pair.thread(alpha, thread))["data"]["credentials"]
        await pair.call(alpha, "POST", f"/credentials/{credential}/revoke", {"reason": "lost"})
        await pair.deliver()
        (told,) = await pair.threads(beta, "revocation_notification")
        assert told["data"] == {"credential": kept}
        held = (await pair.call(beta, "GET", "/didcomm/credentials"))["items"]
        assert [one["id"] for one in held if one["status"] == "revoked"] == [kept]


ISSUE = "https://didcomm.org/issue-credential/3.0"
DETAIL = "aries/ld-proof-vc-detail@v1.0"


class Holder(Peer):
    """Somebody else's wallet, which asks for what it likes."""

    pair: Pair
    contact: str
    signer: SigningKey

    @classmethod
    async def of(cls, pair: Pair) -> "Holder":
        made = await pair.call(pair.site.alpha, "POST", "/didcomm/invitations", {"version": 2})
        document = peer.document(made["invitation"]["from"])
        found = cls(document, document.document["service"][0]["serviceEndpoint"]["uri"])
        found.pair, found.contact, found.signer = pair, made["id"], SigningKey("EdDSA")
        await found.say("https://didcomm.org/trust-ping/2.0/ping", pthid=made["invitation"]["id"])
        return found

    async def offered(self, **changes: Any) -> tuple[str, str, Any]:
        """(thread of alpha's, its thid, the detail that was offered)"""
        alpha = self.pair.site.alpha
        path = f"/didcomm/contacts/{self.contact}/credential-offers"
        made = await self.pair.call(alpha, "POST", path, {**OFFER, **changes})
        shown = await self.pair.thread(alpha, made["id"])
        return made["id"], shown["messages"][0]["id"], shown["data"]["offered"]

    def request(self, thid: str, detail: Any, **more: Any) -> Message:
        attachment = {"id": "1", "format": DETAIL, "data": {"json": detail}}
        return self.message(f"{ISSUE}/request-credential", thid=thid, attachments=(attachment,), **more)

    def bound(self, detail: Any) -> Any:
        """The detail, about the wallet's own DID."""
        subject = {"id": self.signer.did, **detail["credential"]["credentialSubject"]}
        return {**detail, "credential": {**detail["credential"], "credentialSubject": subject}}

    async def ask(self, message: Message) -> Message:
        status, octets = await self.post(self.pack(message))
        assert status == 200, (status, octets)
        return self.open(octets)


@pytest.fixture
async def holder(site: Site) -> AsyncIterator[Holder]:
    await configured(site)
    async with connected(site, 2) as pair:
        yield await Holder.of(pair)


async def issued(holder: Holder) -> int:
    return len((await holder.pair.call(holder.pair.site.alpha, "GET", "/credentials"))["items"])


async def test_a_request_gets_one_credential_and_only_in_its_thread(site: Site, holder: Holder, clock: Clock) -> None:
    """Replayed, repeated, in another connection's thread, another tenant's, after the offer's end."""
    pair, alpha = holder.pair, site.alpha
    thread, thid, detail = await holder.offered()
    # H3: three at once count once; who comes before the answer went may be given that same answer.
    request = holder.pack(holder.request(thid, holder.bound(detail)))
    answers = await asyncio.gather(*(holder.post(request) for _ in range(3)))
    given = [holder.open(octets) for status, octets in answers if status == 200]
    answer = given[0]
    assert {one.id for one in given} == {answer.id}
    assert (await holder.post(request))[0] == 409
    assert answer.type == f"{ISSUE}/issue-credential"
    (attachment,) = answer.attachments
    assert attachment["data"]["json"]["credentialSubject"]["id"] == holder.signer.did
    # Said again in a message of its own: the thread has gone on.
    report = await holder.ask(holder.request(thid, holder.bound(detail)))
    assert (report.body["code"], report.pthid) == ("e.p.msg.out-of-order", thid)
    assert await state(pair, thread, alpha) == "credential-issued"
    assert await issued(holder) == 1
    # The thread of another connection is another thread.
    theirs = await pair.to(alpha, "credential-offers", OFFER)
    foreign = (await pair.thread(alpha, theirs))["messages"][0]["id"]
    report = await holder.ask(holder.request(foreign, holder.bound(detail)))
    assert report.body["code"] == "e.p.msg.out-of-order"
    assert await state(pair, theirs, alpha) == "offer-sent"
    # Another tenant's is nobody's.
    for what in ("credential-request", "problem-report"):
        assert (await pair.refused(site.beta, f"/didcomm/threads/{theirs}/{what}", {}))[0] == 404
    # An offer ends.
    thread, thid, detail = await holder.offered()
    clock.forward(minutes=11)
    report = await holder.ask(holder.request(thid, holder.bound(detail)))
    assert report.body == {"code": "e.p.issuance-abandoned", "comment": "the offer has ended"}
    assert await state(pair, thread, alpha) == "abandoned"
    assert await issued(holder) == 1
    # What was said about an issuance goes with the person.
    _, asked = await site.api("POST", "/erasure-requests", {"subject": "diver-1"})
    status, done = await site.api("POST", f"/erasure-requests/{asked['id']}/approve", {})
    assert (status, done["certificate"]["rows"]["threads"]) == (200, 3), done
    assert (await site.api("GET", f"/didcomm/threads/{theirs}"))[0] == 404


async def test_another_credential_than_was_offered_is_not_issued(site: Site, holder: Holder) -> None:
    def changed(detail: Any, member: str, value: Any) -> Any:
        return {**detail, "credential": {**detail["credential"], member: value}}

    def with_option(detail: Any, name: str, value: Any) -> Any:
        return {**detail, "options": {**detail["options"], name: value}}

    spoiled = (
        lambda detail: changed(detail, "validUntil", "2099-01-01T00:00:00Z"),
        lambda detail: changed(detail, "credentialSubject", {"id": holder.signer.did, "achievement": {"name": "Pope"}}),
        lambda detail: changed(detail, "issuer", holder.signer.did),
        lambda detail: changed(detail, "proof", {"type": "DataIntegrityProof"}),
        lambda detail: with_option(detail, "cryptosuite", "bbs-2023"),
        lambda detail: with_option(detail, "created", "2020-01-01T00:00:00Z"),
        lambda detail: with_option(detail, "challenge", "x" * 300),
        lambda detail: {"credential": detail["credential"]},
        lambda detail: {"options": {}},
    )
    for spoil in spoiled:
        thread, thid, detail = await holder.offered()
        report = await holder.ask(holder.request(thid, spoil(holder.bound(detail))))
        assert report.body["code"] == "e.p.issuance-abandoned"
        assert await state(holder.pair, thread, site.alpha) == "abandoned"
    # The holder is left out, though the credential is bound to one; or is somebody without a key.
    for subject in (None, "did:example:nobody"):
        _, thid, detail = await holder.offered()
        asked = holder.bound(detail) if subject else detail
        asked["credential"]["credentialSubject"] |= {"id": subject} if subject else {}
        assert (await holder.ask(holder.request(thid, asked))).body["code"] == "e.p.issuance-abandoned"
    assert await issued(holder) == 0
    # What the holder may add to the proof is in it.
    _, thid, detail = await holder.offered()
    asked = with_option(with_option(holder.bound(detail), "challenge", "n-1"), "domain", "example.com")
    answer = await holder.ask(holder.request(thid, asked))
    proof = answer.attachments[0]["data"]["json"]["proof"]
    assert (proof["challenge"], proof["domain"]) == ("n-1", "example.com")


async def test_attachments_that_are_none_change_nothing(site: Site, holder: Holder) -> None:
    thread, thid, detail = await holder.offered()
    one = {"id": "1", "format": DETAIL}
    for attachments, code in (
        ((), "e.p.msg.invalid-body"),
        (({"id": "1", "data": {"json": {}}},), "e.p.msg.invalid-body"),
        (({**one, "data": {"links": ["https://example.com"], "hash": "x"}},), "e.p.msg.invalid-body"),
        (({**one, "data": {"base64": "bm8ganNvbg"}},), "e.p.msg.invalid-body"),
        (({**one, "data": {"json": {"filler": "x" * 450_000}}},), "e.p.me.res.size"),
        (tuple({**one, "data": {"json": {}}} for _ in range(9)), "e.p.msg.invalid-body"),
    ):
        message = holder.message(f"{ISSUE}/request-credential", thid=thid, attachments=attachments)
        assert (await holder.ask(message)).body["code"] == code
    assert await state(holder.pair, thread, site.alpha) == "offer-sent"
    # A peer that reports a problem ends its own thread with us, and no other.
    report = "https://didcomm.org/report-problem/2.0/problem-report"
    other = await holder.pair.to(site.alpha, "credential-offers", OFFER)
    foreign = (await holder.pair.thread(site.alpha, other))["messages"][0]["id"]
    for pthid in (foreign, thid):
        await holder.say(report, {"code": "e.p.user-declined"}, pthid=pthid)
    assert await state(holder.pair, other, site.alpha) == "offer-sent"
    shown = await holder.pair.thread(site.alpha, thread)
    assert (shown["state"], shown["data"]) == ("abandoned", {"code": "e.p.user-declined"})
    assert (await holder.ask(holder.request(thid, holder.bound(detail)))).body["code"] == "e.p.msg.out-of-order"


@pytest.mark.parametrize("version", [1, 2])
async def test_a_proposal_is_answered_and_an_offer_declined(site: Site, version: int) -> None:
    await configured(site)
    alpha, beta = site.alpha, site.beta
    async with connected(site, version) as pair:
        attached = [{"format": DETAIL, "content": {"credential": {"type": ["VerifiableCredential"]}, "options": {}}}]
        theirs = await pair.to(beta, "credential-proposals", {"attachments": attached, "comment": "Please"})
        ours = (await pair.threads(alpha, "issue-credential"))[0]
        assert ours["state"] == "proposal-received"
        assert ours["data"]["proposal"]["comment"] == "Please"
        await pair.go_on(alpha, ours["id"], "credential-offer", OFFER)
        assert await state(pair, theirs, beta) == "offer-received"
        # Not as good as hoped for: once more, and then not at all.
        await pair.go_on(beta, theirs, "credential-proposal", {"attachments": attached})
        assert await state(pair, ours["id"], alpha) == "proposal-received"
        assert (await pair.refused(beta, f"/didcomm/threads/{theirs}/credential-request", {})) == (409, "conflict")
        await pair.go_on(alpha, ours["id"], "credential-offer", OFFER)
        await pair.go_on(beta, theirs, "problem-report", {"comment": "No"})
        assert await state(pair, theirs, beta) == await state(pair, ours["id"], alpha) == "abandoned"
        assert (await pair.refused(alpha, f"/didcomm/threads/{ours['id']}/problem-report", {}))[0] == 409
