"""The OpenID Provider as a process of its own, with one client."""

import asyncio
import json
import os
from types import TracebackType
from typing import Any, Self

from tests.interop.openid_provider.install import install

STARTS_WITHIN = 60


class OpenIdProvider:
    """panva's oidc-provider on a loopback port that the caller found free, for one client."""

    def __init__(self, port: int, client: dict[str, Any], claims_in_userinfo: bool = False) -> None:
        self.issuer = f"http://localhost:{port}"
        self._port, self._client, self._claims_in_userinfo = port, client, claims_in_userinfo
        self._process: asyncio.subprocess.Process

    async def __aenter__(self) -> Self:
        script, node = await asyncio.to_thread(install)
        self._process = await asyncio.create_subprocess_exec(
            *(node.node, str(script), "--port", str(self._port), "--client", json.dumps(self._client)),
            env=os.environ | {"CLAIMS_IN_USERINFO": "yes" if self._claims_in_userinfo else "no"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), STARTS_WITHIN)  # type: ignore[union-attr]
            assert json.loads(line)["port"] == self._port
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def _stop(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.wait()
