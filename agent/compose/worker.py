"""The process of what happens without a caller."""

import asyncio
from collections.abc import Awaitable, Callable

from agent import telemetry
from agent.compose.databases import addresses
from agent.compose.house import House
from agent.config import Config
from agent.lifecycle.archive import Archiver
from agent.lifecycle.journal import ErasureJournal
from agent.storage.database import open_pool
from agent.workers.deliveries import Deliveries
from agent.workers.document_signers import DocumentSigners
from agent.workers.erasures import Erasures
from agent.workers.housekeeping import Housekeeping
from agent.workers.notifications import Notifications
from agent.workers.pickups import Pickups
from agent.workers.publication import Publication
from agent.workers.retention import Retention
from agent.workers.schedule import run_all
from agent.workers.seals import Seals
from agent.workers.statistics import Statistics
from agent.workers.usage import Usage


def do_work(config: Config) -> Callable[[asyncio.Event], Awaitable[None]]:
    """A main function for `cli.processes.run`."""

    async def main(stopping: asyncio.Event) -> None:
        telemetry.start(config.log_level, config.traces)
        where = addresses(config)
        async with House(config, where) as house:
            maint = await open_pool(where.maint, 4, "agent_maint")
            pickups = Pickups(maint, house.scope_of)
            try:
                entering = (Deliveries, Notifications, Publication, Seals, DocumentSigners, Usage)
                retention = Retention(Archiver(maint, house.scope_of, house.archive))
                erasures = Erasures(maint, house.scope_of, ErasureJournal(house.archive))
                statistics = Statistics(maint, house.scope_of, house.archive)
                entered = (task(maint, house.scope_of) for task in entering)
                await run_all([Housekeeping(maint), retention, erasures, statistics, *entered, pickups], stopping)
            finally:
                await pickups.close()
                await maint.close()

    return main
