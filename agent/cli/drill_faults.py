"""Five faults and the ways back from them, as the table of recovery procedures has them."""

import asyncio
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from agent.cli.drill_world import PLACES, TENANT, World
from agent.compose.databases import addresses_of
from agent.compose.restoring import bring_back, reopen_database
from agent.lifecycle.backups.reopening import Reopened
from agent.lifecycle.drills import REVIEW, Outcome
from agent.operations.keeping.compliance import record_compliance
from agent.scope.compliance import ComplianceRecord
from agent.storage.embedded import BOOTSTRAP, EmbeddedPostgres
from agent.storage.recovery import count_rows, until_writable
from agent.tenancy import WORKER

_CHANGED_BY_REOPENING = {
    *("audit_logs", "audit_seals", "data_access_logs"),
    *("erasure_requests", "outbox", "user_authenticators"),
}
_ADDED_TO_BY_REOPENING = {"revocation_registries", "status_list_shards"}
Recovered = tuple[datetime, EmbeddedPostgres, Reopened]
"""When the fault was, and what serves now."""


def drilled(scenario: str, folder: Path, pg_bin: str = "") -> Outcome:
    """One drill, begun and ended in an empty folder. Raises PostgresError without what it needs."""
    world = World(folder, pg_bin)
    try:
        world.begin()
        fault, server, reopened = FAULTS[scenario](world)
        return asyncio.run(_measured(world, scenario, fault, server, reopened))
    finally:
        world.end()


def _spoiled(sql: str) -> Callable[[World], Recovered]:
    """Somebody's statement destroys what must not be: back to the moment before it."""

    def run(world: World) -> Recovered:
        world.back_up("local")
        world.issue(5)
        world.count()
        moment = datetime.now(UTC)
        world.erase()
        world.execute(sql)
        fault = datetime.now(UTC)
        server, tool = world.primary, world.tool(world.primary)
        server.stop("fast")  # which ships the log to its end
        server.take()
        found = bring_back(world.config, server, lambda aside: tool.restore(tool.named("local"), moment, aside))
        server.start()
        return fault, server, found.reopened

    return run


def database_failure(world: World) -> Recovered:
    """The primary is killed and its files are gone: the replica is promoted, and addresses lead to it."""
    replica = world.server("replica")
    replica.data.mkdir(mode=0o700)
    replica.give(replica.data)
    world.primary.run(
        world.primary.binaries / "pg_basebackup",
        *("-h", world.primary.socket, "-U", BOOTSTRAP, "-D", replica.data, "-X", "stream", "-c", "fast", "-R", "-N"),
    )
    replica.start()
    world.issue(5)
    world.erase()
    world.kill()
    fault = datetime.now(UTC)
    replica.run(replica.binaries / "pg_ctl", "-D", replica.data, "-w", "promote")
    asyncio.run(until_writable(replica.admin_dsn))
    return fault, replica, asyncio.run(reopen_database(world.config, addresses_of(replica)))


def region_failure(world: World) -> Recovered:
    """The region is gone with its server and two repositories: another one is built from what lies far away."""
    return _from_afar(world, lambda: None)


def complete_loss(world: World) -> Recovered:
    """Everything is gone but the repository far away and the copy of the key stores: all is built from nothing."""
    copy = world.folder / "safe"

    def lose_keys() -> None:
        shutil.rmtree(world.keys)
        shutil.copytree(copy, world.keys)

    shutil.copytree(world.keys, copy)
    return _from_afar(world, lose_keys)


def _from_afar(world: World, and_then: Callable[[], None]) -> Recovered:
    world.back_up("geo")
    world.issue(3)
    world.erase()
    world.ship()
    world.issue(2)  # of which nothing was shipped yet
    world.kill()
    fault = datetime.now(UTC)
    for place in PLACES[:2]:
        shutil.rmtree(world.folder / place)
    and_then()
    server = world.server("elsewhere")
    tool = world.tool(server)
    server.take()
    found = bring_back(world.config, server, lambda _: tool.restore(tool.named("geo")))
    server.start()
    return fault, server, found.reopened


FAULTS: Mapping[str, Callable[[World], Recovered]] = {
    "data-corruption": _spoiled("DROP TABLE agent.issuances CASCADE"),
    "database-failure": database_failure,
    "region-failure": region_failure,
    "complete-loss": complete_loss,
    "failed-migration": _spoiled(
        "ALTER TABLE agent.credentials DROP COLUMN status CASCADE;"
        " UPDATE chancery_meta.alembic_version SET version_num = 'half-way'"
    ),
}


async def _measured(
    world: World, scenario: str, fault: datetime, server: EmbeddedPostgres, reopened: Reopened
) -> Outcome:
    counts = await count_rows(server.admin_dsn)
    faults = [fault for record in reopened.records.values() for fault in record.faults]
    faults += [
        f"{table} has {counts.get(table)} rows and had {had}"
        for table, had in world.counts.items()
        if table not in _CHANGED_BY_REOPENING
        and (counts.get(table, 0) < had if table in _ADDED_TO_BY_REOPENING else counts.get(table) != had)
    ]
    async with world.served(server) as (house, flows):
        presented = await flows.verification(await flows.issuance(), "direct_post")
        state = (await flows.admin(f"/presentation-requests/{presented}", None, "GET"))["state"]
        back = datetime.now(UTC)
        if state not in ("verified", "collected"):
            faults.append(f"the first credential was {state}")
        if not await world.forgotten(house):
            faults.append("who was erased came back")
        survived = counts["credentials"]
        lost = len(world.acknowledged) - survived
        outcome = Outcome(
            scenario,
            fault,
            (back - fault).total_seconds(),
            (fault - world.acknowledged[survived]).total_seconds() if lost else 0.0,
            len(world.acknowledged),
            lost,
            reopened.erased_again,
            reopened.epoch,
            reopened.records[TENANT].head,
            tuple(faults),
        )
        await record_compliance(await house.scope_of(TENANT, WORKER), record_of(outcome))
    return outcome


def record_of(outcome: Outcome) -> ComplianceRecord:
    """What the drill is evidence for, until it has to be done again."""
    return ComplianceRecord(
        "business continuity",
        f"recovery from {outcome.scenario}",
        "compliant" if outcome.well else "non_compliant",
        [outcome.evidence],
        outcome.at,
        outcome.at + REVIEW,
    )
