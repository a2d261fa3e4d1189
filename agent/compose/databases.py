"""Which database, as whom, and brought to this version's schema."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from agent.config import Config
from agent.storage import migrate


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


async def prepare_database(config: Config) -> bool:
    """Roles and schema, when they are not of this version; whether anything was done."""
    where = addresses(config)
    if await migrate.current_revision(where.owner) == migrate.newest_revision():
        return False
    app = urlsplit(where.app)
    await migrate.prepare(where.admin, unquote(app.username or ""), unquote(app.password or ""))
    await migrate.migrate(where.owner)
    return True
