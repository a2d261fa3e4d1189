"""Jobs: of one transaction with what they belong to, done once, tried again, seen by who operates the server."""

import asyncio
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from procrastinate import RetryStrategy

from agent.scope import Scope
from agent.storage.database import open_pool
from agent.storage.migrate import MIGRATIONS
from agent.workers.jobs import Act, Jobs, Share
from tests.databases import Database
from tests.houses import Site

ROOT = Path(__file__).resolve().parents[3]


@asynccontextmanager
async def working(site: Site, house: Mapping[str, Act], shares: Mapping[str, Share]) -> AsyncIterator[Jobs]:
    """A worker of this process."""
    dsn = site.database.dsn("maint")
    async with await open_pool(dsn, 3, "agent_maint") as maint:
        retry = RetryStrategy(max_attempts=1, wait=0)
        jobs = Jobs(dsn, maint, site.house.scope_of, house, shares, schedules=(), retry=retry)
        stopping = asyncio.Event()
        running = asyncio.create_task(jobs.run(stopping, heartbeat=0.1, stalled=0.5))
        try:
            yield jobs
        finally:
            stopping.set()
            await asyncio.wait_for(running, 15)


async def until(true: Any) -> Any:
    """Ask until there is an answer."""
    async with asyncio.timeout(15):
        while not (found := await true()):  # noqa: ASYNC110  # of a database
            await asyncio.sleep(0.03)
    return found


async def test_a_job_is_of_the_transaction_that_adds_it_and_done_for_its_tenant(site: Site) -> None:
    done: list[tuple[str, Mapping[str, Any]]] = []

    async def act(scope: Scope, args: Mapping[str, Any]) -> None:
        done.append((scope.tenant.name, args))

    row = str(uuid4())
    async with working(site, {}, {"act": act}):
        scope = await site.scope()
        async with scope.unit() as unit:
            await unit.jobs.enqueue("act", {"row": "never"})
        async with scope.unit() as unit:
            await unit.jobs.enqueue("act", {"row": row, "number": 3})
            await unit.commit()

        async def finished() -> bool:
            return bool(done)

        await until(finished)
        await asyncio.sleep(0.2)
    assert done == [("alpha", {"row": row, "number": 3})]


async def test_a_job_takes_no_data_and_nobody_else_s_tenant(site: Site) -> None:
    scope = await site.scope()
    for args in (
        {"name": "Erika Mustermann"},
        {"email": "erika@example.org"},
        {"tenant": str(site.beta.id)},
        {"a": {}},
    ):
        async with scope.unit() as unit:
            with pytest.raises(asyncpg.InvalidParameterValueError):
                await unit.jobs.enqueue("act", args)


async def test_who_serves_adds_jobs_and_sees_none(shared_database: Database) -> None:
    for login in ("app", "auditor"):
        connection = await shared_database.connect(login)
        try:
            tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'chancery_jobs'")
            assert len(tables) == 6
            for (table,) in tables:
                for verb in ("SELECT * FROM", "DELETE FROM"):
                    with pytest.raises(asyncpg.InsufficientPrivilegeError):
                        await connection.execute(f"{verb} chancery_jobs.{table}")
            with pytest.raises(asyncpg.InsufficientPrivilegeError):  # no tenant, or not even this door
                await connection.execute("SELECT chancery_jobs.enqueue('act')")
        finally:
            await connection.close()


async def test_what_fails_is_tried_again_then_shown_and_tried_once_more_on_demand(site: Site) -> None:
    tries = 0

    async def act(_scope: Scope, _args: Mapping[str, Any]) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise LookupError("about Erika Mustermann")

    async def jobs(state: str) -> Any:
        _, answer = await site.api("GET", f"/jobs?state={state}", key=site.operator_key)
        return answer["items"]

    async with working(site, {}, {"act": act}):
        scope = await site.scope()
        async with scope.unit() as unit:
            job = await unit.jobs.enqueue("act", {})
            await unit.commit()
        (failed,) = await until(lambda: jobs("failed"))
        assert (failed["id"], failed["task"], failed["tenant"], failed["reason"]) == (
            job,
            "act",
            "alpha",
            "LookupError",
        )
        assert (failed["attempts"], tries) == (2, 2)
        assert (await site.api("POST", f"/jobs/{job}/retry", {}, key=site.operator_key))[0] == 202
        (done,) = await until(lambda: jobs("succeeded"))
        assert done["id"] == job
    assert (await site.api("POST", f"/jobs/{job}/retry", {}, key=site.operator_key))[0] == 404
    assert (await site.api("GET", "/jobs"))[0] == 403


