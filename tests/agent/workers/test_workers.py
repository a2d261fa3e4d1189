"""Tasks that come round: what fails is tried again, and the house is kept."""

import asyncio
from datetime import timedelta
from typing import ClassVar

from agent.compose.databases import Addresses
from agent.storage.database import open_pool
from agent.storage.outbox import Outbox
from agent.workers.housekeeping import MONTHS_AHEAD, Housekeeping
from agent.workers.schedule import run_all
from tests.houses import Site


class Counting:
    """Fails the first time."""

    name: ClassVar[str] = "counting"
    seconds: ClassVar[float] = 0.01

    def __init__(self, stopping: asyncio.Event, stop_after: int) -> None:
        self.runs, self._stopping, self._after = 0, stopping, stop_after

    async def __call__(self) -> None:
        self.runs += 1
        if self.runs == 1:
            raise ValueError("first")
        if self.runs == self._after:
            self._stopping.set()


async def test_a_task_that_failed_runs_again_and_all_end_together() -> None:
    stopping = asyncio.Event()
    one, other = Counting(stopping, 3), Counting(stopping, 100_000)
    async with asyncio.timeout(10):
        await run_all([one, other], stopping)
    assert one.runs == 3
    assert other.runs >= 2


async def test_housekeeping_makes_months_and_ends_what_is_over(site: Site) -> None:
    addresses: Addresses = site.database.addresses
    async with await open_pool(addresses.maint, 2, "agent_maint") as pool:
        admin = await site.database.connect_admin()
        try:
            body = {"credential_configuration_ids": ["pid"]}
            for number in range(2):
                headers = {"Idempotency-Key": f"key-{number}-0123456789abcdef"}
                assert (await site.api("POST", "/credential-offers", body, **headers))[0] == 201
            await admin.execute(
                "UPDATE agent.idempotency_keys SET expires_at = now() - interval '1 minute'"
                " WHERE ctid = (SELECT ctid FROM agent.idempotency_keys LIMIT 1)"
            )
            task = Housekeeping(pool)
            await asyncio.gather(task(), task())  # two processes at once
            assert await pool.fetchval("SELECT agent.months_ahead('agent.audit_logs'::regclass)") >= MONTHS_AHEAD
            assert await admin.fetchval("SELECT count(*) FROM agent.idempotency_keys") == 1
            assert await admin.fetchval("SELECT count(*) FROM agent.issuances") == 2
        finally:
            await admin.close()


async def test_what_waits_in_the_outbox_is_leased_to_one(site: Site) -> None:
    scope = await site.scope()
    async with scope.unit() as unit:
        for number in range(10):
            unit.send("tests.topic", str(number), {"number": number})
        await unit.commit()
    async with await open_pool(site.database.dsn("maint"), 4, "agent_maint") as pool:
        outbox = Outbox(pool, "tests.topic")
        batches = await asyncio.gather(*(outbox.claim(5, timedelta(seconds=60)) for _ in range(4)))
        claimed = [row.payload["number"] for batch in batches for row in batch]
        assert sorted(claimed) == list(range(10))
        assert await outbox.claim(5, timedelta(seconds=60)) == []
        first = next(row for batch in batches for row in batch)
        await outbox.postpone(first, timedelta(seconds=-1))
        (again,) = await outbox.claim(5, timedelta(seconds=60))
        assert again.payload == first.payload
        assert again.attempts == first.attempts + 1
        await outbox.clear(again)
        await outbox.postpone(again, timedelta(seconds=-1))
        assert await outbox.claim(5, timedelta(seconds=60)) == []
