"""What is public of a hosted DID: its log, its witnesses' proofs, and the did:web document beside it."""

from collections.abc import Mapping
from typing import Any

from agent.operations.administering.dids.hosting import registrar
from agent.scope import Scope
from agent.scope.dids import HostedDid
from protocols.did import DidNotFound


async def serve_log(scope: Scope, place: str) -> bytes:
    """did.jsonl: the entries that are published. Raises DidNotFound."""
    found = await _at(scope, place)
    return "".join(f"{line}\n" for line in found.lines).encode()


async def serve_witness(scope: Scope, place: str) -> bytes:
    """did-witness.json. Raises DidNotFound."""
    found = await _at(scope, place)

    async def render() -> bytes:
        return _approvals(scope, found)

    # Reading a log costs a signature for each entry, and anybody may ask: once for each change of the row.
    body: bytes = await scope.cache.get("did_witness", f"{found.id}:{found.version}", render, 3600)
    return body


def _approvals(scope: Scope, found: HostedDid) -> bytes:
    method = registrar(scope, found.method)
    lines = [*found.lines, *([found.pending] if found.pending else [])]
    versions = {entry.number: entry.version_id for entry in method.read(lines, scope.now())}
    return method.approvals({versions[number]: proofs for number, proofs in found.proofs.items() if number in versions})


async def serve_web(scope: Scope, place: str) -> Mapping[str, Any]:
    """did.json, where the tenant wants one. Raises DidNotFound."""
    found = await _at(scope, place)
    if not found.serves_web or found.document is None or found.status != "active":
        raise DidNotFound("no did:web here")
    return registrar(scope, found.method).beside(found.document)


async def _at(scope: Scope, place: str) -> HostedDid:
    async with scope.unit() as unit:
        found: HostedDid | None = await unit.dids.at(place)
    if found is None or not found.lines:
        raise DidNotFound("no DID here")
    return found
