"""`chancery up`, `serve`, `work` and `migrate`: the verbs that compose."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli.client import Client
from agent.cli.processes import run, run_many, stop
from agent.config import Config, ConfigurationError, read

if TYPE_CHECKING:
    from agent.storage.embedded import EmbeddedPostgres

READY_SECONDS = 120
_SELF = [sys.executable, "-m", "agent.cli", "--until-eof"]


def _configuration() -> Config:
    try:
        return read()
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None


@click.command()
@click.option("--workers", type=click.IntRange(1, 64), help="Server processes on the one port.")
def up(workers: int | None) -> None:
    """Run everything: database, demo tenant, server and background work; prints one URL."""
    from agent.compose.restoring import require_finished
    from agent.lifecycle.backups.pgbackrest import of_home
    from agent.storage.embedded import EmbeddedPostgres, PostgresError

    config = _configuration()
    _require_loopback_or_production(config)
    if config.database_url:
        _run_all(config, {}, workers)
        return
    database = EmbeddedPostgres(config.home, config.pg_bin, config.pg_user)
    try:
        database.take()
        database.locate()
        require_finished(database)
        backups = of_home(config, database)
        if backups:
            database.options = dict(backups.configure())
        database.start()
        _run_all(config, _settings_of(database), workers, keep_backups=backups is not None)
    except PostgresError as error:
        raise click.ClickException(str(error)) from None
    finally:
        database.stop()


def _settings_of(server: "EmbeddedPostgres") -> dict[str, str]:
    """The embedded server's connection strings, as settings for the processes below."""
    from agent.compose.databases import addresses_of

    where = addresses_of(server)
    return {
        "CHANCERY_DATABASE_URL": where.app,
        "CHANCERY_DATABASE_CONTROL_URL": where.control,
        "CHANCERY_DATABASE_MAINT_URL": where.maint,
        "CHANCERY_DATABASE_OWNER_URL": where.owner,
        "CHANCERY_DATABASE_ADMIN_URL": where.admin,
    }


def _require_loopback_or_production(config: Config) -> None:
    if config.profile == "development" and config.host not in ("127.0.0.1", "::1", "localhost"):
        raise click.ClickException("the development profile listens on loopback only; set CHANCERY_PROFILE=production")


def _run_all(config: Config, settings: dict[str, str], workers: int | None, keep_backups: bool = False) -> None:
    environment = os.environ | settings | {"CHANCERY_HOME": str(config.home)}
    asyncio.run(_prepare(read(environment)))
    for name in ("ADMIN", "OWNER"):  # nobody runs as an administrator, or as the tables' owner
        environment.pop(f"CHANCERY_DATABASE_{name}_URL", None)
    home = config.home
    (home / "url").write_text(f"{config.origin}\n", encoding="utf-8")
    children = [
        _begin(["serve", "--workers", str(workers or config.workers)], environment),
        _begin(["work"], environment),
    ]
    if keep_backups:  # of the server's files, which it finds as we did
        children.append(_begin(["backup", "keep"], os.environ | {"CHANCERY_HOME": str(home)}))
    try:
        _announce(config, children[0])
        _wait(children)
    finally:
        stop(children)


def _begin(command: list[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*_SELF, *command], env=environment, stdin=subprocess.PIPE)  # noqa: S603  # ourselves


def _announce(config: Config, server: subprocess.Popen[bytes]) -> None:
    """Wait until the server is ready, then print the one URL."""
    local = f"http://127.0.0.1:{config.port}/health/ready"
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(local, timeout=2) as answer:  # ourselves
            if answer.status == 200:
                break
        time.sleep(0.03)
    else:
        raise click.ClickException("the server did not become ready; what it logged stands above")
    url = Client(folder=config.home).post("/start-codes", {})["url"]
    click.echo(f"Chancery is ready: {url}")
    sys.stdout.flush()


def _wait(children: list[subprocess.Popen[bytes]]) -> None:
    """Until a signal, or until one of the processes ends."""
    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: stopping.append(received))
    while not stopping and all(child.poll() is None for child in children):
        time.sleep(0.1)
    if not stopping:
        raise click.ClickException("a process ended by itself; what it logged stands above")


