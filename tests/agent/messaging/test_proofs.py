"""Proofs over DIDComm, both versions and both roles; what is shown is judged as over OpenID4VP."""

import copy
from typing import Any

import pytest

from protocols.didcomm import message as wire
from tests.agent.messaging.pair import Pair, connected
from tests.agent.messaging.test_credentials import OFFER, Holder, state
from tests.agent.operations.test_ldp_vc import QUERY, TYPE, configured
from tests.houses import Clock, Site

PROOF = "https://didcomm.org/present-proof/3.0"
SUBMISSION = "dif/presentation-exchange/submission@v1.0"


async def holds(pair: Pair, name: str) -> None:
    """Beta has alpha's credential."""
    await pair.to(pair.site.alpha, "credential-offers", {**OFFER, "credential_configuration_id": name})
    theirs = (await pair.threads(pair.site.beta, "issue-credential"))[0]
    await pair.go_on(pair.site.beta, theirs["id"], "credential-request")
    assert await state(pair, theirs["id"], pair.site.beta) == "done"


@pytest.mark.parametrize("version", [1, 2])
async def test_what_is_asked_for_is_shown_and_verified(site: Site, version: int) -> None:
    await configured(site)
    alpha, beta = site.alpha, site.beta
    async with connected(site, version) as pair:
        nothing = await pair.to(alpha, "proof-requests", {"dcql_query": QUERY})
        theirs = (await pair.threads(beta, "present-proof"))[0]
        assert await pair.refused(beta, f"/didcomm/threads/{theirs['id']}/presentation", {}) == (409, "nothing_fits")
        await pair.go_on(beta, theirs["id"], "problem-report", {"comment": "I have none"})
        assert await state(pair, nothing, alpha) == "abandoned"
        for name in ("v2-eddsa", "v1-ed25519"):
            await holds(pair, name)
            ours = await pair.to(alpha, "proof-requests", {"dcql_query": QUERY, "comment": "Show your badge"})
            theirs = (await pair.threads(beta, "present-proof"))[0]
            assert (theirs["state"], theirs["data"]["request"]["comment"]) == ("request-received", "Show your badge")
            await pair.go_on(beta, theirs["id"], "presentation")
            assert await state(pair, ours, alpha) == await state(pair, theirs["id"], beta) == "done"
            known = (await pair.thread(alpha, ours))["data"]
            result = await pair.call(alpha, "GET", f"/presentation-requests/{known['presentation_id']}")
            assert result["state"] == "verified"
            assert result["credentials"][0]["claims"]["credentialSubject"]["achievement"]["name"] == "Diver"
            report = await pair.call(alpha, "GET", f"/verification-reports/{known['report']}")
            assert (report["verdict"], report["request"]["response_mode"]) == ("verified", "didcomm")
            (shown,) = report["presentations"]
            assert {one["check"] for one in shown["checks"]} >= {"issuer_key", "holder_signature", "query", "status"}


async def test_only_a_fresh_presentation_of_the_holder_is_verified(site: Site, clock: Clock) -> None:
    """Replayed, of another request, of another holder, tampered with, late: refused, and said so."""
    await configured(site)
    alpha, beta = site.alpha, site.beta
    async with connected(site, 2) as pair:
        await holds(pair, "v2-eddsa")
        thief = await Holder.of(pair)
        ours = await pair.to(alpha, "proof-requests", {"dcql_query": QUERY})
        theirs = (await pair.threads(beta, "present-proof"))[0]
        await pair.go_on(beta, theirs["id"], "presentation")
        stolen = await presented(pair, beta, theirs["id"])
        assert await state(pair, ours, alpha) == "done"

        def other(document: Any, path: tuple[Any, ...], value: Any) -> Any:
            changed = copy.deepcopy(document)
            inner = changed
            for part in path[:-1]:
                inner = inner[part]
            inner[path[-1]] = value
            return changed

        submission = ("presentation_submission", "descriptor_map", 0)
        for spoil in (
            lambda asked: stolen,
            lambda asked: other(stolen, ("presentation_submission", "definition_id"), asked),
            lambda asked: other(stolen, (*submission, "id"), "other"),
            lambda asked: other(stolen, (*submission, "path"), "$.verifiableCredential[1]"),
            lambda asked: other(stolen, ("proof",), []),
            lambda asked: stolen["verifiableCredential"][0],
            lambda asked: {},
        ):
            thread, thid, asked = await requested(pair, thief)
            report = await thief.ask(shows(thief, thid, spoil(asked)))
            assert report.body["code"] == "e.p.abandoned"
            assert await state(pair, thread, alpha) == "abandoned"
            result = await pair.call(alpha, "GET", f"/presentation-requests/{asked}")
            assert (result["state"], result["credentials"]) == ("refused", [])
            # What was said once more is out of order, and a thread that is over stays so.
            assert (await thief.ask(shows(thief, thid, stolen))).body["code"] == "e.p.msg.out-of-order"
        thread, thid, asked = await requested(pair, thief)
        assert (await thief.ask(shows(thief, thid, None))).body["code"] == "e.p.msg.invalid-body"
        clock.forward(minutes=11)
        report = await thief.ask(shows(thief, thid, stolen))
        assert report.body == {"code": "e.p.abandoned", "comment": "the request has ended"}


async def presented(pair: Pair, tenant: Any, thread: str) -> Any:
    """The presentation in a thread's last message but the answer, as its owner keeps it."""
    scope = await pair.site.scope(tenant)
    async with scope.unit() as unit:
        rows = await unit.connection.fetch(
            "SELECT id FROM messages WHERE thread_id = $1 AND direction = 'out' AND type LIKE '%/presentation'", thread
        )
        sealed = await unit.connection.fetchval("SELECT body_sealed FROM messages WHERE id = $1", rows[0]["id"])
        message = wire.parse(unit.vault.open("messages", "body_sealed", rows[0]["id"], sealed))
    return message.attachments[0]["data"]["json"]


async def requested(pair: Pair, thief: Holder) -> tuple[str, str, str]:
    """(thread of alpha's, its thid, the presentation request)"""
    path = f"/didcomm/contacts/{thief.contact}/proof-requests"
    made = await pair.call(pair.site.alpha, "POST", path, {"dcql_query": QUERY})
    shown = await pair.thread(pair.site.alpha, made["id"])
    return made["id"], shown["messages"][0]["id"], shown["data"]["presentation_id"]


def shows(thief: Holder, thid: str, presentation: Any) -> Any:
    attached = ({"id": "1", "format": SUBMISSION, "data": {"json": presentation}},) if presentation is not None else ()
    return thief.message(f"{PROOF}/presentation", thid=thid, attachments=attached)


@pytest.mark.parametrize(
    "query",
    [
        {"credentials": [{"id": "a", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:x"]}}]},
        {"credentials": [{"id": name, "format": "ldp_vc", "meta": {"type_values": [[TYPE]]}} for name in ("a", "b")]},
        {
            "credentials": [
                {
                    "id": "a",
                    "format": "ldp_vc",
                    "meta": {"type_values": [[TYPE]]},
                    "claims": [{"path": ["credentialSubject", "achievement", None]}],
                }
            ]
        },
        {},
    ],
)
async def test_what_a_definition_cannot_say_is_not_asked(site: Site, query: Any) -> None:
    made = await site.api("POST", "/didcomm/invitations", {"version": 2})
    status, answer = await site.api("POST", f"/didcomm/contacts/{made[1]['id']}/proof-requests", {"dcql_query": query})
    assert status == 422, answer
