"""`chancery move`: a tenant to a database of its own, or back to the shared one, while it is served."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import click

from agent.cli.client import json_flag, show, stop

if TYPE_CHECKING:
    from agent.compose.databases import Addresses
    from agent.config import Config
    from agent.lifecycle.moves import Mover, Progress


_STATES = ("analysed", "prepared", "copying", "switching", "switched")


def _where() -> "tuple[Config, Addresses]":
    from agent.compose.databases import addresses, addresses_of
    from agent.config import ConfigurationError, read
    from agent.storage.embedded import EmbeddedPostgres, PostgresError

    try:
        config = read()
        if config.database_url:
            return config, addresses(config)
        embedded = EmbeddedPostgres(config.home, config.pg_bin, config.pg_user)
        embedded.locate()
        return config, addresses_of(embedded)
    except (ConfigurationError, PostgresError) as error:
        raise click.ClickException(str(error)) from None


def _mover(quiet: bool) -> "Mover":
    from agent.compose.databases import servers, within
    from agent.lifecycle.moves import SHARED, Mover

    config, shared = _where()
    known = servers(config, shared)

    def dsn_of(database: str) -> str:
        server, _, name = database.partition("/")
        if database == SHARED:
            return shared.admin
        return within(known[server], name).admin if server in known else stop(f"no server {server}", 2)

    return Mover(dsn_of, (lambda _state, _progress: None) if quiet else _tell)


def _tell(state: str, progress: "Progress | None") -> None:
    if progress is None:
        click.echo(state, err=True)
        return
    done = progress.size / progress.of_size if progress.of_size else progress.tables / progress.of_tables
    rate = progress.size / progress.seconds / 1e6 if progress.seconds else 0.0
    left = "" if progress.left is None else f", {progress.left:.0f} s left"
    bar = "#" * round(30 * done)
    tables = f"{progress.tables}/{progress.of_tables} tables"
    click.echo(f"[{bar:<30}] {done:4.0%}  {tables}  {rate:.1f} MB/s{left}", err=True)


def _do(act: Callable[[], Awaitable[Any]], as_json: bool) -> None:
    from asyncpg import PostgresError

    from agent.lifecycle.moves import CannotMove
    from agent.storage.tenant_moves import NoSuchMove

    async def acted() -> Any:
        return await act()

    try:
        move = asyncio.run(acted())
    except (CannotMove, NoSuchMove, TimeoutError, OSError, PostgresError) as error:
        raise click.ClickException(f"{error}") from None
    found = {"tenant": move.name, "state": move.state, "source": move.source, "target": move.target}
    pause = move.progress.get("pause")
    said = f"{move.name}: {move.state} ({move.source} -> {move.target})" + (f", paused {pause} s" if pause else "")
    show({**found, "progress": move.progress}, as_json, said)


@click.group()
def move() -> None:
    """Move a tenant between databases, by an administrator of both."""


@move.command()
@click.argument("name")
@click.option("--to", "direction", type=click.Choice(["dedicated", "shared"]), required=True)
@click.option("--server", default="here", show_default=True, help="Of its own database: CHANCERY_DATABASE_SERVERS.")
@click.option("--until", default="switched", type=click.Choice(_STATES))
@json_flag
def begin(name: str, direction: str, server: str, until: str, as_json: bool) -> None:
    """Analyse, prepare, pilot, copy, verify, and switch with a pause of seconds."""
    from agent.cli.tenants import made_database

    mover = _mover(as_json)

    async def act() -> Any:
        await mover.begin(name, f"to_{direction}", target)
        return await mover.go_on(name, until)

    target = f"{server}/{made_database(server, name)}" if direction == "dedicated" else "shared"
    _do(act, as_json)


@move.command(name="continue")
@click.argument("name")
@json_flag
def continue_(name: str, as_json: bool) -> None:
    """Go on with a move that was stopped or killed."""
    mover = _mover(as_json)
    _do(lambda: mover.go_on(name), as_json)


@move.command()
@click.argument("name")
@json_flag
def status(name: str, as_json: bool) -> None:
    """How far it has come."""
    mover = _mover(True)
    _do(lambda: mover.find(name), as_json)


@move.command()
@click.argument("name")
@json_flag
def abort(name: str, as_json: bool) -> None:
    """Before the switch: stay, and delete what was copied."""
    mover = _mover(True)
    _do(lambda: mover.abort(name), as_json)


@move.command(name="roll-back")
@click.argument("name")
@json_flag
def roll_back(name: str, as_json: bool) -> None:
    """After the switch: back, with all that was written since."""
    mover = _mover(True)
    _do(lambda: mover.roll_back(name), as_json)


@move.command()
@click.argument("name")
@json_flag
def finalise(name: str, as_json: bool) -> None:
    """Delete the old copy; from then on there is no way back."""
    mover = _mover(True)
    _do(lambda: mover.finalise(name), as_json)
