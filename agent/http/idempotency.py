"""The Idempotency-Key header on creates (draft-ietf-httpapi-idempotency-key-header)."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from hashlib import sha256

from agent.scope import Scope
from agent.scope.idempotency import Remembered
from protocols.errors import Malformed, ProtocolError
from protocols.http import NO_STORE, Call, Reply

LIFETIME = timedelta(hours=24)


class KeyReused(ProtocolError):
    """The idempotency key was used for another request."""

    code = "idempotency_key_reused"
    status = 422


class InProgress(ProtocolError):
    """A request with this idempotency key is under way."""

    code = "idempotency_key_in_progress"
    status = 409


async def serve_idempotently(scope: Scope, call: Call, act: Callable[[], Awaitable[Reply]]) -> Reply:
    """The reply of `act`, or the one that the same key got before. A failure leaves the key free."""
    key = call.header("idempotency-key")
    if key is None:
        return await act()
    if not 1 <= len(key) <= 255:
        raise Malformed("idempotency key length")
    caller = str(scope.principal.id).encode()
    key_hash = sha256(b"\0".join((caller, call.url.encode(), key.encode()))).digest()
    request_hash = sha256(call.body).digest()
    async with scope.unit() as unit:
        known: Remembered | None = await unit.idempotency_keys.reserve(key_hash, request_hash, scope.now() + LIFETIME)
        await unit.commit()
    if known:
        return _again(known, request_hash)
    try:
        reply = await act()
    except BaseException:
        await _settle(scope, key_hash, None)
        raise
    await _settle(scope, key_hash, reply)
    return reply


def _again(known: Remembered, request_hash: bytes) -> Reply:
    if known.request_hash and known.request_hash != request_hash:
        raise KeyReused()
    if known.status is None or known.body is None:
        raise InProgress()
    return Reply(known.status, known.body, "application/json", {**NO_STORE, "Idempotent-Replayed": "true"})


async def _settle(scope: Scope, key_hash: bytes, reply: Reply | None) -> None:
    async with scope.unit() as unit:
        if reply and reply.status < 300:
            await unit.idempotency_keys.remember(key_hash, reply.status, reply.body)
        else:
            await unit.idempotency_keys.release(key_hash)
        await unit.commit()
