"""What the wallet's issuer publishes: a small server on this machine, which remembers who asked for what."""

import secrets
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Document:
    """One answer. `location` makes it a redirect."""

    body: bytes
    media_type: str
    status: int = 200
    location: str | None = None


@dataclass(slots=True)
class Host:
    """Serves documents under addresses that nobody guesses; `asked` are the paths that were asked for."""

    url: str
    documents: dict[str, Document] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    _runner: web.AppRunner | None = None

    async def start(self, address: str, port: int) -> None:
        """Raises OSError when the port is taken."""
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, address, port).start()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def address(self) -> str:
        """A fresh address, where nothing is until it is put there."""
        return f"{self.url}/{secrets.token_urlsafe(16)}"

    def put(self, url: str, document: Document) -> None:
        self.documents[url.removeprefix(self.url)] = document

    def was_asked(self, url: str) -> bool:
        return url.removeprefix(self.url) in self.asked

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        found = self.documents.get(request.path)
        if found is None:
            return web.Response(status=404)
        headers = {"Content-Type": found.media_type} | ({"Location": found.location} if found.location else {})
        return web.Response(status=found.status, body=found.body, headers=headers)
