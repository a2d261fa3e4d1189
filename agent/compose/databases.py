"""Which database, as whom, and brought to this version's schema."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from agent.config import Config
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


async def prepare_database(where: Addresses) -> bool:
    """Roles and schema, when they are not of this version; whether anything was done."""
    if await migrate.current_revision(where.owner) == migrate.newest_revision():
        return False
    app = urlsplit(where.app)
    await migrate.prepare(where.admin, unquote(app.username or ""), unquote(app.password or ""))
    await migrate.migrate(where.owner)
    return True
