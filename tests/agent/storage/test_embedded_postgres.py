"""The launcher, with the wheel's binaries and with the system's; and who is logged in while Chancery runs."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from agent.storage import embedded, migrate
from agent.storage.embedded import BOOTSTRAP, EmbeddedPostgres, PostgresError, choose_binaries, wheel_binaries
from tests.houses import free_port
from tests.postgres_binaries import system_binaries

_QUICK = "fsync = off\nshared_buffers = 16MB\n"
Launch = Callable[..., EmbeddedPostgres]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A state folder that the server's user may enter."""
    with tempfile.TemporaryDirectory(prefix="chancery-pg-", ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture(scope="module", params=["wheel", "system"])
def binaries(request: pytest.FixtureRequest) -> Path:
    found = wheel_binaries() if request.param == "wheel" else system_binaries()
    assert found is not None, "the wheel is a requirement"
    return found


@pytest.fixture(scope="module")
def launched(binaries: Path, folder: Path) -> Iterator[EmbeddedPostgres]:
    """A started server of each kind, prepared and migrated."""
    server = EmbeddedPostgres(folder / f"made-by-{_major(binaries)}", str(binaries), settings=_QUICK)
    server.start()
    try:
        asyncio.run(_prepare(server))
        yield server
    finally:
        server.stop("immediate")


@pytest.fixture
def launch() -> Iterator[Launch]:
    """Launches more servers and stops them."""
    made: list[EmbeddedPostgres] = []

    def make(home: Path, binaries: Path) -> EmbeddedPostgres:
        made.append(EmbeddedPostgres(home, str(binaries), settings=_QUICK))
        return made[-1]

    yield make
    for server in made:
        server.stop("immediate")


async def _prepare(server: EmbeddedPostgres) -> None:
    await migrate.prepare(server.admin_dsn)
    await migrate.migrate(server.dsn("chancery_owner"))


def _major(binaries: Path) -> str:
    answer = subprocess.run([binaries / "postgres", "--version"], check=True, capture_output=True, text=True)
    return answer.stdout.split()[2].split(".")[0]


def _ask(dsn: str, query: str) -> object:
    async def ask() -> object:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(ask())


# What is launched


def test_the_server_is_of_the_binaries_that_were_named(launched: EmbeddedPostgres, binaries: Path) -> None:
    answer = _ask(launched.dsn("chancery_app"), "SHOW server_version")
    assert isinstance(answer, str)
    assert answer.split(".")[0] == _major(binaries)


def test_it_is_at_the_newest_revision(launched: EmbeddedPostgres) -> None:
    assert asyncio.run(migrate.current_revision(launched.dsn("chancery_owner"))) == migrate.newest_revision()


def test_it_listens_on_no_network_address(launched: EmbeddedPostgres) -> None:
    assert _ask(launched.dsn("chancery_app"), "SHOW listen_addresses") == ""
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", 5432), timeout=1):
        pass


def test_its_socket_lies_where_only_its_user_may_enter(launched: EmbeddedPostgres) -> None:
    state = launched.socket.stat()
    assert (state.st_mode & 0o777, state.st_uid) == (0o700, launched.data.stat().st_uid)


def test_it_does_not_run_as_root(launched: EmbeddedPostgres) -> None:
    assert launched.data.stat().st_uid != 0


@pytest.mark.parametrize("login", sorted(migrate.LOGINS))
def test_every_login_is_powerless(launched: EmbeddedPostgres, login: str) -> None:
    powers = (
        "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = current_user"
    )
    assert _ask(launched.dsn(login), powers) is False
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        _ask(launched.dsn(login), f"SET ROLE {BOOTSTRAP}")


def test_preparing_and_migrating_again_changes_nothing(launched: EmbeddedPostgres) -> None:
    asyncio.run(_prepare(launched))


def test_an_administrator_is_never_given_the_runtime_roles(launched: EmbeddedPostgres) -> None:
    with pytest.raises(ValueError, match="superuser"):
        asyncio.run(migrate.prepare(launched.admin_dsn, BOOTSTRAP))


def test_statements_do_not_reach_the_servers_log(launched: EmbeddedPostgres) -> None:
    with pytest.raises(asyncpg.PostgresError):
        _ask(launched.dsn("chancery_app"), "SELECT 'canary-4711'::uuid")
    assert "canary-4711" not in (launched.data / "server.log").read_text()


# Starting again


def test_what_was_written_survives_a_restart(launched: EmbeddedPostgres) -> None:
    _ask(launched.admin_dsn, "CREATE TABLE IF NOT EXISTS public.kept AS SELECT 1 AS n")
    launched.stop()
    assert not (launched.data / "postmaster.pid").exists()
    launched.start()
    assert _ask(launched.admin_dsn, "SELECT n FROM public.kept") == 1


def test_a_server_that_outlived_its_starter_is_taken_over(launched: EmbeddedPostgres, binaries: Path) -> None:
    begun = "SELECT pg_postmaster_start_time()"
    before = _ask(launched.admin_dsn, begun)
    lock, launched._lock = launched._lock, None
    assert lock is not None
    lock.close()
    launched.start()
    assert _ask(launched.admin_dsn, begun) == before


def test_a_killed_server_recovers(launched: EmbeddedPostgres) -> None:
    _ask(launched.admin_dsn, "CREATE TABLE IF NOT EXISTS public.committed AS SELECT 2 AS n")
    pid = int((launched.data / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGKILL)
    while Path(f"/proc/{pid}").exists() and _state(pid) != "Z":
        time.sleep(0.02)
    launched.stop()
    launched.start()
    assert _ask(launched.admin_dsn, "SELECT n FROM public.committed") == 2


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "Z"


def test_a_server_that_cannot_start_says_why(binaries: Path, folder: Path) -> None:
    server = EmbeddedPostgres(
        folder / f"wrong-{_major(binaries)}", str(binaries), settings="shared_buffers = nonsense\n"
    )
    with pytest.raises(PostgresError, match=r"(?s)did not start.*shared_buffers"):
        server.start()
    server.stop()


def test_a_second_process_is_refused_in_words(launched: EmbeddedPostgres, launch: Launch, binaries: Path) -> None:
    second = launch(launched._home, binaries)
    with pytest.raises(PostgresError, match="another process runs the server"):
        second.start()


def test_a_half_made_folder_is_never_taken_for_a_database(
    launch: Launch, binaries: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = launch(tmp_path / "home", binaries)
    monkeypatch.setattr(server, "_settings", None)  # found out after initdb
    with pytest.raises(TypeError):
        server.start()
    assert not (server.data / "PG_VERSION").exists()


# Which binaries


def test_an_existing_data_folder_picks_the_binaries_of_its_version(launched: EmbeddedPostgres, binaries: Path) -> None:
    """Whatever is preferred: the other kind is named, and the folder's own is chosen."""
    wheel, system = wheel_binaries(), system_binaries()
    assert wheel is not None
    other = system if binaries == wheel else wheel
    if _major(other) == _major(binaries):
        pytest.skip("both are of one version here")
    assert _major(choose_binaries(str(other), launched.data)) == _major(binaries)


def test_a_data_folder_of_a_version_that_is_not_here_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("9\n")
    with pytest.raises(PostgresError, match="made by PostgreSQL 9, and no binaries of that version are here"):
        choose_binaries("", tmp_path)


def test_binaries_that_are_named_come_first(binaries: Path, tmp_path: Path) -> None:
    assert choose_binaries(str(binaries), tmp_path / "none") == binaries


def test_a_folder_without_binaries_is_passed_over(binaries: Path, tmp_path: Path) -> None:
    assert choose_binaries(str(tmp_path), tmp_path / "none") in embedded.candidates("")


def test_without_any_binaries_the_launcher_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "candidates", lambda _named: [])
    with pytest.raises(PostgresError, match="install Debian's postgresql"):
        choose_binaries("", tmp_path)


# Who is logged in


def test_chancery_runs_without_the_bootstrap_superuser(folder: Path) -> None:
    """`chancery up`: no session of it is the superuser's or the owner's, and no process is handed their address."""
    home = folder / "running"
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CHANCERY_")}
    environment |= {"CHANCERY_HOME": str(home), "CHANCERY_PORT": str(port), "PYTHONUNBUFFERED": "1"}
    up = subprocess.Popen(
        [sys.executable, "-m", "agent.cli", "up"], env=environment, stdout=subprocess.PIPE, start_new_session=True
    )
    assert up.stdout is not None
    try:
        line = up.stdout.readline().decode()
        assert line.startswith("Chancery is ready: "), line
        assert urlsplit(line.removeprefix("Chancery is ready: ").strip()).port == port
        base = _base(home)
        host = (
            base / "run"
            if (base / "run").exists()
            else Path((base / "postgres" / "postmaster.pid").read_text().splitlines()[4])
        )
        names = _logged_in(f"postgresql://{BOOTSTRAP}@/postgres?host={host}")
        assert names
        assert names <= set(migrate.LOGINS) - {"chancery_owner"}
        addresses = [value for child in _children(up.pid) for value in _environment(child)]
        assert any("chancery_app@" in value for value in addresses)
        assert not any(f"{BOOTSTRAP}@" in value or "chancery_owner@" in value for value in addresses)
    finally:
        up.terminate()
        up.stdout.close()
        assert up.wait(30) == 0


def _base(home: Path) -> Path:
    location = home / "postgres.location"
    return Path(location.read_text().strip()) if location.exists() else home


def _logged_in(dsn: str) -> set[str]:
    async def ask() -> set[str]:
        connection = await asyncpg.connect(dsn)
        try:
            query = "SELECT DISTINCT usename FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            return {row[0] for row in await connection.fetch(query)}
        finally:
            await connection.close()

    return asyncio.run(ask())


def _children(pid: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if parent == pid:
            found += [int(folder.name), *_children(int(folder.name))]
    return found


def _environment(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
