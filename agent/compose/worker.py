"""The process of what happens without a caller."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from agent import telemetry
from agent.compose.databases import addresses
from agent.compose.house import House
from agent.config import Config
from agent.lifecycle.archive import Archiver
from agent.lifecycle.journal import ErasureJournal
from agent.mail import Mailer
from agent.operations.administering.create_tenant import SYSTEM
from agent.operations.administering.document_signers import renew
from agent.operations.keeping.announce import announce
from agent.operations.keeping.quality import check_quality
from agent.scope import Scope
from agent.storage.database import open_pool
from agent.storage.maintenance import Maintenance
from agent.storage.pool import Pool
from agent.storage.unit_of_work import unit_of_work
from agent.tenancy import WORKER, Tenant
from agent.workers.deliveries import Deliveries
from agent.workers.erasures import Erasures
from agent.workers.housekeeping import Housekeeping
from agent.workers.jobs import Act, Jobs, Share
from agent.workers.notifications import Notifications
from agent.workers.own_databases import OwnDatabases
from agent.workers.pickups import Pickups
from agent.workers.publication import Publication
from agent.workers.schedule import Task, run_all
from agent.workers.seals import Seals
from agent.workers.shared_catalogue import SharedCatalogue
from agent.workers.statistics import Statistics
from agent.workers.usage import Usage


def do_work(config: Config) -> Callable[[asyncio.Event], Awaitable[None]]:
    """A main function for `cli.processes.run`."""

    async def main(stopping: asyncio.Event) -> None:
        telemetry.start(config.log_level, config.traces)
        where = addresses(config)
        async with House(config, where) as house:
            await house.control()
            maint = await open_pool(where.maint, 4, "agent_maint")
            pickups, others = Pickups(maint, house.scope_of), OwnDatabases(maint, partial(work_in, house))
            try:
                jobs = jobs_of(house, where.maint, maint)
                await _together(run_all([*tasks_of(house, maint), pickups, others], stopping), jobs.run(stopping))
            finally:
                await others.close()
                await pickups.close()
                await maint.close()

    return main


def tasks_of(house: House, maint: Pool) -> list[Task]:
    """What every process looks for every few seconds in one database: ADR 0010 says why these are no jobs."""
    entering = (Deliveries, Publication, Seals, Usage)
    notifications = Notifications(maint, house.scope_of, Mailer(house.config.smtp_url, house.config.mail_from))
    erasures = Erasures(maint, house.scope_of, ErasureJournal(house.archive))
    statistics = Statistics(maint, house.scope_of, house.archive)
    return [
        Housekeeping(maint),
        erasures,
        statistics,
        notifications,
        *(task(maint, house.scope_of) for task in entering),
    ]


def jobs_of(house: House, dsn: str, maint: Pool) -> Jobs:
    """What is done once for one database, and for each tenant whose rows lie there."""
    upkeep = Maintenance(maint)
    by_house: dict[str, Act] = {
        "retention": Archiver(maint, house.scope_of, house.archive).run,
        "statistics": upkeep.statistics,
        "indexes": upkeep.indexes,
        "partitions": upkeep.partitions,
    }
    return Jobs(dsn, maint, house.scope_of, by_house, _SHARES)


async def _renew_signers(scope: Scope, _args: Mapping[str, Any]) -> None:
    await renew(scope)


async def _announce(scope: Scope, _args: Mapping[str, Any]) -> None:
    await announce(scope)


async def _check_quality(scope: Scope, _args: Mapping[str, Any]) -> None:
    await check_quality(scope)


_SHARES: Mapping[str, Share] = {
    "renew_signers": _renew_signers,
    "announce": _announce,
    "check_quality": _check_quality,
}


async def _together(*works: Coroutine[Any, Any, None]) -> None:
    """All of them, until all have ended, or one fails."""
    async with asyncio.TaskGroup() as group:
        for one in works:
            group.create_task(one)


def in_step(house: House, tenant: Tenant) -> SharedCatalogue:
    """What keeps a tenant's own database in step with the shared one."""

    def entering(place: Tenant, role: str) -> Callable[[Tenant], Any]:
        pool = house.placement.pool(place, role)
        return lambda entered: unit_of_work(pool, entered, WORKER, _NO_VAULT, house.now)

    control = entering(SYSTEM, "control"), entering(tenant, "control")
    return SharedCatalogue(SYSTEM, tenant, *control, entering(tenant, "maint"))


async def work_in(house: House, tenant: Tenant, stopping: asyncio.Event) -> None:
    """Everything in a tenant's own database; while it is gone, everything fails there and is tried again."""
    maint = house.placement.pool(tenant, "maint")
    pickups = Pickups(maint, house.scope_of)
    try:
        jobs = jobs_of(house, house.placement.addresses(tenant.database).maint, maint)
        tasks = [in_step(house, tenant), *tasks_of(house, maint), pickups]
        await _together(run_all(tasks, stopping), jobs.run(stopping))
    finally:
        await pickups.close()


_NO_VAULT: Any = None  # nothing is sealed or opened in keeping databases in step
