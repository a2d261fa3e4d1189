"""The process of what happens without a caller."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from agent import telemetry
from agent.compose.databases import addresses
from agent.compose.house import House
from agent.config import Config
from agent.lifecycle.archive import Archiver
from agent.lifecycle.journal import ErasureJournal
from agent.operations.administering.document_signers import renew
from agent.scope import Scope
from agent.storage.database import open_pool
from agent.storage.pool import Pool
from agent.workers.deliveries import Deliveries
from agent.workers.erasures import Erasures
from agent.workers.housekeeping import Housekeeping
from agent.workers.jobs import Jobs
from agent.workers.notifications import Notifications
from agent.workers.pickups import Pickups
from agent.workers.publication import Publication
from agent.workers.schedule import Task, run_all
from agent.workers.seals import Seals
from agent.workers.statistics import Statistics


def do_work(config: Config) -> Callable[[asyncio.Event], Awaitable[None]]:
    """A main function for `cli.processes.run`."""

    async def main(stopping: asyncio.Event) -> None:
        telemetry.start(config.log_level, config.traces)
        where = addresses(config)
        async with House(config, where) as house:
            maint = await open_pool(where.maint, 4, "agent_maint")
            pickups = Pickups(maint, house.scope_of)
            try:
                tasks = _rounds(maint, house)
                jobs = _jobs(where.maint, maint, house)
                async with asyncio.TaskGroup() as group:
                    group.create_task(run_all([*tasks, pickups], stopping))
                    group.create_task(jobs.run(stopping))
            finally:
                await pickups.close()
                await maint.close()

    return main


def _rounds(maint: Pool, house: House) -> list[Task]:
    """What is looked for every few seconds, by every process: ADR 0010 says why these are no jobs."""
    return [
        Housekeeping(maint),
        Erasures(maint, house.scope_of, ErasureJournal(house.archive)),
        Statistics(maint, house.scope_of, house.archive),
        *(task(maint, house.scope_of) for task in (Deliveries, Notifications, Publication, Seals)),
    ]


def _jobs(dsn: str, maint: Pool, house: House) -> Jobs:
    archiver = Archiver(maint, house.scope_of, house.archive)
    return Jobs(dsn, maint, house.scope_of, {"retention": archiver.run}, {"renew_signers": _renew_signers})


async def _renew_signers(scope: Scope, _args: Mapping[str, Any]) -> None:
    await renew(scope)
