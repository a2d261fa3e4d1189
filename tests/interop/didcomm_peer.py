"""Credo as a DIDComm v1 agent: a process of its own, asked over HTTP."""

import asyncio
import json
import tempfile
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.interop.credo.install import install
from tests.interop.peers import CONTEXTS

STARTS_WITHIN, ANSWERS_WITHIN = 180, 60


class AgentRefused(Exception):
    """Credo could not do it; the message is its own."""


class CredoAgent:
    """A DIDComm agent with an empty store. `endpoint` is where it takes messages, `control` where it is asked."""

    def __init__(self, *flags: str) -> None:
        self._flags = flags
        self._store = tempfile.TemporaryDirectory(prefix="credo-agent-")
        self._process: asyncio.subprocess.Process
        self._session: aiohttp.ClientSession
        self.endpoint, self.control = "", ""

    async def __aenter__(self) -> Self:
        scripts, node = await asyncio.to_thread(install)
        command = (
            node.node,
            str(scripts / "didcomm.mjs"),
            "--store",
            self._store.name,
            "--contexts",
            str(CONTEXTS),
            *self._flags,
        )
        self._process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), STARTS_WITHIN)  # type: ignore[union-attr]
            ready = json.loads(line)
        except BaseException:
            await self._stop()
            raise
        self.endpoint, self.control = ready["endpoint"], f"http://127.0.0.1:{ready['port']}"
        self._session = aiohttp.ClientSession(self.control, timeout=aiohttp.ClientTimeout(total=ANSWERS_WITHIN))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()
        await self._stop()

    async def _stop(self) -> None:
        if self._process.returncode is None:
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), 5)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
        await asyncio.sleep(0)  # the transport closes before the loop does
        self._store.cleanup()

    async def __call__(self, name: str, **parameters: Any) -> Any:
        """One call; its result. Raises AgentRefused."""
        async with self._session.post(f"/{name}", json=parameters) as response:
            answer = await response.json()
        if not answer["ok"]:
            raise AgentRefused(f"{name}: {json.dumps(answer['error'])}")
        return answer["result"]
