"""kill -9 to a mediator while messages flow through it: each comes at least once and is handled exactly once.

Three Chancery processes of their own with a database each: who writes (its worker delivers), the mediator (its server
holds), and who is written to (its worker picks up). Only the mediator is killed, at random moments.
"""

import asyncio
import contextlib
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

import aiohttp
import pytest

from agent.compose.house import House
from agent.config import Config
from agent.operations.administering.create_tenant import create_tenant
from agent.operations.messaging.accept_invitation import AcceptInvitation, accept_invitation
from agent.operations.messaging.be_mediated import request_mediation
from agent.operations.messaging.begin_protocol import BeginProtocol, begin_protocol
from agent.operations.messaging.create_invitation import CreateInvitation, create_invitation
from agent.scope import Scope
from agent.scope.administering import CreateTenant
from agent.storage.embedded import EmbeddedPostgres
from agent.tenancy import WORKER
from tests.databases import Database, copied
from tests.houses import PERSON, free_port

MESSAGE = "https://didcomm.org/basicmessage/2.0/message"
IN = f"SELECT count(*) FROM agent.messages WHERE direction = 'in' AND type = '{MESSAGE}'"
RECEIVED = (
    "SELECT count(*) FROM agent.audit_logs WHERE event_type = 'didcomm.received'"
    f" AND metadata->>'protocol' = '{MESSAGE.rpartition('/')[0]}'"
)
HELD = "SELECT coalesce(sum((metadata->>'messages')::int), 0) FROM agent.audit_logs WHERE event_type = 'didcomm.held'"


@pytest.fixture
def databases(postgres: EmbeddedPostgres) -> Iterator[list[Database]]:
    with copied(postgres) as first, copied(postgres) as second, copied(postgres) as third:
        yield [first, second, third]


@dataclass
class Agent:
    """One installation: its database, its house in this process for what an operator does, and its own processes."""

    database: Database
    home: Path
    port: int
    ports: tuple[int, ...]
    scope: Scope
    starts: int = 0
    process: asyncio.subprocess.Process | None = None

    async def start(self, verb: str) -> None:
        """`chancery serve` or `chancery work`, as an operator starts it."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CHANCERY_")}
        environment = kept | {
            "CHANCERY_HOME": str(self.home),
            "CHANCERY_PORT": str(self.port),
            "CHANCERY_DATABASE_URL": self.database.dsn("app"),
            "CHANCERY_DATABASE_CONTROL_URL": self.database.dsn("control"),
            "CHANCERY_DATABASE_MAINT_URL": self.database.dsn("maint"),
            "CHANCERY_FETCH_ALLOW": ",".join(f"localhost:{port}" for port in self.ports),
            "CHANCERY_PLUGIN_WEB_PLAIN_HTTP": ",".join(f"localhost:{port}" for port in self.ports),
        }
        self.starts += 1
        with (self.home / f"log.{self.starts}").open("wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "agent.cli", verb),
                env=environment,
                stderr=log,
                stdout=log,
                start_new_session=True,
            )

    async def ready(self) -> None:
        async with asyncio.timeout(60), aiohttp.ClientSession() as session:
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"http://localhost:{self.port}/health/ready") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        if self.process is None or self.process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()

    async def value(self, query: str) -> int:
        connection = await self.database.connect_admin()
        try:
            return int(await connection.fetchval(query))
        finally:
            await connection.close()


@asynccontextmanager
async def installed(databases: list[Database], folder: Path) -> AsyncIterator[list[Agent]]:
    ports = tuple(free_port() for _ in databases)
    local = ",".join(f"localhost:{port}" for port in ports)
    async with AsyncExitStack() as stack:
        made = []
        for number, (database, port) in enumerate(zip(databases, ports, strict=True)):
            home = folder / f"agent{number}"
            home.mkdir()
            config = Config(
                home=home,
                port=port,
                database_url=database.dsn("app"),
                fetch_allow=local,
                plugin_settings=(("WEB_PLAIN_HTTP", local),),
            )
            house = await stack.enter_async_context(House(config, database.addresses))
            await house.found_system()
            await create_tenant(await house.control(), CreateTenant("alpha", "alpha", {"pid": PERSON}))
            house.cache.clear()
            agent = Agent(database, home, port, ports, await house.scope_of("alpha", WORKER))
            stack.push_async_callback(agent.kill)
            made.append(agent)
        yield made


async def introduce(writer: Agent, mediator: Agent, edge: Agent) -> UUID:
    """The edge behind the mediator, and the writer's connection with it."""
    made = await create_invitation(mediator.scope, CreateInvitation(policy={"mediate": True}))
    line = await accept_invitation(edge.scope, AcceptInvitation(made.url))
    await until(partial(mediator.value, "SELECT count(*) FROM agent.connections WHERE state = 'completed'"), 1)
    await request_mediation(edge.scope, line)
    await until(partial(edge.value, "SELECT count(*) FROM agent.mediations WHERE role = 'recipient'"), 1)
    made = await create_invitation(edge.scope, CreateInvitation(mediator=line))
    writing = await accept_invitation(writer.scope, AcceptInvitation(made.url))
    await until(partial(edge.value, "SELECT count(*) FROM agent.connections WHERE state = 'completed'"), 2)
    return writing


async def until(asked: Callable[[], Awaitable[int]], wanted: int, seconds: float = 60, pause: float = 0.2) -> None:
    async with asyncio.timeout(seconds):
        while await asked() < wanted:  # noqa: ASYNC110  # other processes are watched, through their databases
            await asyncio.sleep(pause)


async def flow(agents: list[Agent], messages: int, kills: int, seed: int) -> None:
    writer, mediator, edge = agents
    moments = random.Random(seed)
    for agent, verb in ((mediator, "serve"), (writer, "work"), (edge, "work")):
        await agent.start(verb)
    await mediator.ready()
    writing = await introduce(writer, mediator, edge)
    handled = partial(edge.value, IN)
    writes = asyncio.create_task(write(writer, writing, messages))
    # A kill in each part of the way, at a random place of it: while messages flow, however fast the machine is.
    for part in range(kills):
        place = (part + moments.random()) * messages / (kills + 1)
        await until(handled, int(place), 300, 0.05)
        await asyncio.sleep(moments.uniform(0, 0.3))
        assert await handled() < messages
        await mediator.kill()
        await mediator.start("serve")
        await mediator.ready()
    await writes
    await until(handled, messages, 300 + messages)
    await until(partial(mediator.value, "SELECT 1 - least(count(*), 1) FROM agent.message_queue"), 1, 300)
    out = f"SELECT count(*) FROM agent.messages WHERE direction = 'out' AND type = '{MESSAGE}' AND state = 'sent'"
    await until(partial(writer.value, out), messages, 300)
    # At least once: nothing is missing. Exactly once: one row and one act of handling for each.
    assert await handled() == messages
    assert await edge.value(RECEIVED) == messages
    assert await mediator.value(HELD) >= messages


async def write(writer: Agent, connection: UUID, messages: int) -> None:
    for number in range(messages):
        await begin_protocol(writer.scope, BeginProtocol(connection, "basicmessage", {"content": f"{number}"}))


async def test_1000_messages_outlive_5_kills(databases: list[Database], tmp_path: Path) -> None:
    async with installed(databases, tmp_path) as agents:
        await flow(agents, 1000, 5, seed=1)


@pytest.mark.nightly
async def test_1000_messages_outlive_100_kills(databases: list[Database], tmp_path: Path) -> None:
    async with installed(databases, tmp_path) as agents:
        await flow(agents, 1000, 100, seed=2)
