"""What is past goes for all tenants at once, without showing anybody what lives."""

import time

from tests.agent.storage.isolation.cases import Cases
from tests.agent.storage.isolation.world import Tenant, World, digest

CASES = Cases()
_KEYS = """INSERT INTO idempotency_keys (key_hash, request_hash, expires_at)
  VALUES ($1, $1, now() - interval '1 hour'), ($2, $2, now() + interval '1 hour')"""
_MARK = """INSERT INTO replay_marks (tenant_id, slot, kind, mark, day)
  VALUES ($1, ($2::int % 8)::smallint, 'x', $3, $2::int)"""
_MINE = "SELECT key_hash FROM idempotency_keys"


async def _two_keys_each(world: World) -> tuple[Tenant, ...]:
    """Two tenants, each with an idempotency key that is past and one that lives."""
    tenants = await world.another(), await world.another()
    for one in tenants:
        async with world.enter("app", one, commit=True) as app:
            await app.execute(_KEYS, digest("past"), digest("living"))
    return tenants


@CASES.told
async def expiry_deletes_the_past_of_every_tenant_and_nothing_living(world: World) -> None:
    tenants = await _two_keys_each(world)
    async with world.enter("maint", None, commit=True) as maint:
        await maint.fetch("SELECT * FROM expire(100)")
    for one in tenants:
        async with world.enter("app", one) as app:
            assert [row[0] for row in await app.fetch(_MINE)] == [digest("living")]


@CASES.told
async def the_owner_sees_what_is_past_and_nothing_living(world: World) -> None:
    await _two_keys_each(world)
    async with world.enter("owner", None) as owner:
        assert {row[0] for row in await owner.fetch(_MINE)} == {digest("past")}


@CASES.told
async def the_ring_of_replay_marks_drops_the_old_and_keeps_the_young(world: World) -> None:
    today, whose = int(time.time() // 86400), await world.another()
    async with world.admin() as admin:
        for age in (-1, 0, 1, 4, 6):
            await admin.execute(_MARK, whose.id, today - age, digest(f"{age}"))
    async with world.enter("maint", None, commit=True) as maint:
        await maint.fetch("SELECT turn_replay_ring()")
    async with world.enter("app", whose) as app:
        days = [row[0] for row in await app.fetch("SELECT day FROM replay_marks ORDER BY day")]
        assert days == [today - age for age in (4, 1, 0, -1)]
