"""Server processes of a test's own, as an operator starts them: `chancery serve` over the test's database."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest_asyncio

from agent.compose.house import House
from agent.config import Config
from agent.operations.administering.create_tenant import create_tenant
from agent.scope.administering import CreatedTenant, CreateTenant
from tests.databases import Database
from tests.houses import PERSON, free_port


@dataclass(slots=True)
class Servers:
    """One port, one database, as many processes as asked for."""

    database: Database
    home: Path
    port: int
    tenant: CreatedTenant
    other: CreatedTenant
    operator_key: str
    settings: dict[str, str] = field(default_factory=dict)
    _process: asyncio.subprocess.Process | None = None
    starts: int = 0

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def logs(self) -> list[dict[str, Any]]:
        """Every log line of every start."""
        lines = [line for path in sorted(self.home.glob("log.*")) for line in path.read_text().splitlines()]
        return [json.loads(line) for line in lines if line.startswith("{")]

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CHANCERY_")}
        return kept | {
            "CHANCERY_HOME": str(self.home),
            "CHANCERY_PORT": str(self.port),
            "CHANCERY_DATABASE_URL": self.database.dsn("app"),
            "CHANCERY_DATABASE_CONTROL_URL": self.database.dsn("control"),
            "CHANCERY_DATABASE_MAINT_URL": self.database.dsn("maint"),
            "CHANCERY_FETCH_ALLOW": f"localhost:{self.port}",
            **self.settings,
        }

    async def start(self, workers: int = 1) -> None:
        """Start, and wait until it can serve."""
        self.starts += 1
        with (self.home / f"log.{self.starts}").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "agent.cli", "serve", "--workers", str(workers)),
                env=self.environment(),
                stderr=log,
                stdout=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 60
        while len({line["pid"] for line in self._listening()}) < workers:
            if self._process.returncode is not None or time.monotonic() > deadline:
                raise AssertionError((self.home / f"log.{self.starts}").read_text())
            await asyncio.sleep(0.05)

    def _listening(self) -> list[dict[str, Any]]:
        lines = (self.home / f"log.{self.starts}").read_text().splitlines()
        found = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        return [line for line in found if line["event"] == "listening"]

    async def kill(self) -> None:
        """SIGKILL to every process, at once."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()

    async def stop(self) -> None:
        """SIGTERM, as an operator does; whatever is left then is killed."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), 20)
        except TimeoutError:
            await self.kill()

    async def offer(self, session: aiohttp.ClientSession, **body: Any) -> dict[str, Any]:
        """A new offer of the tenant."""
        body = {"credential_configuration_ids": ["pid"], **body}
        headers = {"Authorization": f"Bearer {self.tenant.api_key}"}
        async with session.post(f"{self.url}/api/v1/credential-offers", json=body, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            return await answer.json()


@pytest_asyncio.fixture
async def servers(database: Database, tmp_path: Path) -> AsyncIterator[Servers]:
    """Two tenants in a fresh database, nothing started yet."""
    port = free_port()
    config = Config(home=tmp_path, port=port, database_url=database.dsn("app"))
    async with House(config, database.addresses) as house:
        operator_key = await house.found_system()
        assert operator_key is not None
        control = await house.control()
        made = [await create_tenant(control, CreateTenant(name, name, {"pid": PERSON})) for name in ("alpha", "beta")]
    found = Servers(database, tmp_path, port, *made, operator_key)
    try:
        yield found
    finally:
        await found.stop()


def pids(logs: list[dict[str, Any]], condition: Callable[[dict[str, Any]], bool]) -> set[int]:
    """Which processes logged lines of a kind."""
    return {line["pid"] for line in logs if condition(line)}
