"""Invitations that carry an offer or a question for a proof, in both versions and both roles."""

import pytest

from agent.storage.database import open_pool
from tests.agent.messaging.pair import Pair
from tests.agent.messaging.test_credentials import OFFER, state
from tests.agent.operations.test_ldp_vc import QUERY, configured
from tests.houses import Site


@pytest.mark.parametrize("version", [1, 2])
async def test_whoever_takes_an_invitation_finds_its_offer_and_its_question(site: Site, version: int) -> None:
    await configured(site)
    alpha, beta = site.alpha, site.beta
    maint = await open_pool(site.database.dsn("maint"), 2, "agent_maint")
    pair = Pair(site, maint, {})
    try:
        for what, body, answer in (
            ("credential-offers", OFFER, "credential-request"),
            ("proof-requests", {"dcql_query": QUERY}, "presentation"),
        ):
            made = await pair.call(alpha, "POST", "/didcomm/invitations", {"version": version})
            ours = (await pair.call(alpha, "POST", f"/didcomm/contacts/{made['id']}/{what}", body))["id"]
            # Nobody is there yet: nothing else can be said, and the thread does not go on.
            assert (await pair.refused(alpha, f"/didcomm/contacts/{made['id']}/pings", {}))[0] == 404
            shown = await pair.call(alpha, "GET", f"/didcomm/contacts/{made['id']}/invitation")
            assert len(shown["invitation"]["requests~attach" if version == 1 else "attachments"]) == 1
            taken = await pair.call(beta, "POST", "/didcomm/contacts", {"url": shown["url"]})
            pair.contacts = {alpha.name: made["id"], beta.name: taken["id"]}
            protocol = "issue-credential" if answer == "credential-request" else "present-proof"
            (theirs,) = await pair.threads(beta, protocol)
            if version == 1:  # the handshake has not been answered yet
                assert (await pair.refused(beta, f"/didcomm/threads/{theirs['id']}/{answer}", {}))[0] == 409
            await pair.deliver()
            await pair.go_on(beta, theirs["id"], answer)
            assert await state(pair, ours, alpha) == await state(pair, theirs["id"], beta) == "done"
            # Taken, it waits no more, and takes no other request.
            assert (await site.api("GET", f"/didcomm/contacts/{made['id']}/invitation"))[0] == 404
    finally:
        await maint.close()


@pytest.mark.parametrize("version", [1, 2])
async def test_h7_an_invitation_for_many_carries_nothing(site: Site, version: int) -> None:
    await configured(site)
    pair = Pair(site, None, {})  # type: ignore[arg-type]
    made = await pair.call(site.alpha, "POST", "/didcomm/invitations", {"version": version, "multi_use": True})
    assert (await pair.refused(site.alpha, f"/didcomm/contacts/{made['id']}/credential-offers", OFFER))[0] == 404
    assert (await pair.refused(site.beta, f"/didcomm/contacts/{made['id']}/credential-offers", OFFER))[0] in (404, 422)