async def test_every_schedule_is_shown_and_can_be_begun_out_of_turn(site: Site) -> None:
    ran = asyncio.Event()

    async def retention() -> None:
        ran.set()

    status, begun = await site.api("POST", "/jobs", {"task": "retention"}, key=site.operator_key)
    assert status == 202, begun
    assert (await site.api("POST", "/jobs", {"task": "other"}, key=site.operator_key))[0] in (400, 422)
    async with working(site, {"retention": retention}, {}) as jobs:
        jobs.app.task(name="retention", queue="chancery", pass_context=True)(lambda _context: retention())
        await asyncio.wait_for(ran.wait(), 15)
    _, answer = await site.api("GET", "/jobs", key=site.operator_key)
    shown = {one["task"]: one for one in answer["schedules"]}
    assert {"retention", "renew_signers", "tidy_jobs"} <= shown.keys()
    assert shown["retention"]["last"]["state"] == "succeeded"
    assert shown["tidy_jobs"]["last"] is None
    assert answer["items"][0]["id"] == begun["id"]


async def test_each_active_tenant_has_one_job_of_a_kind(site: Site) -> None:
    await site.api("PATCH", "/tenants/beta", {"status": "suspended"}, site.operator_key)
    async with await open_pool(site.database.dsn("maint"), 2, "agent_maint") as maint:
        added = [await maint.fetchval("SELECT chancery_jobs.enqueue_for_tenants('renew_signers')") for _ in range(2)]
    assert added == [1, 0]


def test_one_schedule_is_never_done_twice_at_once_and_outlives_its_process(database: Database, tmp_path: Path) -> None:
    """Two processes, and a schedule that comes round faster than it is done; then the one that does it is killed."""
    told = tmp_path / "told"
    told.touch()
    command = [sys.executable, "-m", "tests.agent.workers.job_process", database.dsn("maint"), str(told)]
    processes = {one.pid: one for one in (subprocess.Popen(command, stdin=subprocess.PIPE, cwd=ROOT) for _ in range(2))}

    def lines() -> list[tuple[int, str, float]]:
        found = [line.split() for line in told.read_text().splitlines()]
        return [(int(pid), word, float(at)) for pid, word, at in found]

    def wait(enough: Any) -> None:
        deadline = time.monotonic() + 25
        while not enough():
            assert time.monotonic() < deadline, lines()
            time.sleep(0.02)

    try:
        wait(lambda: [word for _, word, _ in lines()].count("ends") >= 2)
        wait(lambda: lines()[-1][1] == "begins")
        killed = lines()[-1][0]
        processes[killed].send_signal(signal.SIGKILL)
        before = len(lines())
        wait(lambda: [word for _, word, _ in lines()[before:]].count("ends") >= 1)
    finally:
        for process in processes.values():
            assert process.stdin
            process.stdin.close()
            process.wait(20)
    words = [word for _, word, _ in lines()]
    words.pop(before - 1)  # what was killed did not end
    assert words[: len(words) // 2 * 2] == ["begins", "ends"] * (len(words) // 2)
    assert {pid for pid, _, _ in lines()[before:]} == processes.keys() - {killed}


def test_the_queue_s_tables_are_those_of_the_version_installed() -> None:
    """An upgrade that changes them needs a migration of ours."""
    theirs = files("procrastinate").joinpath("sql/schema.sql").read_text(encoding="utf-8")
    ours = (MIGRATIONS / "sql" / "0022_jobs_schema.sql").read_text(encoding="utf-8")
    start = re.compile(r"^-- Enums$", re.M)
    assert start.split(ours)[1] == start.split(theirs)[1]
