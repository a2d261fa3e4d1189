"""Limits: never passed, whoever races; shown to whom they bind, set by the operator, announced before they bite."""

import asyncio
from typing import Any

import pytest

from agent.compose.house import House
from agent.operations.administering.accounts import CreateUser, create_user
from agent.scope import Scope
from agent.scope.limits import ALWAYS, USERS, LimitReached
from agent.tenancy import WORKER
from agent.workers.usage import Usage
from protocols.errors import ProtocolError
from tests.houses import Clock, Site
from tests.verifying import query
from tests.wallets import Wallet

ANY = {"credential_configuration_ids": ["pid"]}


async def limit(site: Site, tenant: str = "alpha", **limits: Any) -> None:
    status, _ = await site.api("PATCH", f"/tenants/{tenant}/limits", limits, site.operator_key)
    assert status == 204


async def shown(site: Site) -> dict[str, dict[str, Any]]:
    status, answer = await site.api("GET", "/limits")
    assert status == 200
    return {one["name"]: one for one in answer["items"]}


async def counted(site: Site, table: str) -> int:
    connection = await site.database.connect_admin()
    try:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table} WHERE tenant_id = $1", site.alpha.id))
    finally:
        await connection.close()


async def _created(scope: Scope, number: int) -> bool:
    try:
        await create_user(scope, CreateUser(f"person{number}@example.org", None))
    except LimitReached:
        return False
    return True


async def test_j14_two_hundred_at_once_in_two_processes_never_pass_a_limit_of_a_hundred(site: Site) -> None:
    await limit(site, max_users=100)
    async with House(site.house.config, site.database.addresses) as other:  # as another process has it
        scopes = [await site.scope(), await other.scope_of("alpha", WORKER)]
        done = await asyncio.gather(*(_created(scopes[number % 2], number) for number in range(200)))
        assert sum(done) == await counted(site, "users")
        assert 80 < sum(done) <= 100
    # What the other had leased and not spent came back with its end: the last of the hundred can be used here.
    await site.house.quotas.settle(scopes[0])
    rest = await asyncio.gather(*(_created(scopes[0], number) for number in range(200, 320)))
    assert sum(done) + sum(rest) == await counted(site, "users") == 100


async def test_a_wallet_hears_that_no_more_is_issued_and_the_tenant_why(site: Site) -> None:
    wallet = Wallet(site.session)
    links = [(await site.api("POST", "/credential-offers", ANY))[1]["credential_offer_uri"] for _ in range(3)]
    await limit(site, max_credentials=1)
    await site.house.quotas.settle(await site.scope())
    assert (await wallet.obtain(links[0])).status == 200
    refused = await wallet.obtain(links[1])
    assert (refused.status, refused.error) == (429, "temporarily_unavailable")
    assert refused.headers["Retry-After"] == "3600"
    status, problem = await site.api("POST", "/credential-offers", ANY)
    assert (status, problem["code"], problem["errors"]) == (403, "limit_reached", {"limit": ["max_credentials"]})
    stands = (await shown(site))["max_credentials"]
    assert (stands["limit"], stands["used"], stands["state"], stands["own"]) == (1, 1, "reached", True)
    await limit(site, max_credentials=2)
    await shown(site)  # a refusal is remembered for a second, but not by who looks
    assert (await wallet.obtain(links[2])).status == 200
    _, events = await site.api("GET", "/audit/events?resource_type=limit")
    assert [one["event_type"] for one in events["items"]] == ["limit.reached", "limit.reached"]


async def test_a_month_of_calls_ends_and_a_new_one_begins(site: Site, clock: Clock) -> None:
    await limit(site, max_api_calls_per_month=10)
    answers = []
    for _ in range(11):
        async with site.session.get(
            f"{site.url}/api/v1/trust-anchors", headers={"Authorization": f"Bearer {site.alpha.api_key}"}
        ) as answer:
            answers.append((answer.status, answer.headers.get("Limit-Warning"), answer.headers.get("Retry-After")))
    assert [one[0] for one in answers] == [200] * 10 + [429]
    assert answers[6][1] is None
    assert answers[7][1] == "max_api_calls_per_month; used=8; limit=10"
    assert int(answers[10][2] or 0) > 0
    stands = (await shown(site))["max_api_calls_per_month"]  # what shows limits is none
    assert (stands["used"], stands["state"]) == (10, "reached")
    assert (await site.api("GET", "/trust-anchors", key=site.beta.api_key))[0] == 200
    clock.forward(seconds=int(answers[10][2] or 0))
    await shown(site)
    assert (await site.api("GET", "/trust-anchors"))[0] == 200


