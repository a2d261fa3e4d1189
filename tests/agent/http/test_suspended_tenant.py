"""A tenant that is suspended is gone from every process within a second, and comes back as it was."""

import asyncio
import time

import pytest

from agent.compose.house import House
from tests.houses import Site
from tests.wallets import Wallet

ANY = {"credential_configuration_ids": ["pid"]}


async def test_a_suspended_tenant_is_served_by_no_process_within_a_second(site: Site) -> None:
    wallet = Wallet(site.session)
    given = await wallet.offer((await site.api("POST", "/credential-offers", ANY))[1]["credential_offer_uri"])
    metadata = f"{site.url}/.well-known/openid-credential-issuer/t/alpha"
    async with House(site.house.config, site.database.addresses) as other:  # as another process has it
        assert await other.knows_tenant("alpha")
        status, _ = await site.api("PATCH", "/tenants/alpha", {"status": "suspended"}, site.operator_key)
        assert status == 204
        answered = time.monotonic()
        async with asyncio.timeout(10):
            while await other.knows_tenant("alpha"):  # noqa: ASYNC110  # the other process hears of it by notice
                await asyncio.sleep(0.01)
        assert time.monotonic() - answered < 1
        assert (await site.api("POST", "/credential-offers", ANY))[0] in (401, 404)
        async with site.session.get(metadata) as answer:
            assert answer.status == 404
        assert (await wallet.token(given)).status == 404
        assert (await site.api("POST", "/credential-offers", ANY, site.beta.api_key))[0] == 201
        again, _ = await site.api("PATCH", "/tenants/alpha", {"status": "suspended"}, site.operator_key)
        assert again == 409
        assert (await site.api("PATCH", "/tenants/alpha", {"status": "active"}, site.operator_key))[0] == 204
        async with asyncio.timeout(1):
            while not await other.knows_tenant("alpha"):  # noqa: ASYNC110  # as above
                await asyncio.sleep(0.01)
    assert (await wallet.token(given)).status == 200
    _, events = await site.api("GET", "/audit/events?resource_type=tenant")
    assert [event["event_type"] for event in events["items"]] == [
        *("tenant.reinstated", "tenant.suspended", "tenant.created"),
    ]


@pytest.mark.parametrize(
    ("tenant", "status", "answer"),
    [("nobody", "suspended", 404), ("alpha", "erased", 422), ("system", "suspended", 404)],
)
async def test_what_cannot_be_suspended_is_refused(site: Site, tenant: str, status: str, answer: int) -> None:
    found, _ = await site.api("PATCH", f"/tenants/{tenant}", {"status": status}, site.operator_key)
    assert found == answer
    assert (await site.api("PATCH", "/tenants/beta", {"status": "suspended"}))[0] in (403, 404)  # alpha's administrator
