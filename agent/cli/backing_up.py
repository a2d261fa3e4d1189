"""`chancery backup` and `chancery restore`: the embedded database kept elsewhere, and brought back."""

import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.cli.client import FAILED, json_flag, show, stop
from agent.cli.processes import run
from agent.config import Config, ConfigurationError, read

if TYPE_CHECKING:
    from agent.lifecycle.backups.pgbackrest import PgBackRest
    from agent.storage.embedded import EmbeddedPostgres

_KINDS = ("full", "differential", "incremental")
_EVERY = 600.0


def _located() -> "tuple[Config, EmbeddedPostgres]":
    """The server of the state folder, whether it runs or not."""
    from agent.storage.embedded import EmbeddedPostgres, PostgresError

    try:
        config = read()
        if config.database_url:
            stop("this is for the database that `chancery up` runs; back up one of yours with its own tools", 2)
        server = EmbeddedPostgres(config.home, config.pg_bin, config.pg_user)
        server.locate()
    except (ConfigurationError, PostgresError) as error:
        raise click.ClickException(str(error)) from None
    return config, server


def _tool(config: Config, server: "EmbeddedPostgres") -> "PgBackRest":
    from agent.lifecycle.backups.pgbackrest import of_home
    from agent.storage.embedded import PostgresError

    try:
        found = of_home(config, server)
    except PostgresError as error:
        raise click.ClickException(str(error)) from None
    return found or stop("set CHANCERY_BACKUP_REPOSITORIES, or take a copy: `chancery backup copy FOLDER`", 2)


def _try(act: Callable[[], Any]) -> Any:
    from agent.storage.embedded import PostgresError

    try:
        return act()
    except (PostgresError, OSError) as error:
        raise click.ClickException(str(error)) from None


@click.group()
def backup() -> None:
    """Keep the embedded database elsewhere."""


@backup.command()
@click.option("--kind", type=click.Choice(_KINDS), help="What the schedule says by default, if anything.")
@click.option("--repository", "name", help="One of the repositories; all by default.")
@json_flag
def now(kind: str | None, name: str | None, as_json: bool) -> None:
    """Back up into the repositories: full weekly, differential daily, incremental every four hours."""
    config, server = _located()
    tool = _tool(config, server)
    made = _try(lambda: _back_up(tool, kind, name))
    show({"made": made}, as_json, "\n".join(f"{one['repository']}: {one['kind']}" for one in made) or "nothing is due")


def _back_up(tool: "PgBackRest", kind: str | None, name: str | None = None) -> list[dict[str, str]]:
    from agent.lifecycle.backups.pgbackrest import due

    tool.begin()
    made = []
    for one in [tool.named(name)] if name else tool.repositories:
        wanted = kind or due(tool.listed(one), datetime.now(UTC))
        if wanted:
            tool.back_up(wanted, one)
            made.append({"repository": one.name, "kind": wanted})
    return made