async def test_verifications_are_counted_when_they_are_asked_for(site: Site) -> None:
    await limit(site, max_verifications_per_month=1)
    asked = {"dcql_query": query()}
    assert (await site.api("POST", "/presentation-requests", asked))[0] == 201
    status, problem = await site.api("POST", "/presentation-requests", asked)
    assert (status, problem["code"]) == (429, "limit_reached")


async def test_a_tier_holds_for_its_tenants_unless_they_have_a_limit_of_their_own(site: Site) -> None:
    tier = {"name": "trial", "max_users": 1, "max_credentials": 5}
    assert (await site.api("POST", "/tiers", tier, site.operator_key))[0] == 204
    assert (await site.api("GET", "/tiers", key=site.operator_key))[1]["items"] == [
        {**tier, "max_storage_gb": None, "max_api_calls_per_month": None, "max_verifications_per_month": None}
    ]
    await limit(site, tier="trial", max_credentials=7)
    stands = await shown(site)
    assert [(stands[name]["limit"], stands[name]["own"]) for name in ("max_users", "max_credentials")] == [
        (1, False),
        (7, True),
    ]
    user = {"email": "a@example.org", "password": "correct horse battery staple"}
    assert (await site.api("POST", "/users", user))[0] == 201
    assert (await site.api("POST", "/users", {**user, "email": "b@example.org"}))[0] == 403
    await limit(site, max_credentials=None)
    assert (await shown(site))["max_credentials"]["limit"] == 5


async def test_only_the_operator_sets_limits_and_only_of_tiers_that_there_are(site: Site) -> None:
    assert (await site.api("PATCH", "/tenants/alpha/limits", {"max_users": 9}))[0] == 403
    assert (await site.api("POST", "/tiers", {"name": "free"}))[0] == 403
    assert (await site.api("PATCH", "/tenants/alpha/limits", {"tier": "gold"}, site.operator_key))[0] == 422
    assert (await site.api("PATCH", "/tenants/alpha/limits", {"max_wallets": 9}, site.operator_key))[0] == 422
    assert (await site.api("PATCH", "/tenants/nobody/limits", {"max_users": 9}, site.operator_key))[0] == 404


async def test_what_a_lost_process_had_leased_comes_back(site: Site) -> None:
    await limit(site, max_users=20)
    scope = await site.scope()
    async with scope.unit() as unit:
        for _ in range(25):  # until nothing is left: a process that died with all of it, two of them spent
            await unit.usage.lease(USERS, ALWAYS, 1, "gone")
        await unit.commit()
    for number in range(2):
        with pytest.raises(LimitReached):
            await create_user(scope, CreateUser(f"x{number}@example.org", None))
    usage = Usage(site.house.app, site.house.scope_of)
    await usage.recount(scope)
    await shown(site)
    assert not await _created(scope, 1)  # its leases count until they are over
    connection = await site.database.connect_admin()
    await connection.execute("UPDATE usage_leases SET expires_at = now() - interval '1 second'")
    await connection.close()
    await usage.recount(scope)
    await shown(site)
    assert all([await _created(scope, number) for number in range(20)])
    assert not await _created(scope, 20)


async def test_what_was_refused_is_not_spent(site: Site) -> None:
    await limit(site, max_users=2)
    scope = await site.scope()
    assert await _created(scope, 1)
    for _ in range(3):
        with pytest.raises(ProtocolError, match="unique"):
            await create_user(scope, CreateUser("person1@example.org", None))
    assert await _created(scope, 2)


async def test_storage_is_measured_and_what_would_add_to_it_refused(site: Site) -> None:
    scope = await site.scope()
    await Usage(site.house.app, site.house.scope_of).recount(scope)
    assert 0 < (await shown(site))["max_storage_gb"]["used"] < 1
    await limit(site, max_storage_gb=0)
    await site.house.quotas.settle(scope)
    status, problem = await site.api("POST", "/credential-offers", ANY)
    assert (status, problem["errors"]) == (403, {"limit": ["max_storage_gb"]})
    assert (await site.api("GET", "/trust-anchors"))[0] == 200  # who is full can still read
