"""AnonCreds over DIDComm between two tenants: the exchanges of the admin API, carried by threads."""

from typing import Any

import pytest

from protocols.ports.exchanges import NewDefinition
from tests.agent.anoncreds.test_anoncreds import ASKED, VALUES, World
from tests.agent.anoncreds.test_anoncreds import keys as keys
from tests.agent.messaging.pair import Pair, connected
from tests.houses import Clock, Site


async def state(pair: Pair, thread: str, of: Any) -> str:
    return str((await pair.thread(of, thread))["state"])


async def offered(pair: Pair, world: World) -> tuple[str, str]:
    """(the issuer's thread, the holder's)"""
    body = {"definition": world.definition["id"], "claims": VALUES}
    ours = await pair.to(pair.site.alpha, "credential-offers", body)
    return ours, (await pair.threads(pair.site.beta, "issue-credential"))[0]["id"]


@pytest.mark.parametrize("version", [1, 2])
async def test_a_credential_is_issued_shown_and_revoked(site: Site, keys: NewDefinition, version: int) -> None:
    alpha, beta, world = site.alpha, site.beta, World(site)
    await world.found(keys)
    async with connected(site, version) as pair:
        ours, theirs = await offered(pair, world)
        shown = await pair.thread(beta, theirs)
        assert shown["data"]["offer"]["preview"] == VALUES
        await pair.go_on(beta, theirs, "credential-request")
        assert await state(pair, ours, alpha) == await state(pair, theirs, beta) == "done"
        (held,) = (await pair.call(beta, "GET", "/anoncreds/credentials"))["items"]
        assert (held["id"], held["values"]) == ((await pair.thread(beta, theirs))["data"]["credential"], VALUES)
        asked = await pair.to(alpha, "proof-requests", {"anoncreds": ASKED})
        thread = (await pair.threads(beta, "present-proof"))[0]["id"]
        await pair.go_on(beta, thread, "presentation", {"credentials": [held["id"]]})
        assert await state(pair, asked, alpha) == await state(pair, thread, beta) == "done"
        told = (await pair.thread(alpha, asked))["data"]["shown"]
        assert told == {"name": {"name": "Erika"}, "adult": True}
        # What nobody has is not shown; what was issued can be revoked.
        refused = ASKED | {"attributes": {"x": {"name": "shoe size"}}}
        await pair.to(alpha, "proof-requests", {"anoncreds": refused})
        thread = (await pair.threads(beta, "present-proof"))[0]["id"]
        assert await pair.refused(beta, f"/didcomm/threads/{thread}/presentation", {}) == (409, "nothing_fits")
        exchange = (await pair.thread(alpha, ours))["data"]["exchange"]
        revoked = await pair.call(alpha, "POST", "/anoncreds/revocations", {"exchanges": [exchange]})
        assert revoked["revoked"] == [exchange]
        await pair.deliver()
        (told,) = await pair.threads(beta, "revocation_notification")
        assert told["data"]["revocation_format"] == "anoncreds"
        assert told["data"]["credential_id"].startswith(f"{site.url}/t/alpha/anoncreds/registries/")
        assert told["data"]["credential_id"].endswith("::1")


async def test_an_offer_ends_and_is_of_one_thread(site: Site, keys: NewDefinition, clock: Clock) -> None:
    alpha, beta, world = site.alpha, site.beta, World(site)
    await world.found(keys)
    async with connected(site, 2) as pair:
        ours, theirs = await offered(pair, world)
        clock.forward(minutes=11)
        assert await pair.refused(beta, f"/didcomm/threads/{theirs}/credential-request", {}) == (409, "conflict")
        assert await state(pair, ours, alpha) == "offer-sent"
        assert (await pair.refused(alpha, f"/didcomm/contacts/{pair.contacts['alpha']}/credential-offers", {}))[
            0
        ] == 422
        body = {"definition": world.definition["id"], "claims": {"name": "Erika"}}
        status, _ = await pair.refused(alpha, f"/didcomm/contacts/{pair.contacts['alpha']}/credential-offers", body)
        assert status in (400, 422)
        assert (await pair.call(beta, "GET", "/anoncreds/credentials"))["items"] == []
