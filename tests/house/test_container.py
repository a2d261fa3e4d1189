"""The image and the composition, kept true without a container: linted, read, and their commands run as they are."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import asyncpg
import pytest
import pytest_asyncio
import yaml

from agent import config
from agent.cli.main import main
from agent.storage.embedded import EmbeddedPostgres
from tests.houses import free_port
from tests.interop.server import is_ready

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
OURS = {name: one for name, one in COMPOSE["services"].items() if one.get("image") == "chancery"}
FILLED = {"CHANCERY_PUBLIC_URL": "https://credentials.example", "CHANCERY_PASSWORD": "p", "POSTGRES_PASSWORD": "q"}


def filled(value: str) -> str:
    """A value as compose fills it from the environment."""
    return re.sub(r"\$\{(\w+)(?::\?[^}]*)?\}", lambda match: FILLED[match[1]], value)


def test_the_dockerfile_keeps_the_linters_rules() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    subprocess.run([linter, "--failure-threshold", "style", ROOT / "Dockerfile"], check=True)


def test_everything_that_the_image_copies_is_let_through_and_exists() -> None:
    copied = {
        name for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE) for name in line.split()
    }
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == let_through
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_runs_as_an_unprivileged_user_with_its_state_in_a_volume() -> None:
    final = DOCKERFILE.split("\nFROM ")[-1]
    assert re.search(r"^USER 1\d{4}$", final, re.MULTILINE)
    assert "VOLUME /var/lib/chancery" in final
    assert "pip install" not in final


@pytest.mark.parametrize("service", OURS)
def test_a_service_is_fenced_in_and_its_words_are_known(service: str) -> None:
    one = OURS[service]
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    assert one["security_opt"] == ["no-new-privileges:true"]
    verb, *options = one["command"]
    command = main.get_command(None, verb)  # type: ignore[arg-type]  # unused
    assert command is not None
    command.make_context(verb, list(options))
    settings = {name: filled(value) for name, value in one["environment"].items()}
    assert config.read(settings).profile == "production"


def test_no_password_has_a_default() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{(\w*PASSWORD)\}?", text)) == {"POSTGRES_PASSWORD", "CHANCERY_PASSWORD"}
    assert ":-" not in text


@pytest.fixture
def cage(tmp_path: Path) -> dict[str, Path]:
    """An empty working folder, an empty home, and the one folder that the container may write."""
    folders = {name: tmp_path / name for name in ("work", "home", "state")}
    for folder in folders.values():
        folder.mkdir()
    return folders


def environment(cage: dict[str, Path], port: int, **more: str) -> dict[str, str]:
    """What the image sets, with the port and the addresses of this run."""
    image = dict(re.findall(r"(\w+)=([^\s\\]+)", DOCKERFILE.split("\nENV PATH")[1].split("\nWORKDIR")[0]))
    image.pop("PATH", None)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(cage["home"]),
        **image,
        "CHANCERY_HOME": str(cage["state"]),
        "CHANCERY_HOST": "127.0.0.1",
        "CHANCERY_PORT": str(port),
        **more,
    }


class Container:
    """Commands of the image's entry point, outside a container."""

    def __init__(self, cage: dict[str, Path], variables: dict[str, str]) -> None:
        self._cage, self._variables = cage, variables

    async def start(self, *command: str) -> asyncio.subprocess.Process:
        (entry,) = re.findall(r'^ENTRYPOINT \["(\w+)"\]$', DOCKERFILE, re.MULTILINE)
        return await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name(entry),
            *command,
            cwd=self._cage["work"],
            env=self._variables,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def run(self, *command: str) -> tuple[int | None, str]:
        process = await self.start(*command)
        out, complaint = await process.communicate()
        return process.returncode, (out + complaint).decode()


@pytest_asyncio.fixture
async def empty_database(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """A database without a schema: its administrator's address."""
    name = f"container_{os.urandom(4).hex()}"
    connection = await asyncpg.connect(postgres.admin_dsn)
    await connection.execute(f"CREATE DATABASE {name}")
    user = postgres.admin_dsn.removeprefix("postgresql://").split("@", 1)[0]
    yield postgres.dsn(user, name)
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.execute(f'DROP ROLE IF EXISTS "{name}"')
    await connection.close()


def as_login(address: str, login: str, password: str) -> str:
    user = address.removeprefix("postgresql://").split("@", 1)[0]
    return address.replace(f"{user}@", f"{login}:{password}@", 1)


async def test_the_services_of_the_composition_come_up_one_after_the_other(
    cage: dict[str, Path], empty_database: str
) -> None:
    port = free_port()
    login = empty_database.split("/")[-1].split("?")[0]
    variables = environment(cage, port, CHANCERY_DATABASE_URL=as_login(empty_database, login, "p%40ss"))
    before = set(ROOT.iterdir())
    migrate = Container(cage, variables | {"CHANCERY_DATABASE_ADMIN_URL": empty_database})
    assert (await migrate.run(*OURS["migrate"]["command"]))[1].startswith("operator key: chy_system_")
    assert await migrate.run(*OURS["migrate"]["command"]) == (0, "up to date\n")
    container = Container(cage, variables)
    serve = await container.start(*OURS["serve"]["command"])
    work = await container.start(*OURS["work"]["command"])
    try:
        for _ in range(300):
            if await is_ready(f"http://127.0.0.1:{port}"):
                break
            await asyncio.sleep(0.1)
        (check,) = re.findall(r'^HEALTHCHECK .* CMD \["python", "-c", "(.*)"\]$', DOCKERFILE, re.MULTILINE)
        health = await asyncio.create_subprocess_exec(sys.executable, "-c", check, env=variables)
        assert await health.wait() == 0
        assert work.returncode is None
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/health/live") as answer:
            assert answer.status == 200
    finally:
        for process in (serve, work):
            process.terminate()
            await process.communicate()
    assert (serve.returncode, work.returncode) == (0, 0)
    assert list(cage["work"].iterdir()) == []
    assert list(cage["home"].iterdir()) == []
    assert set(ROOT.iterdir()) == before


async def test_a_login_that_row_security_does_not_hold_is_refused(cage: dict[str, Path], empty_database: str) -> None:
    variables = environment(cage, free_port(), CHANCERY_DATABASE_URL=empty_database)
    code, said = await Container(cage, variables).run("migrate")
    assert code == 1
    assert "is a superuser or bypasses row security" in said


async def test_a_login_that_may_not_make_roles_is_told_what_is_missing(
    cage: dict[str, Path], empty_database: str, postgres: EmbeddedPostgres
) -> None:
    variables = environment(cage, free_port(), CHANCERY_DATABASE_URL=as_login(empty_database, "nobody_known", "x"))
    code, said = await Container(cage, variables).run("migrate")
    assert code == 1
    assert "CHANCERY_DATABASE_ADMIN_URL" in said
    assert "Traceback" not in said
