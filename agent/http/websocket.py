"""DIDComm over WebSocket (DIDComm Messaging 2.1, Transports): one message a frame, answers and live delivery."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web
from aiohttp.web_request import BaseRequest

from agent import telemetry
from agent.http.adapter import noted
from agent.operations.messaging.deliver_live import deliver_live
from agent.operations.messaging.receive_message import receive_message
from agent.scope import Scope
from agent.scope.sessions import Session
from agent.signals import Wakeups
from protocols.didcomm.envelope import MAX_BYTES
from protocols.errors import ProtocolError

MAX_SOCKETS = 2_000
_HEARTBEAT, _IDLE, _SEND = 30.0, 600.0, 30.0
_LOOK_AGAIN = 30.0
_MAX_REFUSED = 20

ScopeOf = Callable[[], Awaitable[Scope]]


class WebSockets:
    """The sockets of one process. A socket that is silent for ten minutes, or sends nothing but nonsense, is closed."""

    def __init__(self, wakeups: Wakeups) -> None:
        self._wakeups, self._open = wakeups, 0

    @property
    def count(self) -> int:
        """How many are open."""
        return self._open

    def full(self) -> bool:
        """Whether no more are taken."""
        return self._open >= MAX_SOCKETS

    async def serve(self, request: BaseRequest, scope_of: ScopeOf) -> web.StreamResponse:
        """Take messages until the peer goes; `scope_of` is asked for each, so that what changes is seen."""
        socket = web.WebSocketResponse(heartbeat=_HEARTBEAT, max_msg_size=MAX_BYTES, receive_timeout=_IDLE)
        await socket.prepare(request)
        session, changed = Session(), asyncio.Event()
        self._open += 1
        live = asyncio.create_task(self._deliver(socket, scope_of, session, changed))
        try:
            await self._take(socket, scope_of, session, changed)
        finally:
            self._open -= 1
            live.cancel()
            with suppress(asyncio.CancelledError):
                await live
            with suppress(TimeoutError, ConnectionError):
                await socket.close()
        return socket

    async def _take(
        self, socket: web.WebSocketResponse, scope_of: ScopeOf, session: Session, changed: asyncio.Event
    ) -> None:
        refused = 0
        with suppress(TimeoutError):
            async for frame in socket:
                octets = _octets(frame)
                if octets is None:
                    return
                try:
                    reply = await receive_message(await scope_of(), octets, session)
                except ProtocolError as error:
                    # A refusal is nobody's business but the log's: there is no plaintext word for it on this transport.
                    telemetry.log("didcomm_refused", reason=error.code)
                    refused += 1
                    if refused > _MAX_REFUSED:
                        await socket.close(code=WSCloseCode.POLICY_VIOLATION)
                        return
                    continue
                if reply:
                    await _send(socket, reply.octets)
                    if reply.written is not None:
                        await noted(reply.written)
                changed.set()

    async def _deliver(
        self, socket: web.WebSocketResponse, scope_of: ScopeOf, session: Session, changed: asyncio.Event
    ) -> None:
        """Live delivery: wakes when something is held for the queue, whichever process held it."""
        try:
            while not socket.closed:
                live = session.live
                if live is None:
                    await changed.wait()
                    changed.clear()
                    continue
                with self._wakeups.on(str(live.mediation)) as arrived:
                    while session.live is live and not socket.closed:
                        arrived.clear()
                        while delivery := await deliver_live(await scope_of(), session):
                            await _send(socket, delivery)
                        with suppress(TimeoutError):
                            await asyncio.wait_for(_either(arrived, changed), _LOOK_AGAIN)
        except (ProtocolError, ConnectionError, TimeoutError) as error:
            telemetry.log("live_delivery_ended", reason=type(error).__name__)
            with suppress(ConnectionError, TimeoutError):
                await socket.close(code=WSCloseCode.TRY_AGAIN_LATER)


def _octets(frame: WSMessage) -> bytes | None:
    if frame.type is WSMsgType.TEXT:
        return str(frame.data).encode()
    return bytes(frame.data) if frame.type is WSMsgType.BINARY else None


async def _send(socket: web.WebSocketResponse, octets: bytes) -> None:
    await asyncio.wait_for(socket.send_str(octets.decode()), _SEND)


async def _either(arrived: asyncio.Event, changed: asyncio.Event) -> None:
    waiting = [asyncio.create_task(arrived.wait()), asyncio.create_task(changed.wait())]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        changed.clear()
    finally:
        for task in waiting:
            task.cancel()
