"""One HTTP process: the house behind the door, on the port."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from agent import telemetry
from agent.compose.databases import addresses
from agent.compose.house import House
from agent.config import Config
from agent.http import admin_routes, did_routes, own_routes, public_routes
from agent.http.app import Door, Handler
from agent.http.authentication import Authenticator
from agent.http.idempotency import serve_idempotently
from agent.http.websocket import WebSockets
from agent.web.start import StartPages


def serve_http(config: Config) -> Callable[[asyncio.Event], Awaitable[None]]:
    """A main function for `cli.processes.run`."""

    async def main(stopping: asyncio.Event) -> None:
        telemetry.start(config.log_level, config.traces)
        async with House(config, addresses(config)) as house:
            _spare_the_collector()
            await _listen(config, handler(house), stopping)

    return main


def _spare_the_collector() -> None:
    """What was imported and built stays for the process's life: the garbage collector need not visit it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def handler(house: House) -> Handler:
    """Every route over one house."""
    door = Door(
        origin=house.origin,
        max_body=house.config.max_body,
        scope_of=house.scope_of,
        authenticate=Authenticator(house.scope_of),
        serve_idempotently=serve_idempotently,
        certificate_header=house.config.client_certificate_header,
        sockets=WebSockets(house.wakeups),
    )
    own = [*own_routes.routes(house.ready, house.placement.gone)]
    if house.config.did_resolver == "public":
        own += did_routes.resolver_routes(lambda: house.plugins["did_methods"])
    pages = StartPages(house.scope_of).routes()
    return Handler(door, [*public_routes.ROUTES, *pages], admin_routes.ROUTES, own)


async def _listen(config: Config, handle: Handler, stopping: asyncio.Event) -> None:
    async with listening(config, handle):
        telemetry.log("listening", port=config.port)
        await stopping.wait()


@asynccontextmanager
async def listening(config: Config, handle: Handler) -> AsyncIterator[None]:
    """Serve on the port for as long as the block lasts."""
    runner = web.ServerRunner(web.Server(handle, access_log=None))
    await runner.setup()
    try:
        await web.TCPSite(runner, config.host, config.port, reuse_port=True, backlog=1024).start()
        yield
        await runner.shutdown()
    finally:
        await runner.cleanup()
