"""A major upgrade of the embedded server, rehearsed on a copy: measured, rows counted before and after, thrown away."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.lifecycle.backups.copies import copy_base
from agent.storage.embedded import BOOTSTRAP, DATABASE, EmbeddedPostgres, PostgresError
from agent.storage.recovery import count_rows


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """From which version to which; how long each step took, in seconds; and the tables whose rows do not agree."""

    before: int
    after: int
    seconds: Mapping[str, float]
    tables: int
    rows: int
    differing: tuple[str, ...]

    @property
    def downtime(self) -> float:
        """What the server would be away for: the upgrade itself and the statistics after it."""
        return self.seconds["upgrade"] + self.seconds["statistics"]


def newer_binaries(server: EmbeddedPostgres, candidates: list[Path]) -> Path:
    """The newest of the candidates, when it is newer than what the server has. Raises PostgresError."""
    known = [(server.major(folder), folder) for folder in candidates if (folder / "pg_upgrade").exists()]
    version, folder = max(known, default=(0, Path()))
    if version <= server.major(server.binaries):
        raise PostgresError("no newer PostgreSQL is here: install one, or set CHANCERY_PG_BIN to its programs")
    return server.reach(folder)


def rehearse(server: EmbeddedPostgres, newer: Path, folder: Path) -> Rehearsal:
    """The running server is copied into an empty folder of its user's, and is not touched. Raises PostgresError."""
    old, new, run = folder / "old", folder / "new", folder / "run"
    run.mkdir(mode=0o700)
    server.give(run)
    seconds: dict[str, float] = {}
    clock = _Clock(seconds)
    copy_base(server, old)
    clock("copy")
    counted = _counted(server, server.binaries, old, run)  # which replays its log, too, and ends it cleanly
    clock("replay")
    initdb = ("-k", "-E", "UTF8", "--no-locale", "-A", "trust", "-U", BOOTSTRAP, "--no-sync")
    server.run(newer / "initdb", "-D", new, *initdb)
    upgrade = ("-b", server.binaries, "-B", newer, "-d", old, "-D", new, "-U", BOOTSTRAP, "-s", run)
    within = ("/usr/bin/env", "-C", run, newer / "pg_upgrade", *upgrade)
    server.run(*within, "--check")
    clock("check")
    server.run(*within)
    clock("upgrade")
    after = _counted(server, newer, new, run, seconds)
    differing = tuple(sorted(name for name in counted.keys() | after.keys() if counted.get(name) != after.get(name)))
    versions = server.major(server.binaries), server.major(newer)
    return Rehearsal(*versions, seconds, len(counted), sum(counted.values()), differing)


class _Clock:
    """Notes how long it was since the step before."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self._seconds, self._since = seconds, time.monotonic()

    def __call__(self, step: str) -> None:
        now = time.monotonic()
        self._seconds[step], self._since = round(now - self._since, 2), now


def _counted(
    server: EmbeddedPostgres,
    binaries: Path,
    data: Path,
    run: Path,
    seconds: dict[str, float] | None = None,
) -> dict[str, int]:
    """Rows by table of a data folder that is started for this alone."""
    options = f"-c listen_addresses='' -c unix_socket_directories='{run}' -c archive_mode=off"
    server.run(binaries / "pg_ctl", "-D", data, "-l", data / "server.log", "-o", options, "-w", "start")
    try:
        if seconds is not None:
            clock = _Clock(seconds)
            server.run(binaries / "vacuumdb", "-h", run, "-U", BOOTSTRAP, "--analyze-only", "-q", "-d", DATABASE)
            clock("statistics")
        return dict(asyncio.run(count_rows(f"postgresql://{BOOTSTRAP}@/{DATABASE}?host={run}")))
    finally:
        server.run(binaries / "pg_ctl", "-D", data, "-m", "fast", "-w", "stop")
