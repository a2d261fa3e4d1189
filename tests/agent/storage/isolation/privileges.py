"""What the server's login may not do even to rows of its own tenant."""

from uuid import uuid4

import asyncpg

from tests.agent.storage.isolation.cases import FORBIDDEN, RESTRICT, Case, Cases, refusal
from tests.agent.storage.isolation.world import ALPHA, World, digest, enter

CASES = Cases()
BOOTSTRAP = "chancery_bootstrap"
_SEAL = """INSERT INTO audit_seals (tenant_id, seal_no, epoch, from_xact, to_xact, leaf_count, leaves, merkle_root,
    prev_hash, seal_hash, signature, algorithm, key_thumbprint)
  VALUES ($1, 1, 1, '1', '2', 1, $3, $2, $2, $2, 'x', 'ES256', $2)"""

CASES.refused("rows that are named without a foreign key are not deleted", ("DELETE FROM issuers",))
CASES.refused("the server deletes no credential", ("DELETE FROM credentials",))
CASES.refused("the server does not erase", ("SELECT erase('tenant', NULL, $1)", uuid4()))
CASES.refused("the server changes no class of a column", ("UPDATE column_classifications SET class = 'public'",))
CASES.refused("the server changes no audit row", ("UPDATE audit_logs SET action = 'x'",))
CASES.refused("the server deletes no audit row", ("DELETE FROM audit_logs",))
CASES.refused("the server writes no seal", (_SEAL, ALPHA.id, digest(""), digest("")))


@CASES.told
async def a_partition_is_not_read_past_its_parent(world: World) -> None:
    async with world.enter("app", ALPHA) as app:
        partitions = await app.fetch(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_logs'::regclass"
        )
        assert partitions
        for (partition,) in partitions:
            assert await refusal(app, f"SELECT count(*) FROM {partition}") == FORBIDDEN


def _never_becomes(role: str) -> Case:
    async def check(world: World) -> None:
        async with world.enter("app", None) as app:
            assert await refusal(app, f"SET ROLE {role}") == FORBIDDEN

    return Case(f"the server never becomes {role}", check)


CASES += [
    _never_becomes(role)
    for role in ("agent_owner", "agent_backup", BOOTSTRAP, "agent_control", "agent_eraser", "agent_maint")
]
CASES.refused("the server does not switch row security off", ("ALTER TABLE users DISABLE ROW LEVEL SECURITY",))
_OFF = (("SET LOCAL row_security = off",), ("SELECT count(*) FROM users",))
CASES.refused("without row security a query is refused and shows nothing", *_OFF, whose=None)


@CASES.told
async def the_owner_sees_no_user_without_a_tenant(world: World) -> None:
    async with world.enter("owner", None) as owner:
        assert await owner.fetchval("SELECT count(*) FROM users") == 0


@CASES.told
async def the_owner_changes_no_audit_row(world: World) -> None:
    async with world.enter("owner", ALPHA) as owner:
        assert await owner.fetchval("SELECT count(*) FROM audit_logs") > 0
        assert await refusal(owner, "UPDATE audit_logs SET action = 'x'") in (RESTRICT, FORBIDDEN)


async def _refused_to_the_superuser(world: World, sql: str) -> None:
    async with world.admin() as admin:
        assert await admin.fetchval("SELECT count(*) FROM audit_logs") > 0
        assert await refusal(admin, sql) == RESTRICT


@CASES.told
async def not_even_a_superuser_deletes_an_audit_row(world: World) -> None:
    await _refused_to_the_superuser(world, "DELETE FROM audit_logs")


@CASES.told
async def not_even_a_superuser_truncates_the_audit_log(world: World) -> None:
    await _refused_to_the_superuser(world, "TRUNCATE audit_logs")


@CASES.told
async def the_control_plane_lists_tenants(world: World) -> None:
    async with world.enter("control", None) as control:
        assert await control.fetchval("SELECT count(*) FROM tenants") >= 3


@CASES.told
async def maintenance_lists_tenants_and_sees_no_user(world: World) -> None:
    async with world.enter("maint", None) as maint:
        assert await maint.fetchval("SELECT count(*) FROM tenants") >= 3
        await enter(maint, ALPHA)
        assert await refusal(maint, "SELECT FROM users") == FORBIDDEN


@CASES.told
async def maintenance_makes_months_ahead(world: World) -> None:
    async with world.enter("maint", None) as maint:
        assert await _ahead(maint) == 3
        await maint.execute("SELECT ensure_months(5)")
        assert await _ahead(maint) == 5


async def _ahead(connection: asyncpg.Connection) -> int:
    return await connection.fetchval("SELECT months_ahead('audit_logs'::regclass)")
