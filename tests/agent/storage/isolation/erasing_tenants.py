"""A whole tenant goes when it is closing and its archives are gone, in short steps, and alone."""

from tests.agent.storage.isolation.cases import RESTRICT, Cases
from tests.agent.storage.isolation.erasing import erase_refused, issued, request
from tests.agent.storage.isolation.months import archive
from tests.agent.storage.isolation.rows import TENANT_TABLES
from tests.agent.storage.isolation.world import ALPHA, BETA, Tenant, World

CASES = Cases()
_STEP = "SELECT erase('tenant', NULL, $1, 3)"


async def _close(world: World, whose: Tenant) -> None:
    async with world.admin() as admin:
        await admin.execute("UPDATE tenants SET status = 'erasing' WHERE id = $1", whose.id)


async def _count(world: World, whose: Tenant) -> dict[str, int]:
    """How many rows a tenant has, for each table in which it has any."""
    async with world.admin() as admin:
        found = {}
        for (table,) in await admin.fetch(TENANT_TABLES):
            rows = await admin.fetchval(f"SELECT count(*) FROM {table} WHERE tenant_id = $1", whose.id)
            found |= {table: rows} if rows else {}
        return found


async def _erase(world: World, whose: Tenant) -> int:
    """Erase in steps of three rows a table; the number of steps."""
    asked = await request(world, whose, "tenant", None)
    for steps in range(200):
        async with world.enter("maint", whose, commit=True) as maint:
            if not await maint.fetchval(_STEP, asked):
                return steps
    raise AssertionError("the erasure of a small tenant does not end")


@CASES.told
async def an_active_tenant_is_not_erased(world: World) -> None:
    whose = await world.another()
    assert await erase_refused(world, whose, "tenant", None, await request(world, whose, "tenant", None)) == RESTRICT


@CASES.told
async def a_tenant_is_not_erased_before_its_archives(world: World) -> None:
    whose = await world.another()
    await archive(world, whose, "2026-01-01")
    await _close(world, whose)
    asked = await request(world, whose, "tenant", None)
    assert await erase_refused(world, whose, "tenant", None, asked) == RESTRICT
    async with world.admin() as admin:
        await admin.execute("UPDATE archive_segments SET erased_at = now() WHERE tenant_id = $1", whose.id)
    assert await erase_refused(world, whose, "tenant", None, asked) is None


@CASES.told
async def of_an_erased_tenant_the_record_is_left(world: World) -> None:
    whose = await issued(world)
    async with world.enter("app", whose, commit=True) as app:
        for number in range(7):
            await app.execute("INSERT INTO organizations (name, type) VALUES ($1, 'y')", f"o{number}")
    await _close(world, whose)
    assert await _erase(world, whose) > 1
    assert set(await _count(world, whose)) == {"erasure_requests", "erasure_acts"}


@CASES.told
async def the_other_tenants_lose_nothing(world: World) -> None:
    whose = await issued(world)
    await _close(world, whose)
    before = [await _count(world, other) for other in (ALPHA, BETA)]
    assert await _erase(world, whose)
    assert [await _count(world, other) for other in (ALPHA, BETA)] == before
