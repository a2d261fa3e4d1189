"""A tenant with a database of its own: the same to whoever uses it, nothing of it elsewhere, and alone when it is gone."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from agent.compose.databases import HERE, dedicated, make_database, within
from agent.compose.house import House
from agent.compose.restoring import reopen_database
from agent.compose.worker import in_step, tasks_of
from agent.lifecycle.journal import ErasureJournal
from agent.operations.administering.create_tenant import DatabaseTaken, create_tenant
from agent.scope.administering import CreatedTenant, CreateTenant
from agent.scope.core import DatabaseGone
from agent.storage import tables
from agent.storage.embedded import EmbeddedPostgres
from agent.tenancy import WORKER
from tests.databases import Database, copied
from tests.houses import PERSON, Site
from tests.verifying import NAMES, ask, result
from tests.wallets import Wallet

ANY = {"credential_configuration_ids": ["pid"]}
MENTIONED = {"tenants": 1, "audit_heads": 1}
"""Rows of the tenant that the shared database has: where it lies, and how far its record went."""


@pytest.fixture
def own(postgres: EmbeddedPostgres) -> Iterator[Database]:
    with copied(postgres) as made:
        yield made


@pytest_asyncio.fixture
async def gamma(site: Site, own: Database) -> CreatedTenant:
    wanted = CreateTenant("gamma", "Gamma", samples={"pid": PERSON}, database=f"{HERE}/{own.name}")
    return await create_tenant(await site.house.control(), wanted)


@pytest_asyncio.fixture
async def there(site: Site, gamma: CreatedTenant) -> AsyncIterator[Site]:
    """The site as gamma's administrator sees it."""
    yield replace(site, alpha=gamma)
    await site.house.placement.close()  # so that the database can be dropped


async def rows(database: Database, tenant: UUID) -> dict[str, int]:
    connection = await database.connect_admin()
    try:
        found = {}
        for name in set(tables.__all__) - {"column_classifications"}:
            column = "id" if name == "tenants" else "tenant_id"
            found[name] = await connection.fetchval(f"SELECT count(*) FROM {name} WHERE {column} = $1", tenant)
        return {name: count for name, count in found.items() if count}
    finally:
        await connection.close()


async def _flow(site: Site) -> str:
    """Issued, shown, verified, revoked; the credential's id."""
    wallet = Wallet(site.session)
    made = (await site.api("POST", "/credential-offers", {**ANY, "subject": "person-1"}))[1]
    answer = await wallet.obtain(made["credential_offer_uri"])
    assert answer.status == 200, answer
    asked = await ask(site)
    shown = await wallet.present(asked["authorization_request_uri"], answer.body["credentials"][0]["credential"], NAMES)
    assert shown.status == 200, shown
    assert (await result(site, asked))["state"] == "verified"
    _, listed = await site.api("GET", "/credentials")
    credential: str = listed["items"][0]["id"]
    assert (await site.api("POST", f"/credentials/{credential}/revoke", {}))[0] in (200, 204)
    return credential


async def test_everything_of_it_lies_in_its_own_database_and_nothing_of_others(there: Site, own: Database) -> None:
    await _flow(there)
    user = {"email": "a@example.org", "password": "correct horse battery staple"}
    assert (await there.api("POST", "/users", user))[0] == 201
    assert (await there.api("POST", "/didcomm/invitations", {}))[0] == 201
    for task in tasks_of(there.house, there.house.placement.pool((await there.scope()).tenant, "maint")):
        await task()
    await in_step(there.house, (await there.scope()).tenant)()
    here = await rows(own, there.alpha.id)
    assert here.keys() >= {"credentials", "audit_logs", "audit_seals", "presentations", "users", "usage_counters"}
    assert await rows(there.database, there.alpha.id) == MENTIONED
    assert await rows(own, there.beta.id) == {}
    _, listed = await there.api("GET", "/tenants", key=there.operator_key)
    assert [(one["name"], one["database"]) for one in listed["items"]] == [
        ("alpha", None),
        ("beta", None),
        ("gamma", f"here/{own.name}"),
    ]


