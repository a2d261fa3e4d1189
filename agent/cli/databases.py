"""`chancery database`: how well it does, and what the statistics advise."""

import asyncio
from typing import Any

import click

from agent.cli.client import Client, json_flag, show


@click.group()
def database() -> None:
    """How well the database does."""


@database.command()
@json_flag
def upkeep(as_json: bool) -> None:
    """What the schedule found and did, the newest of each table and index."""
    answer = Client(operator=True).get("/database/upkeep")
    lines = [
        f"{one['at'][:16]}  {one['task']:12} {one['subject']:44} "
        + "  ".join(f"{name} {value}" for name, value in one["figures"].items())
        for one in answer["items"]
    ]
    show(answer, as_json, "\n".join(lines))


@database.command()
@json_flag
def advice(as_json: bool) -> None:
    """Indexes that nothing uses, tables that lack one, and the statements that cost most, without any value."""
    answer = Client(operator=True).get("/database/advice")
    show(answer, as_json, "\n".join(_advice(answer)))


def _advice(answer: Any) -> list[str]:
    lines = [f"counted since {answer['since']}"]
    lines += [f"unused   {one['index']} on {one['table']}, {one['bytes']} bytes" for one in answer["unused"]]
    lines += [
        f"scanned  {one['table']}, {one['scans']} times, {one['rows_per_scan']} rows each, of {one['rows']}"
        for one in answer["scanned"]
    ]
    if answer["statements"] is None:
        return [*lines, "statements are not counted: preload pg_stat_statements"]
    for one in answer["statements"]:
        lines.append(
            f"{one['total']:12.1f} ms in {one['calls']} calls, {one['mean']:.3f} each: {one['statement'][:400]}"
        )
        lines += [f"{'':15}{line}" for line in one["plan"] or ()]
    return lines


@database.command()
def rebuild() -> None:
    """Rebuild indexes that are mostly air, as the tables' owner, while they are used.

    Needed where the worker may not (PostgreSQL before 17); for the embedded server, while it runs.
    """
    from agent.compose.databases import addresses, addresses_of
    from agent.config import ConfigurationError, read
    from agent.storage.database import open_pool
    from agent.storage.embedded import EmbeddedPostgres, PostgresError
    from agent.storage.maintenance import Maintenance

    async def act(dsn: str) -> int:
        async with await open_pool(dsn, 2, "agent_owner") as pool:
            return await Maintenance(pool).indexes()

    try:
        config = read()
        if config.database_url:
            dsn = addresses(config).owner
        else:
            server = EmbeddedPostgres(config.home, config.pg_bin, config.pg_user)
            server.locate()
            dsn = addresses_of(server).owner
        click.echo(f"{asyncio.run(act(dsn))} rebuilt")
    except (ConfigurationError, PostgresError, OSError) as error:
        raise click.ClickException(str(error)) from None
