"""Witnesses: their approvals taken, and ours given (did:webvh 1.0, Witnessing a DID Version Update)."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.administering.dids.change_did import forget, pending_entry, spent_keys
from agent.operations.administering.dids.hosting import MadeDid, hosted, made, new_log_key, registrar
from agent.scope import Conflict, Scope, SigningKey
from agent.scope.dids import DidStep
from protocols.did import InvalidDid, multikey
from protocols.errors import ProtocolError
from protocols.ports import LogEntry

WITNESS_KEY = "did_witness"


class NotAWitness(ProtocolError):
    """The proof is by none of the witnesses that have to approve this version."""

    code = "not_a_witness"


class NotTheNextVersion(ProtocolError):
    """The log does not continue what its DID publishes now."""

    code = "not_the_next_version"


@dataclass(frozen=True, slots=True)
class ApproveDid:
    """Request: a witness's proof over the version that waits."""

    id: UUID
    proof: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WitnessDid:
    """Request: the whole log of somebody's DID with the entry that is to be approved at its end."""

    method: str
    log: str


@dataclass(frozen=True, slots=True)
class Approval:
    """Our approval: the version, who approves, and the proof."""

    version_id: str
    witness: str
    proof: Mapping[str, Any]


async def approve_did(scope: Scope, request: ApproveDid) -> MadeDid:
    """Take an approval; the one that makes them enough publishes the entry.

    Raises NotAWitness, InvalidDid, Conflict.
    """
    found = await hosted(scope, request.id)
    method = registrar(scope, found.method)
    entry = pending_entry(method, found, scope)
    witness = method.approver(entry.version_id, request.proof, scope.now())
    if witness not in entry.approvers:
        raise NotAWitness("proof by another key")
    earlier = found.proofs.get(entry.number, ())
    approved = {method.approver(entry.version_id, one, scope.now()) for one in earlier} | {witness}
    published = len(approved) >= entry.threshold
    async with scope.unit() as unit:
        held: Mapping[str, SigningKey] = await unit.dids.keys(request.id)
    spent = spent_keys(method, entry, held) if published else ()
    async with scope.unit() as unit:
        await unit.dids.settle(DidStep(found, entry, published, (), spent, (witness, request.proof)))
        unit.record(AuditEvent("did.approved", "did", found.id, metadata={"version": entry.number}))
        unit.changes_catalogue()
        await unit.commit()
    await forget(scope, spent)
    return made(found.id, entry, published)


async def witness_did(scope: Scope, request: WitnessDid) -> Approval:
    """Verify a whole log and that it continues what is published, then approve its last entry.

    Raises InvalidDid for a log that does not hold, NotTheNextVersion.
    """
    method = registrar(scope, request.method)
    entries = method.read(request.log.rstrip("\n").split("\n"), scope.now())
    await _require_next(scope, request.method, entries)
    key = await witness_key(scope)
    name = multikey.encode(key.jwk)
    prepared = method.prepare_approval(entries[-1].version_id, name, scope.now())
    proof = method.seal_approval(prepared, await scope.keys.sign(key.handle, prepared.payload))
    async with scope.unit() as unit:
        unit.record(AuditEvent("did.witnessed", "key", key.id, metadata={"version": entries[-1].version_id}))
        await unit.commit()
    return Approval(entries[-1].version_id, f"did:key:{name}", proof)


async def _require_next(scope: Scope, method: str, entries: tuple[LogEntry, ...]) -> None:
    """The published log is asked now: a witness approves no second history."""
    if len(entries) == 1:
        return
    published = await scope.plugins["did_methods"][method].resolve(entries[-2].did)
    if published.metadata.get("versionId") not in (entries[-2].version_id, entries[-1].version_id):
        raise NotTheNextVersion("another version is published")


async def witness_key(scope: Scope) -> SigningKey:
    """The tenant's key as a witness, made when it is first needed."""
    with suppress(KeyError):
        return scope.catalogue.key(WITNESS_KEY)
    key = replace(await new_log_key(scope), purpose=WITNESS_KEY)
    try:
        async with scope.unit() as unit:
            await unit.dids.add_key(key)
            unit.changes_catalogue()
            await unit.commit()
    except Conflict:
        await forget(scope, (key,))
        raise
    return key


async def show_witness(scope: Scope, _request: None) -> str:
    """The did:key that others name to have this tenant as a witness."""
    key = await witness_key(scope)
    if key.jwk.get("crv") != "Ed25519":
        raise InvalidDid("witness key of another kind")
    return f"did:key:{multikey.encode(key.jwk)}"