async def test_a_person_is_erased_there(there: Site, own: Database) -> None:
    await _flow(there)
    whom = {"subject": "person-1"}
    assert (await there.api("POST", "/person-exports", whom))[0] == 200
    status, made = await there.api("POST", "/erasure-requests", whom)
    assert status == 201, made
    assert (await there.api("POST", f"/erasure-requests/{made['id']}/approve", {}))[0] == 200
    assert (await there.api("POST", "/person-exports", whom))[0] == 404
    tenant = (await there.scope()).tenant
    tasks = tasks_of(there.house, there.house.placement.pool(tenant, "maint"))
    await next(task for task in tasks if task.name == "erasures")()
    journal = ErasureJournal(there.house.archive)
    assert [str(found[0]) async for found in journal.read(await there.scope())] == [made["id"]]


async def test_another_process_hears_of_its_changes_within_a_second(there: Site) -> None:
    async with House(there.house.config, there.database.addresses) as other:
        assert "pid" in (await other.scope_of("gamma", WORKER)).catalogue.configurations
        status, _ = await there.api("PATCH", "/configuration", {"branding": {"name": "Town"}})
        assert status == 204
        async with asyncio.timeout(1):
            while (await other.scope_of("gamma", WORKER)).catalogue.tenant.name != "Town":  # noqa: ASYNC110  # by notice
                await asyncio.sleep(0.01)
        assert (await there.api("PATCH", "/tenants/gamma", {"status": "suspended"}, there.operator_key))[0] == 204
        async with asyncio.timeout(1):
            while await other.knows_tenant("gamma"):  # noqa: ASYNC110  # as above
                await asyncio.sleep(0.01)
    assert (await there.api("PATCH", "/tenants/gamma", {"status": "active"}, there.operator_key))[0] == 204
    _, events = await there.api("GET", "/audit/events?resource_type=tenant")
    assert [one["event_type"] for one in events["items"]][:2] == ["tenant.reinstated", "tenant.suspended"]


async def _allow(database: Database, allowed: bool) -> None:
    connection = await asyncpg.connect(database.server.admin_dsn)
    try:
        await connection.execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS {allowed}")
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", database.name
        )
    finally:
        await connection.close()


async def test_when_it_is_gone_its_tenant_is_not_served_and_the_others_are(there: Site, own: Database) -> None:
    async def ready() -> tuple[int, Any]:
        async with there.session.get(f"{there.url}/health/ready") as answer:
            return answer.status, await answer.json()

    assert (await there.api("POST", "/credential-offers", ANY))[0] == 201
    assert await ready() == (200, {"status": "ok"})
    await _allow(own, False)
    try:
        statuses = [(await there.api("POST", "/credential-offers", ANY))[0] for _ in range(3)]
        assert statuses == [503] * 3
        assert await ready() == (200, {"status": "ok", "tenant_databases_gone": 1})
        assert (await there.api("POST", "/credential-offers", ANY, there.beta.api_key))[0] == 201
        there.house.cache.clear()
        async with there.session.get(f"{there.url}/.well-known/openid-credential-issuer/t/gamma") as answer:
            assert answer.status == 503
        assert (await there.api("PATCH", "/tenants/gamma", {"status": "suspended"}, there.operator_key))[0] == 204
        assert (await there.api("PATCH", "/tenants/gamma", {"status": "active"}, there.operator_key))[0] == 204
    finally:
        await _allow(own, True)
    assert (await there.api("POST", "/credential-offers", ANY))[0] == 201
    assert await ready() == (200, {"status": "ok"})


