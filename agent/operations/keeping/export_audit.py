"""GET /audit/export: the logs and their seals as JSON lines, to be checked offline."""

from collections.abc import AsyncGenerator
from typing import Any

from agent.audit.leaves import LOGS, members
from agent.audit.seals import FIRST, Seal, head_statement
from agent.audit.verifying import KIND
from agent.scope import Scope
from protocols.encoding import b64url, render_json
from protocols.jose.jwk import thumbprint
from protocols.x509 import render_chain


async def export_audit(scope: Scope, _request: None) -> AsyncGenerator[bytes]:
    """Lines as they are read: a signed first line, then seals, then rows. Values stay sealed."""
    async with scope.unit() as unit:
        last = await unit.audit_trail.last()
    header = await _header(scope, last)
    return _lines(scope, header)


async def _lines(scope: Scope, header: dict[str, Any]) -> AsyncGenerator[bytes]:
    yield render_json(header) + b"\n"
    async for line in _archived(scope):
        yield line
    async with scope.unit() as unit:
        async for seal in unit.audit_trail.seals():
            if seal.seal_no <= header["head"]["seal_no"]:
                yield render_json({"seal": _shown(seal)}) + b"\n"
        async for row in unit.audit_trail.rows():
            yield render_json({"row": row}) + b"\n"


async def _archived(scope: Scope) -> AsyncGenerator[bytes]:
    """Rows that left the database, segment by segment, in the order of sealing."""
    if scope.archived is None:
        return
    async with scope.unit() as unit:
        segments = [one for one in await unit.archive.segments() if one.table in LOGS and one.erased_at is None]
    for segment in segments:
        for row in await scope.archived.rows(scope, segment):
            yield render_json({"segment": str(segment.id), "row": members(segment.table, row)}) + b"\n"


async def _header(scope: Scope, last: tuple[int, int, int, bytes] | None) -> dict[str, Any]:
    key = scope.catalogue.key("audit")
    number, _, _, seal_hash = last or (0, 0, 0, FIRST)
    at = scope.now().isoformat(timespec="seconds")
    signature = await scope.keys.sign(key.handle, head_statement(scope.tenant.id, number, seal_hash, at))
    return {
        "kind": KIND,
        "tenant_id": str(scope.tenant.id),
        "keys": [{"jwk": dict(key.jwk), "x5c": render_chain(key.x5c)}],
        "head": {
            "seal_no": number,
            "seal_hash": b64url(seal_hash),
            "at": at,
            "algorithm": key.algorithm,
            "key_thumbprint": b64url(thumbprint(key.jwk)),
            "signature": b64url(signature),
        },
    }


def _shown(seal: Seal) -> dict[str, Any]:
    return {
        "seal_no": seal.seal_no,
        "epoch": seal.epoch,
        "from_xact": str(seal.from_xact),
        "to_xact": str(seal.to_xact),
        "leaves": b64url(b"".join(seal.leaves)),
        "prev_hash": b64url(seal.prev_hash),
        "algorithm": seal.algorithm,
        "key_thumbprint": b64url(seal.key_thumbprint),
        "signature": b64url(seal.signature),
    }