async def _prepare(config: Config) -> None:
    """Schema, system tenant and demo tenant; quick when all is there."""
    from agent.compose.databases import addresses, prepare_every_database
    from agent.compose.house import House
    from agent.operations.administering.accounts import CreateUser, create_user
    from agent.operations.administering.create_tenant import create_tenant
    from agent.scope.administering import CreateTenant
    from agent.tenancy import WORKER

    config.home.mkdir(parents=True, exist_ok=True)
    fresh = await prepare_every_database(config, addresses(config))
    if not fresh and (config.home / "admin.key").exists() and (config.home / "operator.key").exists():
        return
    async with House(config, addresses(config)) as house:
        operator = await house.found_system()
        if operator:
            _keep(config.home / "operator.key", operator)
        if await house.knows_tenant("demo"):
            return
        account = {"email": "erika@example.org", "password": secrets.token_urlsafe(12)}
        policy = {"public_clients": True, "demo_sign_in": account if config.profile == "development" else None}
        made = await create_tenant(
            await house.control(),
            CreateTenant(
                "demo",
                "Chancery Demo",
                samples={"pid": _SAMPLE, "mdl": _LICENCE},
                policy=policy,
                country="DE",
                configurations=("pid", "mdl"),
            ),
        )
        _keep(config.home / "admin.key", made.api_key)
        house.cache.clear()  # which remembers that there was no demo
        demo = await house.scope_of("demo", WORKER)
        await create_user(demo, CreateUser(account["email"], account["password"], "erika", _SAMPLE | _LICENCE))


_SAMPLE = {
    "given_name": "Erika",
    "family_name": "Mustermann",
    "birthdate": "1964-08-12",
    "nationalities": ["DE"],
    "address": {"locality": "Köln", "country": "DE"},
}

_LICENCE = {
    "org.iso.18013.5.1": {
        "family_name": "Mustermann",
        "given_name": "Erika",
        "birth_date": "1964-08-12",
        "issue_date": "2024-01-01",
        "expiry_date": "2034-01-01",
        "issuing_country": "DE",
        "issuing_authority": "Kreis Musterstadt",
        "document_number": "B072RRE2I55",
        # The smallest picture there is.
        "portrait": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==",
        "driving_privileges": [{"vehicle_category_code": "B", "issue_date": "1982-09-01", "expiry_date": "2034-01-01"}],
        "un_distinguishing_sign": "D",
        "age_over_18": True,
    }
}


def _keep(path: Path, secret: str) -> None:
    """A secret in a file of mode 0600, whole or not at all."""
    staging = path.with_suffix(".new")
    with open(staging, "w", encoding="ascii", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(f"{secret}\n")
    staging.rename(path)


@click.command()
@click.option("--workers", type=click.IntRange(1, 64), help="Processes on the one port.")
@click.pass_context
def serve(context: click.Context, workers: int | None) -> None:
    """Serve HTTP with the database that CHANCERY_DATABASE_URL names."""
    config = _configuration()
    _require_database(config)
    count, until_eof = workers or config.workers, context.obj["until_eof"]
    if count > 1:
        run_many([*_SELF, "serve", "--workers", "1"], count, until_eof)
        return
    from agent.compose.server import serve_http

    run(serve_http(config), until_eof)


@click.command()
@click.pass_context
def work(context: click.Context) -> None:
    """Do what happens without a caller: deliveries, seals, schedules."""
    from agent.compose.worker import do_work

    config = _configuration()
    _require_database(config)
    run(do_work(config), context.obj["until_eof"])


def _require_database(config: Config) -> None:
    if not config.database_url:
        raise click.ClickException("set CHANCERY_DATABASE_URL, or use `chancery up` for the embedded database")


@click.command()
def migrate() -> None:
    """Prepare the database and bring it to this version's schema; prints the operator's key when it is new."""
    from asyncpg import PostgresError

    from agent.compose.databases import addresses, prepare_every_database
    from agent.compose.house import House

    config = _configuration()
    _require_database(config)

    async def act() -> str | None:
        await prepare_every_database(config, addresses(config))
        async with House(config, addresses(config)) as house:
            return await house.found_system()

    try:
        key = asyncio.run(act())
    except (ValueError, OSError, PostgresError) as error:
        raise click.ClickException(f"{error} (CHANCERY_DATABASE_ADMIN_URL names a login that may make roles)") from None
    click.echo(f"operator key: {key}" if key else "up to date")