@backup.command()
@click.pass_context
def keep(context: click.Context) -> None:
    """Do what the schedule says until stopped; `chancery up` runs this where repositories are set."""
    import asyncio
    from contextlib import suppress

    from agent import telemetry

    config, server = _located()
    tool = _tool(config, server)

    async def main(stopping: asyncio.Event) -> None:
        telemetry.start(config.log_level, config.traces)
        while not stopping.is_set():
            try:
                for one in await asyncio.to_thread(_back_up, tool, None):
                    telemetry.log("backed_up", kind=one["kind"], component=one["repository"])
            except Exception:
                telemetry.failure("backup_failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), _EVERY)

    run(main, context.obj["until_eof"])


@backup.command(name="list")
@json_flag
def list_(as_json: bool) -> None:
    """What lies in the repositories."""
    tool = _tool(*_located())
    items = _try(lambda: [{"repository": r.name, **asdict(one)} for r in tool.repositories for one in tool.listed(r)])
    lines = [
        f"{one['repository']:10} {one['ended']:%Y-%m-%d %H:%M:%S}  {one['kind']:12} {one['label']}" for one in items
    ]
    show({"items": [one | {"ended": one["ended"].isoformat()} for one in items]}, as_json, "\n".join(lines))


@backup.command()
@click.argument("folder", type=click.Path(path_type=Path))
@json_flag
def copy(folder: Path, as_json: bool) -> None:
    """A base backup in a new FOLDER, online and checked. It holds one moment: what comes later is not in it."""
    from agent.lifecycle.backups.copies import copy_base

    _, server = _located()
    _try(lambda: copy_base(server, folder.resolve()))
    show({"folder": str(folder)}, as_json, f"{folder} holds the database as it was at {time.strftime('%H:%M:%S')}")


@backup.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_flag
def export(file: Path, as_json: bool) -> None:
    """A logical export (pg_dump) of all tenants in a new FILE, which another version of PostgreSQL can read."""
    import asyncio

    from agent.compose.databases import HERE, addresses_of, dedicated
    from agent.lifecycle.backups.copies import export_rows

    _, server = _located()
    file = file.resolve()
    _try(lambda: export_rows(server, file))
    files = [file]
    for where, name in _try(lambda: asyncio.run(dedicated(addresses_of(server)))):
        if where == HERE:  # a tenant with a database of its own has a file of its own
            files.append(file.with_name(f"{file.name}.{name}"))
            _try(partial(export_rows, server, files[-1], name))
    said = ", ".join(map(str, files))
    words = "every row; numbers of transactions begin anew where it is read in"
    show({"file": str(file), "files": [str(one) for one in files]}, as_json, f"{said}: {words}")


@click.command()
@click.option(
    "--to", "moment", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S%z"]), help="With offset."
)
@click.option("--repository", "name", help="The first one by default.")
@click.option("--copy", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A base backup.")
@click.option("--reopen", is_flag=True, help="Fetch nothing: the database of CHANCERY_DATABASE_URL was brought back.")
@json_flag
def restore(moment: datetime | None, name: str | None, folder: Path | None, reopen: bool, as_json: bool) -> None:
    """Bring the database back, as it was at a moment or as late as possible, and make it ready to be opened.

    Erasures are done again, the record of every tenant is proved, its epoch is raised. What was there is kept aside.
    """
    found, aside = _reopened() if reopen else _brought_back(moment, name, folder)
    faults = {tenant: record.faults for tenant, record in found.records.items() if record.faults}
    answer = {
        "epoch": found.epoch,
        "erased_again": found.erased_again,
        "records": {tenant: asdict(record) for tenant, record in found.records.items()},
        "aside": str(aside) if aside else None,
    }
    lines = [f"restored; {found.erased_again} erasures were done again; the record's epoch is {found.epoch}"]
    lines += [f"{tenant}: {fault}" for tenant, several in faults.items() for fault in several]
    lines += [f"what was there before is in {aside}"] * bool(aside)
    show(answer, as_json, "\n".join(lines))
    if faults:
        raise SystemExit(FAILED)


def _reopened() -> Any:
    import asyncio

    from agent.compose.databases import addresses
    from agent.compose.restoring import reopen_database

    config = read()
    if not config.database_url:
        stop("set CHANCERY_DATABASE_URL", 2)
    return asyncio.run(reopen_database(config, addresses(config))), None


def _brought_back(moment: datetime | None, name: str | None, folder: Path | None) -> Any:
    from agent.compose.restoring import bring_back
    from agent.lifecycle.backups.copies import put_back

    config, server = _located()
    _try(server.take)
    if folder:
        if moment:
            stop("a copy holds one moment: --to is for repositories", 2)
        done = _try(lambda: bring_back(config, server, lambda _: put_back(server, folder.resolve())))
    else:
        tool = _tool(config, server)
        server.options = dict(_try(tool.configure))
        chosen = _try(lambda: tool.named(name)) if name else tool.repositories[0]
        done = _try(lambda: bring_back(config, server, lambda aside: tool.restore(chosen, moment, aside)))
    return done.reopened, done.aside