async def test_trust_and_tiers_of_the_shared_catalogue_are_the_same_there(there: Site, own: Database) -> None:
    keep = in_step(there.house, (await there.scope()).tenant)
    anchor = uuid4()
    connection = await there.database.connect_admin()
    system = UUID(int=0)
    await connection.execute(
        "INSERT INTO trust_registries (tenant_id, id, name, version, kind) VALUES ($1, $2, 'r', '1', 'static')",
        system,
        anchor,
    )
    await connection.execute(
        "INSERT INTO trust_anchors (tenant_id, id, registry_id, identifier_kind, identifier, entity_type, name,"
        " roles, trust_level)"
        " VALUES ($1, $2, $2, 'did', 'did:web:trusted.example', 'issuer', 'Trusted', '{issue}', 'high')",
        system,
        anchor,
    )
    await there.api("POST", "/tiers", {"name": "trial", "max_users": 3}, there.operator_key)
    await keep()
    scope = await there.scope()
    assert "did:web:trusted.example" in {one.identifier for one in scope.catalogue.anchors}
    assert (await there.api("PATCH", "/tenants/gamma/limits", {"tier": "trial"}, there.operator_key))[0] == 204
    _, limits = await there.api("GET", "/limits")
    assert limits["items"][0]["limit"] == 3
    await connection.execute("UPDATE trust_anchors SET is_active = false WHERE id = $1", anchor)
    await keep()
    assert "did:web:trusted.example" not in {one.identifier for one in (await there.scope()).catalogue.anchors}
    await connection.execute("DELETE FROM trust_anchors WHERE id = $1", anchor)
    await keep()
    await connection.close()
    connection = await own.connect_admin()
    assert await connection.fetchval("SELECT count(*) FROM trust_anchors WHERE tenant_id = $1", system) == 0
    await connection.close()


async def test_a_record_that_was_set_back_is_noticed(there: Site, own: Database) -> None:
    tenant = (await there.scope()).tenant
    maint = there.house.placement.pool(tenant, "maint")
    seals = next(task for task in tasks_of(there.house, maint) if task.name == "seals")
    await seals()
    keep = in_step(there.house, tenant)
    await keep()
    connection = await own.connect_admin()
    await connection.execute("SET session_replication_role = replica")  # as a restore from before would leave it
    await connection.execute("DELETE FROM audit_seals")
    await connection.close()
    await keep()
    await keep()
    connection = await there.database.connect_admin()
    found = await connection.fetchval("SELECT count(*) FROM security_events WHERE description = 'record_set_back'")
    await connection.close()
    assert found == 1


async def test_a_database_is_one_tenants(there: Site, own: Database) -> None:
    wanted = CreateTenant("delta", "Delta", database=f"{HERE}/{own.name}")
    with pytest.raises(DatabaseTaken):
        await create_tenant(await there.house.control(), wanted)
    with pytest.raises(DatabaseGone):
        await create_tenant(await there.house.control(), replace(wanted, database="elsewhere/x"))
    assert not await there.house.knows_tenant("delta")


async def test_after_a_restore_it_is_reopened_with_the_shared_one(there: Site, own: Database) -> None:
    await _flow(there)
    found = await reopen_database(there.house.config, there.database.addresses)
    assert found.well
    assert found.records.keys() == {"alpha", "beta", "gamma"}


async def test_a_database_that_is_made_is_fenced_like_the_shared_one(database: Database) -> None:
    """Every case of tests/agent/storage/isolation is about these objects, so it holds for it as well."""
    name = f"{database.name}_own"
    await make_database(database.addresses, name)
    made = Database(database.server, name)
    try:
        assert await _fences(made) == await _fences(database)
        assert within(database.addresses, name).app == made.dsn("app")
        assert await dedicated(database.addresses) == []
    finally:
        connection = await asyncpg.connect(database.server.admin_dsn)
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await connection.close()


async def _fences(database: Database) -> list[tuple[Any, ...]]:
    connection = await database.connect_admin()
    try:
        found = await connection.fetch(
            """SELECT c.relname::text AS one, p.polname::text, p.polcmd::text, pg_get_expr(p.polqual, c.oid),
                      pg_get_expr(p.polwithcheck, c.oid), p.polroles::regrole[]::text
                 FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
               UNION ALL SELECT relname, relacl::text, relrowsecurity::text, relforcerowsecurity::text, relkind::text, ''
                 FROM pg_class WHERE relnamespace = 'agent'::regnamespace AND relkind IN ('r', 'p')
               UNION ALL SELECT proname, proacl::text, prosecdef::text, md5(prosrc), '', ''
                 FROM pg_proc WHERE pronamespace = 'agent'::regnamespace ORDER BY 1, 2, 3, 4"""
        )
        return [tuple(row) for row in found]
    finally:
        await connection.close()
