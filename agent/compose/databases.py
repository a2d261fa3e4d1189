"""Which database, as whom, and brought to this version's schema."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from urllib.parse import unquote, urlsplit

import asyncpg

from agent import telemetry
from agent.config import Config, ConfigurationError
from agent.storage import migrate
from agent.storage.embedded import EmbeddedPostgres


@dataclass(frozen=True, slots=True)
class Addresses:
    """Connection strings by runtime role; one login that may take every role will do for all."""

    app: str
    control: str
    maint: str
    owner: str
    admin: str


def addresses(config: Config) -> Addresses:
    """The connection strings that configuration gives."""
    url = config.database_url
    return Addresses(
        app=url,
        control=config.database_control_url or url,
        maint=config.database_maint_url or url,
        owner=config.database_owner_url or url,
        admin=config.database_admin_url or url,
    )


def addresses_of(server: EmbeddedPostgres) -> Addresses:
    """The embedded server's connection strings: a login of its own for every role."""
    app, control, maint, owner = (server.dsn(f"chancery_{role}") for role in ("app", "control", "maint", "owner"))
    return Addresses(app, control, maint, owner, server.admin_dsn)


HERE = "here"
"""The server that has the shared database, as a place of databases of tenants' own."""


def servers(config: Config, shared: Addresses) -> Mapping[str, Addresses]:
    """Servers that may have databases of tenants' own, by name. Raises ConfigurationError."""
    try:
        named = json.loads(config.database_servers or "{}")
        return {HERE: shared, **{name: Addresses(**one) for name, one in named.items()}}
    except (ValueError, TypeError, AttributeError):
        raise ConfigurationError("CHANCERY_DATABASE_SERVERS is no object of connection strings by server") from None


def within(server: Addresses, name: str) -> Addresses:
    """The connection strings of another database of the same server."""
    return Addresses(**{role: urlsplit(dsn)._replace(path=f"/{name}").geturl() for role, dsn in asdict(server).items()})


async def dedicated(where: Addresses) -> list[tuple[str, str]]:
    """(server, name) of each tenant's own database, as the shared one knows them."""
    connection = await asyncpg.connect(where.owner)
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL ROLE agent_owner")
            rows = await connection.fetch(
                "SELECT dsn_ref, database_name FROM agent.tenants WHERE placement <> 'shared' ORDER BY database_name"
            )
    finally:
        await connection.close()
    return [(row[0], row[1]) for row in rows]


async def make_database(server: Addresses, name: str) -> None:
    """A database of this version's schema for one tenant; harmless when it is there and nobody's.

    Raises asyncpg.PostgresError where the administrator may not make one.
    """
    connection = await asyncpg.connect(server.admin)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            quoted = await connection.fetchval("SELECT quote_ident($1)", name)
            await connection.execute(f"CREATE DATABASE {quoted} TEMPLATE template0")
    finally:
        await connection.close()
    await prepare_database(within(server, name))


async def prepare_every_database(config: Config, where: Addresses) -> bool:
    """The shared one, then each tenant's own; whether anything was done to the shared one."""
    fresh = await prepare_database(where)
    known = servers(config, where)
    for server, name in await dedicated(where):
        try:
            await prepare_database(within(known[server], name))
        except (OSError, KeyError, asyncpg.PostgresError):
            telemetry.failure("database_not_prepared", component=name)  # its tenant is not served; the others are
    return fresh


async def prepare_database(where: Addresses) -> bool:
    """Roles and schema, when they are not of this version; whether anything was done."""
    if await migrate.current_revision(where.owner) == migrate.newest_revision():
        return False
    app = urlsplit(where.app)
    await migrate.prepare(where.admin, unquote(app.username or ""), unquote(app.password or ""))
    await migrate.migrate(where.owner)
    return True
