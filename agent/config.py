"""Settings: read once from the environment, then frozen.

Every setting is an environment variable `CHANCERY_<NAME>`; a value that begins with `@` names a file that holds it,
so that secrets arrive as files.  Unknown `CHANCERY_` variables are refused: a typo must not pass as a default.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

_PLUGIN_SECTIONS = ("PLUGIN_",)
_FOREIGN = frozenset({"CHANCERY_VECTORS", "CHANCERY_API_KEY", "CHANCERY_URL"})


class ConfigurationError(Exception):
    """A setting is unknown, missing or cannot be read; says which and what would do."""


@dataclass(frozen=True, slots=True)
class Config:
    """All settings. Paths are absolute; sizes in bytes; times in seconds.

    `public_url` is the origin that the world uses; every URL that leaves the server begins with it. `database_url`
    empty means the embedded server. `plugins` names what is on per family as "family:name,name;family:name";
    a family that is not named has all that are installed by this project. `did_resolver` "public" lets everybody
    resolve DIDs at /1.0/identifiers/, which makes this server fetch for them. `archive_url` is a folder or a bucket as
    a URL, a folder of the home by default; `archive_options` a JSON object of the store's own options.
    `backup_repositories` is a JSON list, by `lifecycle.backups.repositories`. `database_servers` is a JSON object: by a
    name, the connection strings (app, control, maint, owner, admin) of a server that has databases of tenants' own.
    `smtp_url` and `mail_from` are the server and the sender of notices by mail.
    """

    home: Path = Path(".chancery")
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = ""
    workers: int = 1
    profile: str = "development"
    database_url: str = ""
    database_admin_url: str = ""
    database_control_url: str = ""
    database_maint_url: str = ""
    database_owner_url: str = ""
    database_pool: int = 10
    database_servers: str = ""
    pg_bin: str = ""
    pg_user: str = ""
    redis_url: str = ""
    archive_url: str = ""
    archive_options: str = ""
    backup_repositories: str = ""
    key_store: str = "askar"
    kek_store: str = "askar"
    plugins: str = ""
    fetch_allow: str = ""
    client_certificate_header: str = ""
    max_body: int = 1_000_000
    smtp_url: str = ""
    mail_from: str = ""
    log_level: str = "info"
    traces: str = ""
    did_resolver: str = "off"
    plugin_settings: tuple[tuple[str, str], ...] = ()

    @property
    def origin(self) -> str:
        """The public origin without a trailing slash."""
        return (self.public_url or f"http://localhost:{self.port}").rstrip("/")

    def plugin_section(self, name: str) -> dict[str, str]:
        """Settings of one plugin: CHANCERY_PLUGIN_<NAME>_<KEY>=value, keys in lower case."""
        prefix = name.upper().replace("-", "_").replace("+", "_") + "_"
        return {key[len(prefix) :].lower(): value for key, value in self.plugin_settings if key.startswith(prefix)}


def read(environment: Mapping[str, str] | None = None) -> Config:
    """The configuration of this process. Raises ConfigurationError naming the variable."""
    source = os.environ if environment is None else environment
    kinds = {field.name.upper(): field.type for field in fields(Config) if field.name != "plugin_settings"}
    values: dict[str, object] = {}
    plugin_settings: list[tuple[str, str]] = []
    for variable, raw in source.items():
        if not variable.startswith("CHANCERY_") or variable in _FOREIGN:
            continue
        name = variable.removeprefix("CHANCERY_")
        if name.startswith(_PLUGIN_SECTIONS):
            plugin_settings.append((name.removeprefix("PLUGIN_"), _value(variable, raw)))
        elif name in kinds:
            values[name.lower()] = _typed(variable, _value(variable, raw), kinds[name])
        else:
            raise ConfigurationError(f"{variable} is no setting; known are {', '.join(sorted(kinds))}")
    config = Config(**values, plugin_settings=tuple(sorted(plugin_settings)))  # type: ignore[arg-type]  # typed above
    return _checked(config)


def _value(variable: str, raw: str) -> str:
    if not raw.startswith("@"):
        return raw
    try:
        return Path(raw[1:]).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(f"{variable} names a file that cannot be read: {error.strerror}") from None


def _typed(variable: str, value: str, kind: object) -> object:
    if kind is int:
        if not value.isdigit():
            raise ConfigurationError(f"{variable} is not a whole number")
        return int(value)
    return Path(value).resolve() if kind is Path else value


def _checked(config: Config) -> Config:
    if config.profile not in ("development", "production"):
        raise ConfigurationError("CHANCERY_PROFILE is development or production")
    if config.did_resolver not in ("off", "public"):
        raise ConfigurationError("CHANCERY_DID_RESOLVER is off or public")
    if config.profile == "production" and not config.origin.startswith("https://"):
        raise ConfigurationError("CHANCERY_PUBLIC_URL has to begin with https:// in production")
    return config
