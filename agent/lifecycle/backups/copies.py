"""Copies of the embedded server without pgBackRest: the whole of it at one moment, or its rows."""

import shutil
from pathlib import Path

from agent.storage.embedded import BOOTSTRAP, DATABASE, EmbeddedPostgres, PostgresError


def copy_base(server: EmbeddedPostgres, folder: Path) -> None:
    """A base backup of the running server in a new folder, with the log it needs, read back and checked.

    Raises PostgresError.
    """
    _new(server, folder)
    server.run(
        server.binaries / "pg_basebackup",
        *("-h", server.socket, "-U", BOOTSTRAP, "-D", folder, "-X", "stream", "-c", "fast"),
    )
    server.run(server.binaries / "pg_verifybackup", "-q", folder)


def put_back(server: EmbeddedPostgres, folder: Path) -> None:
    """The data folder, which must not be there, from such a copy. Raises PostgresError when a byte of it differs."""
    server.run(server.binaries / "pg_verifybackup", "-q", folder)
    shutil.copytree(folder, server.data, symlinks=True)
    for path in (server.data, *server.data.rglob("*")):
        server.give(path)


def export_rows(server: EmbeddedPostgres, file: Path, database: str = DATABASE) -> None:
    """Every row of one database as pg_dump's own format, past row security. Raises PostgresError."""
    _new(server, file.parent / f"{file.name}.new")
    written = file.parent / f"{file.name}.new" / "dump"
    server.run(
        server.binaries / "pg_dump",
        *("-h", server.socket, "-U", BOOTSTRAP, "--role=agent_backup", "-Fc", "-f", written, "-d", database),
    )
    written.rename(file)
    written.parent.rmdir()


def _new(server: EmbeddedPostgres, folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        raise PostgresError(f"{folder} is there already") from None
    server.give(folder)
