"""The cases notice harm: each harm is done to a database of its own, and the cases that are for it must fail there."""

from dataclasses import dataclass

import asyncpg
import pytest

from tests.agent.storage.isolation.every_case import CASES, failures
from tests.agent.storage.isolation.world import build
from tests.databases import Database


@dataclass(frozen=True, slots=True)
class Harm:
    """What is done to the database, how a role that all databases share is healed, and who notices."""

    harm: str
    noticed_by: tuple[str, ...]
    heal: str = "SELECT 1"


_NO_FENCES = "every table has four restrictive fences"
_READS = "alpha reads no row of beta in any table"
_ERASE = "CREATE OR REPLACE FUNCTION agent.erase(scope text, target uuid, request uuid, at_most integer DEFAULT 10000)"
HARMS = {
    "row security disabled on one table": Harm(
        "ALTER TABLE agent.users DISABLE ROW LEVEL SECURITY",
        (_READS, "every table and partition enables and forces row security"),
    ),
    "row security not forced on one table": Harm(
        "ALTER TABLE agent.users NO FORCE ROW LEVEL SECURITY",
        ("the owner sees no user without a tenant", "every table and partition enables and forces row security"),
    ),
    "a fence dropped": Harm("DROP POLICY fence_read ON agent.wallets", (_READS, _NO_FENCES)),
    "a fence that admits all": Harm("ALTER POLICY fence_read ON agent.credentials USING (true)", (_READS,)),
    "a fence for one command too few": Harm("DROP POLICY fence_insert ON agent.organizations", (_NO_FENCES,)),
    "the server's login bypasses row security": Harm(
        "ALTER ROLE chancery_app BYPASSRLS",
        (_READS, "without row security a query is refused and shows nothing"),
        heal="ALTER ROLE chancery_app NOBYPASSRLS",
    ),
    "the server's login may become the owner": Harm(
        "GRANT agent_owner TO chancery_app",
        ("the server never becomes agent_owner",),
        heal="REVOKE agent_owner FROM chancery_app",
    ),
    "a forbidden privilege": Harm(
        "GRANT DELETE ON agent.credentials TO agent_app", ("the server deletes no credential",)
    ),
    "a function with a superuser's rights and no check of the tenant": Harm(
        "CREATE FUNCTION agent.find_user(i uuid) RETURNS agent.users LANGUAGE sql SECURITY DEFINER AS "
        "'SELECT * FROM agent.users WHERE id = i'",
        (
            "every function with its owner's rights fixes its search path",
            "the public executes the two tenant functions and nothing else",
        ),
    ),
    "an erasure that asks for no request": Harm(
        f"{_ERASE} RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS "
        "'DELETE FROM agent.credentials WHERE id = target; SELECT 2::bigint'",
        ("nothing is erased without a request", "nothing is erased without an approval", "an erasure is on record"),
    ),
    "an append-only table without its trigger": Harm(
        "DROP TRIGGER append_only ON agent.audit_logs", ("not even a superuser deletes an audit row",)
    ),
}


@pytest.mark.parametrize("name", HARMS)
async def test_the_cases_notice(name: str, database: Database) -> None:
    world, harm = await build(database), HARMS[name]
    admin: asyncpg.Connection
    async with world.admin() as admin:
        await admin.execute(harm.harm)
        try:
            failed = await failures(world, [case for case in CASES if case.name in harm.noticed_by])
        finally:
            await admin.execute(harm.heal)
    assert set(failed) == set(harm.noticed_by), failed


async def test_an_unharmed_database_holds_in_any_order(database: Database) -> None:
    world = await build(database)
    assert await failures(world, reversed(CASES)) == {}
