"""Preparing and migrating a database: roles by an administrator, everything else as the owner through Alembic."""

import asyncio
from pathlib import Path

import asyncpg

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
LOGINS = {
    "chancery_app": "agent_app",
    "chancery_control": "agent_control",
    "chancery_maint": "agent_maint",
    "chancery_auditor": "agent_auditor",
    "chancery_owner": "agent_owner",
}
"""Login roles and what they are members of; none is a superuser or bypasses row security."""


async def prepare(admin_dsn: str, login: str = "", password: str = "") -> None:
    """Make roles, schemas and login roles; once for each database, harmless when repeated. Needs CREATEROLE.

    `login` is a role of yours that the server will connect as, made with this password when there is none; it may take
    every runtime role from now on. Raises ValueError when it is a superuser or bypasses row security.
    """
    connection = await asyncpg.connect(admin_dsn)
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(7042101)")
            await connection.execute((MIGRATIONS / "sql" / "roles.sql").read_text(encoding="utf-8"))
            for own, role in LOGINS.items():
                if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", own):
                    await connection.execute(f"CREATE ROLE {own} LOGIN NOSUPERUSER NOBYPASSRLS")
                await connection.execute(f"GRANT {role} TO {own}")
            if login and login not in LOGINS:
                await _let(connection, login, password)
            for statement in _MEASURING:
                await _if_allowed(connection, statement)
    finally:
        await connection.close()


_MEASURING = (
    "CREATE EXTENSION IF NOT EXISTS pg_stat_statements SCHEMA chancery_meta",
    "CREATE EXTENSION IF NOT EXISTS pgstattuple SCHEMA chancery_meta",
    "GRANT pg_read_all_stats TO agent_control",
    "GRANT EXECUTE ON FUNCTION chancery_meta.pgstatindex(regclass) TO agent_maint, agent_owner",
)
"""What index advice and the rebuilding of indexes measure by; without it they say that they cannot."""


_ABSENT = (asyncpg.FeatureNotSupportedError, asyncpg.UndefinedFileError, asyncpg.UndefinedFunctionError)


async def _if_allowed(connection: asyncpg.Connection, statement: str) -> None:
    """Extensions that are not installed, and roles that we may not give, are done without."""
    try:
        async with connection.transaction():
            await connection.execute(statement)
    except (asyncpg.InsufficientPrivilegeError, *_ABSENT):
        return


async def _let(connection: asyncpg.Connection, login: str, password: str) -> None:
    quoted = await connection.fetchval("SELECT quote_ident($1)", login)
    superuser = await connection.fetchval("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = $1", login)
    if superuser is None:
        secret = await connection.fetchval("SELECT quote_literal($1)", password)
        await connection.execute(f"CREATE ROLE {quoted} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD {secret}")
    if superuser:
        raise ValueError(f"{login} is a superuser or bypasses row security: give the server a login of its own")
    await connection.execute(f"GRANT {', '.join(LOGINS.values())} TO {quoted}")


def newest_revision() -> str:
    """The revision that this version's code was written for."""
    return max(path.name.split("_", 1)[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def _upgrade(owner_dsn: str, revision: str) -> None:
    # Servers and workers migrate nothing, and start sooner without Alembic.
    from alembic import command
    from alembic.config import Config

    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    configuration.attributes["dsn"] = owner_dsn
    command.upgrade(configuration, revision)


async def migrate(owner_dsn: str, revision: str = "head") -> None:
    """Bring the database to a revision, as the owner."""
    await asyncio.to_thread(_upgrade, owner_dsn, revision)


async def current_revision(owner_dsn: str) -> str | None:
    """The revision the database is at, None when it has none, or not even our roles."""
    try:
        connection = await asyncpg.connect(owner_dsn)
    except asyncpg.InvalidAuthorizationSpecificationError:
        return None
    try:
        if await connection.fetchval("SELECT to_regclass('chancery_meta.alembic_version')") is None:
            return None
        found: str | None = await connection.fetchval("SELECT version_num FROM chancery_meta.alembic_version")
        return found
    finally:
        await connection.close()
