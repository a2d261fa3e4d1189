"""Nothing in schema agent is without its fence: read from PostgreSQL's own catalogue, so that no table is forgotten."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from agent.storage.migrate import LOGINS
from tests.databases import Database

WITHOUT_TENANT = {
    "tenants": "its id is the tenant",
    "column_classifications": "the class of every column: the same for all, says nothing of any tenant",
}
_ALL_BUT_MAINT = {"agent_app", "agent_control", "agent_auditor", "agent_eraser", "agent_owner"}
_ALL_BUT_CONTROL = {"agent_app", "agent_maint", "agent_auditor", "agent_eraser"}
OTHER_FENCES = {
    ("tenants", "fence_read"): {"agent_app", "agent_auditor", "agent_eraser"},  # the others list tenants
    ("tenants", "fence_insert"): _ALL_BUT_CONTROL,  # agent_control makes tenants
    ("tenants", "fence_update"): _ALL_BUT_CONTROL,
    ("outbox", "fence_read"): _ALL_BUT_MAINT,  # the relay serves all tenants; an outbox row holds ids only
    ("outbox", "fence_update"): _ALL_BUT_MAINT,
    ("outbox", "fence_delete"): _ALL_BUT_MAINT,
}
EXPIRING = {"sessions", "idempotency_keys", "pushed_authorization_requests", "authorization_sessions", "message_queue"}
SHARED_READS = {
    "credential_schemas",
    "credential_types",
    "trust_registries",
    "trust_anchors",
    "trust_chains",
    "trust_chain_members",
}
TABLES = "c.relnamespace = 'agent'::regnamespace AND c.relkind IN ('r', 'p')"
WHOLE = f"{TABLES} AND NOT c.relispartition"
MINE = "(tenant_id = ( SELECT agent.current_tenant() AS current_tenant))"
MINE_OR_SHARED = f"({MINE} OR (tenant_id = agent.system_tenant()))"


@pytest_asyncio.fixture
async def catalogue(shared_database: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(shared_database.admin)
    yield connection
    await connection.close()


async def names(connection: asyncpg.Connection, query: str, *arguments: Any) -> set[str]:
    return {row[0] for row in await connection.fetch(query, *arguments)}


async def test_there_are_eighty_five_tables(catalogue: asyncpg.Connection) -> None:
    assert len(await names(catalogue, f"SELECT c.relname FROM pg_class c WHERE {WHOLE}")) == 85


async def test_every_table_and_partition_enables_and_forces_row_security(catalogue: asyncpg.Connection) -> None:
    found = await catalogue.fetch(f"SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class c WHERE {TABLES}")
    assert len(found) > 130
    assert [row["relname"] for row in found if not (row["relrowsecurity"] and row["relforcerowsecurity"])] == []


async def test_every_table_but_the_named_has_a_tenant_that_is_never_null(catalogue: asyncpg.Connection) -> None:
    without = await names(
        catalogue,
        f"""SELECT relname FROM pg_class c WHERE {TABLES} AND NOT EXISTS (SELECT FROM pg_attribute a
            WHERE a.attrelid = c.oid AND attname = 'tenant_id' AND attnotnull AND atttypid = 'uuid'::regtype)""",
    )
    assert without == set(WITHOUT_TENANT)


async def test_every_primary_key_begins_with_the_tenant(catalogue: asyncpg.Connection) -> None:
    first = await catalogue.fetch(
        f"""SELECT c.relname, a.attname FROM pg_class c LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
            LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] WHERE {TABLES}"""
    )
    assert {row["relname"] for row in first if row["attname"] != "tenant_id"} == set(WITHOUT_TENANT)
    assert all(row["attname"] for row in first), "a table without a primary key"


async def test_every_unique_index_begins_with_the_tenant(catalogue: asyncpg.Connection) -> None:
    loose = await names(
        catalogue,
        f"""SELECT c.relname FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid AND i.indisunique
            WHERE {TABLES} AND (SELECT attname FROM pg_attribute a WHERE a.attrelid = c.oid AND attnum = indkey[0])
            IS DISTINCT FROM 'tenant_id'""",
    )
    assert loose == set(WITHOUT_TENANT)


FOREIGN_KEYS = """SELECT k.conrelid, k.conrelid::regclass::text AS child, k.conname, k.confrelid::regclass::text AS parent,
  (SELECT array_agg(attname::text ORDER BY o) FROM unnest(conkey) WITH ORDINALITY x(n, o)
     JOIN pg_attribute ON attrelid = conrelid AND attnum = n) AS here,
  (SELECT array_agg(attname::text ORDER BY o) FROM unnest(confkey) WITH ORDINALITY x(n, o)
     JOIN pg_attribute ON attrelid = confrelid AND attnum = n) AS there
  FROM pg_constraint k WHERE contype = 'f' AND connamespace = 'agent'::regnamespace AND conparentid = 0"""


async def test_every_foreign_key_names_the_tenant_on_both_sides(catalogue: asyncpg.Connection) -> None:
    keys = await catalogue.fetch(FOREIGN_KEYS)
    assert len(keys) > 60
    for key in keys:
        if key["parent"] == "agent.tenants":
            assert (key["here"], key["there"]) == (["tenant_id"], ["id"]), key
        else:
            assert key["there"][0] == "tenant_id", key
            assert len(key["here"]) >= 2, key
            assert key["here"][0].endswith("tenant_id"), key


async def test_a_reference_into_the_shared_catalogue_names_the_own_or_the_system_tenant(
    catalogue: asyncpg.Connection,
) -> None:
    keys = [key for key in await catalogue.fetch(FOREIGN_KEYS) if key["here"][0] != "tenant_id"]
    assert {key["parent"].removeprefix("agent.") for key in keys} <= SHARED_READS
    for key in keys:
        checks = await names(
            catalogue,
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c' AND conrelid = $1",
            key["conrelid"],
        )
        column, system = key["here"][0], "'00000000-0000-0000-0000-000000000000'::uuid"
        assert f"CHECK ((({column} = tenant_id) OR ({column} = {system})))" in checks, key


async def test_every_tenant_table_has_its_four_restrictive_fences(catalogue: asyncpg.Connection) -> None:
    fences = await catalogue.fetch(
        """SELECT polrelid::regclass::text AS relation, polcmd::text AS command, polpermissive AS permissive, polname,
           pg_get_expr(polqual, polrelid) AS using, pg_get_expr(polwithcheck, polrelid) AS checks FROM pg_policy"""
    )
    for name in await names(catalogue, f"SELECT c.relname FROM pg_class c WHERE {WHOLE}") - set(WITHOUT_TENANT):
        mine = {f["polname"]: f for f in fences if f["relation"] == f"agent.{name}" and not f["permissive"]}
        reads = MINE_OR_SHARED if name in SHARED_READS else MINE
        wanted = {
            "fence_read": ("r", reads, None),
            "fence_insert": ("a", None, MINE),
            "fence_update": ("w", MINE, MINE),
            "fence_delete": ("d", MINE, None),
        }
        if name in EXPIRING:
            wanted["fence_expired"] = ("*", f"({MINE} OR (expires_at < now()))", MINE)
        assert {n: (f["command"], f["using"], f["checks"]) for n, f in mine.items()} == wanted, name


async def test_a_fence_holds_for_everybody_but_where_a_role_crosses_tenants(catalogue: asyncpg.Connection) -> None:
    narrowed = await catalogue.fetch(
        """SELECT polrelid::regclass::text AS relation, polname, polroles::regrole[]::text[] AS roles FROM pg_policy
           WHERE NOT polpermissive AND polroles <> '{0}'"""
    )
    others = {"agent_app", "agent_control", "agent_maint", "agent_auditor", "agent_eraser"}
    for fence in narrowed:
        name, roles = fence["relation"].removeprefix("agent."), set(fence["roles"])
        if name in EXPIRING:
            assert roles == ({"agent_owner"} if fence["polname"] == "fence_expired" else others), fence
        else:
            assert roles == OTHER_FENCES[name, fence["polname"]], fence


async def test_permissive_policies_are_the_two_known_ones(catalogue: asyncpg.Connection) -> None:
    rows = await catalogue.fetch(
        "SELECT polname, polrelid::regclass::text AS relation FROM pg_policy WHERE polpermissive"
    )
    assert {row["polname"] for row in rows} == {"admit", "directory"}
    assert [row["relation"] for row in rows if row["polname"] == "directory"] == ["agent.tenants"]


async def test_a_partition_is_reached_through_its_parent_only(catalogue: asyncpg.Connection) -> None:
    grants = await catalogue.fetch(
        f"""SELECT c.relname, g.grantee::regrole::text AS grantee, g.privilege_type FROM pg_class c, aclexplode(c.relacl) g
            WHERE {TABLES} AND c.relispartition AND g.grantee <> c.relowner"""
    )
    assert {(row["grantee"], row["privilege_type"]) for row in grants} == {("agent_backup", "SELECT")}
    assert not await names(
        catalogue,
        f"SELECT relname FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid WHERE {TABLES} AND relispartition",
    )


async def test_public_has_nothing_on_any_table(catalogue: asyncpg.Connection) -> None:
    assert not await names(
        catalogue,
        "SELECT c.relname FROM pg_class c, aclexplode(c.relacl) g WHERE c.relnamespace = 'agent'::regnamespace AND g.grantee = 0",
    )


async def test_functions_with_their_owners_rights_are_the_known_ones_and_no_superusers(
    catalogue: asyncpg.Connection,
) -> None:
    """Their owners are fenced as everybody is, so that a function without a check of the tenant shows nothing."""
    rows = await catalogue.fetch(
        """SELECT proname, proowner::regrole::text AS owner, rolsuper OR rolbypassrls AS above FROM pg_proc
           JOIN pg_roles r ON r.oid = proowner WHERE pronamespace = 'agent'::regnamespace AND prosecdef"""
    )
    assert not any(row["above"] for row in rows)
    owners = {row["proname"]: row["owner"] for row in rows}
    assert owners.pop("erase") == "agent_eraser"
    assert set(owners.values()) == {"agent_owner"}
    assert set(owners) == {
        *("ensure_months", "months_ahead", "detach_month", "drop_month"),
        *("expire", "turn_replay_ring", "resolve_tenant"),
    }


async def test_agent_owner_owns_every_table(catalogue: asyncpg.Connection) -> None:
    owners = await names(catalogue, f"SELECT DISTINCT relowner::regrole::text FROM pg_class c WHERE {TABLES}")
    assert owners == {"agent_owner"}


@pytest.mark.parametrize("login", LOGINS)
async def test_a_login_is_no_superuser_and_meets_row_security(catalogue: asyncpg.Connection, login: str) -> None:
    """Its own attributes, and those of every role it can become."""
    reach = await catalogue.fetch(
        """WITH RECURSIVE reach(role) AS (SELECT $1::regrole::oid
             UNION SELECT m.roleid FROM pg_auth_members m JOIN reach ON m.member = reach.role)
           SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolreplication FROM pg_roles JOIN reach ON oid = role""",
        login,
    )
    assert {row["rolname"] for row in reach} == {login, LOGINS[login]}
    assert [row["rolname"] for row in reach if any(tuple(row)[1:])] == []
