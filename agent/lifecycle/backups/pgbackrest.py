"""pgBackRest, told what to do: backups of the server that `chancery up` runs, and what is brought back from them."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agent.config import Config
from agent.lifecycle.backups.repositories import (
    STANZA,
    InvalidRepositories,
    Repository,
    configuration,
    read_repositories,
)
from agent.storage.embedded import BOOTSTRAP, EmbeddedPostgres, PostgresError

KINDS: Mapping[str, timedelta] = {
    "full": timedelta(days=7),
    "differential": timedelta(days=1),
    "incremental": timedelta(hours=4),
}
"""Kinds of backups, the most complete first, and how old the newest one of each (or better) may become."""
_TYPES = {"full": "full", "differential": "diff", "incremental": "incr"}
_LOG_AT_MOST = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Backup:
    """One that is there. Nothing earlier than `ended` can be brought back from it alone."""

    label: str
    kind: str
    ended: datetime
    bytes: int


def due(backups: Sequence[Backup], now: datetime) -> str | None:
    """The kind of backup that is to be made now, if any."""
    kinds = list(KINDS)
    for number, (kind, age) in enumerate(KINDS.items()):
        good = [one.ended for one in backups if kinds.index(one.kind) <= number]
        if not good or now - max(good) >= age:
            return kind
    return None


def of_home(config: Config, server: EmbeddedPostgres) -> "PgBackRest | None":
    """For the located server of a state folder; None where no repositories are set. Raises PostgresError."""
    if not config.backup_repositories:
        return None
    try:
        return PgBackRest(server, read_repositories(config.backup_repositories))
    except InvalidRepositories as error:
        raise PostgresError(f"CHANCERY_BACKUP_REPOSITORIES {error}") from None


class PgBackRest:
    """For one server, located or running. Raises PostgresError with pgBackRest's own words."""

    def __init__(self, server: EmbeddedPostgres, repositories: Sequence[Repository]) -> None:
        found = shutil.which("pgbackrest")
        if found is None:
            raise PostgresError("backups into repositories are made by pgBackRest: install Debian's pgbackrest")
        self._tool, self._server, self.repositories = found, server, tuple(repositories)
        self._file = server.base / "pgbackrest.conf"

    def configure(self) -> Mapping[str, str]:
        """Write what pgBackRest reads, for the server's user alone: settings with which the server ships its log."""
        server = self._server
        folder = server.base / "pgbackrest"
        self._own(folder)
        for one in self.repositories:
            if one.url.startswith("file:"):
                self._own(Path(one.options["path"]))
        told = {"path": str(server.data), "socket-path": str(server.socket), "user": BOOTSTRAP}
        text = configuration(self.repositories, told, str(folder))
        staging = self._file.with_suffix(".new")
        with open(staging, "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(text)
        server.give(staging)
        staging.rename(self._file)
        return {
            "archive_mode": "on",
            "archive_command": f"{self._tool} --config={self._file} --stanza={STANZA} archive-push %p",
            "archive_timeout": str(int(_LOG_AT_MOST.total_seconds())),
        }

    def _own(self, folder: Path) -> None:
        """A folder for the server's user; one that is there already stays whose it is."""
        if not folder.exists():
            folder.mkdir(mode=0o750, parents=True)
            self._server.give(folder)

    def named(self, name: str) -> Repository:
        """A repository by its name. Raises PostgresError with the names that there are."""
        for one in self.repositories:
            if one.name == name:
                return one
        raise PostgresError(f"no repository {name}; there are {', '.join(one.name for one in self.repositories)}")

    def begin(self) -> None:
        """Make every repository ready; harmless when repeated."""
        self._run("stanza-create")

    def back_up(self, kind: str, repository: Repository) -> None:
        """One backup, online; what became too old goes."""
        self._run("backup", f"--repo={self._number(repository)}", f"--type={_TYPES[kind]}")

    def listed(self, repository: Repository) -> Sequence[Backup]:
        """Oldest first."""
        shown = json.loads(self._run("info", "--output=json", f"--repo={self._number(repository)}"))
        found: list[Any] = [one for stanza in shown for one in stanza["backup"]]
        names = {short: kind for kind, short in _TYPES.items()}
        return [
            Backup(
                one["label"],
                names[one["type"]],
                datetime.fromtimestamp(one["timestamp"]["stop"], UTC),
                one["info"]["repository"]["delta"],
            )
            for one in found
            if not one.get("error")
        ]

    def restore(self, repository: Repository, to: datetime | None = None, aside: Path | None = None) -> None:
        """The data folder, which must be empty, as it was at a moment, or as late as is known.

        The server replays the log when it is started next, and follows a timeline of its own from there. The end of
        the log, which may lie in no repository yet, comes from the data folder that was set aside.
        """
        self._own(self._server.data)
        self._server.data.chmod(0o700)
        aim = ["--type=default"]
        if to is not None:
            aim = ["--type=time", f"--target={to.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f+00}", "--target-action=promote"]
        self._run("restore", f"--repo={self._number(repository)}", *aim)
        # The server checks each record before it believes it.
        for segment in sorted((aside / "pg_wal").glob("[0-9A-F]" * 24)) if aside else ():
            target = self._server.data / "pg_wal" / segment.name
            shutil.copyfile(segment, target)
            self._server.give(target)

    def _number(self, repository: Repository) -> int:
        return self.repositories.index(repository) + 1

    def _run(self, verb: str, *options: str) -> str:
        return self._server.run(self._tool, f"--config={self._file}", f"--stanza={STANZA}", *options, verb)
