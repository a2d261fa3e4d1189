"""The next entry of a hosted DID's log: updated, its keys rotated, moved, or deactivated (did:webvh 1.0, Update)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.administering.dids.hosting import MadeDid, document, hosted, made, new_log_key, registrar
from agent.scope import Conflict, Scope, SigningKey
from agent.scope.dids import DidStep, HostedDid
from protocols.did import multikey
from protocols.ports import KeepsDidLog, LogDraft, LogEntry


@dataclass(frozen=True, slots=True)
class ChangeDid:
    """Request: what shall be otherwise; None leaves it as it is.

    `rotate` makes new update keys (with pre-rotation every entry does); `pre_rotation` begins or ends commitments;
    `move_to` is host[:port] and path of another place, for a portable DID.
    """

    id: UUID
    services: tuple[Mapping[str, Any], ...] | None = None
    also_known_as: tuple[str, ...] | None = None
    witnesses: tuple[str, ...] | None = None
    threshold: int = 0
    watchers: tuple[str, ...] | None = None
    ttl: int | None = None
    rotate: bool = False
    pre_rotation: bool | None = None
    deactivate: bool = False
    move_to: tuple[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class _Keys:
    """Who signs the entry, what it says of update keys, and the keys that were made for it."""

    signer: SigningKey
    stated: Mapping[str, Any]
    fresh: tuple[SigningKey, ...] = ()


async def change_did(scope: Scope, request: ChangeDid) -> MadeDid:
    """Sign the next entry, then store it: published, or waiting for witnesses in place of what waited before.

    Raises DidNotFound, Conflict, InvalidDid.
    """
    found = await hosted(scope, request.id)
    method = registrar(scope, found.method)
    if found.status != "active":
        raise Conflict("the DID is deactivated, or was never published")
    async with scope.unit() as unit:
        held: Mapping[str, SigningKey] = await unit.dids.keys(request.id)
    last = method.read(found.lines, scope.now())[-1]
    keys = await _keys(scope, method, request, last, held)
    draft = LogDraft(
        _document(scope, method, request, last), {**_stated(request), **keys.stated}, multikey.encode(keys.signer.jwk)
    )
    prepared = method.append(found.lines, draft, scope.now())
    entry = method.seal(prepared, await scope.keys.sign(keys.signer.handle, prepared.payload))
    published = not entry.threshold
    spent = spent_keys(method, entry, held) if published else ()
    await _settle(scope, DidStep(found, entry, published, keys.fresh, spent), request)
    await forget(scope, spent)
    return made(found.id, entry, published)


async def _settle(scope: Scope, step: DidStep, request: ChangeDid) -> None:
    event = "did.deactivated" if request.deactivate else "did.updated"
    async with scope.unit() as unit:
        await unit.dids.settle(step)
        unit.record(AuditEvent(event, "did", step.before.id, metadata={"version": step.entry.number}))
        unit.changes_catalogue()
        await unit.commit()


def _stated(request: ChangeDid) -> dict[str, Any]:
    stated: dict[str, Any] = {}
    if request.witnesses is not None:
        listed = [{"id": one} for one in request.witnesses]
        stated["witness"] = {"threshold": request.threshold, "witnesses": listed} if listed else {}
    if request.watchers is not None:
        stated["watchers"] = list(request.watchers)
    if request.ttl is not None:
        stated["ttl"] = request.ttl
    if request.deactivate:
        stated["deactivated"] = True
    return stated


async def _keys(
    scope: Scope, method: KeepsDidLog, request: ChangeDid, last: LogEntry, held: Mapping[str, SigningKey]
) -> _Keys:
    """By the log and not by memory: who may sign is what the last entry says."""
    committed = set(last.parameters["nextKeyHashes"])
    if committed:
        signer = _held(held, [name for name in held if method.commitment(name) in committed])
        stated: dict[str, Any] = {"updateKeys": [multikey.encode(signer.jwk)], "nextKeyHashes": []}
        if request.deactivate or request.pre_rotation is False:
            return _Keys(signer, stated)
        fresh = await new_log_key(scope)
        return _Keys(signer, {**stated, "nextKeyHashes": [method.commitment(multikey.encode(fresh.jwk))]}, (fresh,))
    signer = _held(held, last.parameters["updateKeys"])
    if request.deactivate:
        return _Keys(signer, {"updateKeys": []})
    made_keys = [await new_log_key(scope) for _ in range(int(request.rotate) + int(bool(request.pre_rotation)))]
    names = [multikey.encode(key.jwk) for key in made_keys]
    found: dict[str, Any] = {"updateKeys": names[:1]} if request.rotate else {}
    if request.pre_rotation:
        found["nextKeyHashes"] = [method.commitment(names[-1])]
    return _Keys(signer, found, tuple(made_keys))


def _held(held: Mapping[str, SigningKey], names: Sequence[str]) -> SigningKey:
    for name in names:
        if name in held:
            return held[name]
    raise Conflict("none of the keys that may sign is here")


def _document(scope: Scope, method: KeepsDidLog, request: ChangeDid, last: LogEntry) -> dict[str, Any]:
    did = method.moved(last.did, *request.move_to) if request.move_to else last.did
    services = last.document.get("service", ()) if request.services is None else request.services
    known = list(last.document.get("alsoKnownAs", ()) if request.also_known_as is None else request.also_known_as)
    if did != last.did:
        known.append(last.did)
    return document(scope, did, services, known, {} if did != last.did else last.document)


def spent_keys(method: KeepsDidLog, entry: LogEntry, held: Mapping[str, SigningKey]) -> tuple[SigningKey, ...]:
    """Keys that may sign nothing any more once an entry is published."""
    keys, hashes = set(entry.parameters["updateKeys"]), set(entry.parameters["nextKeyHashes"])
    if entry.parameters["deactivated"]:
        keys = set()
    elif hashes:
        # With pre-rotation the next entry is signed by a key that is named there for the first time.
        keys = set()
    return tuple(key for name, key in held.items() if name not in keys and method.commitment(name) not in hashes)


async def forget(scope: Scope, spent: Sequence[SigningKey]) -> None:
    """Destroy keys whose rows are emptied."""
    for key in spent:
        await scope.keys.store(key.handle.store).forget(key.handle)


def pending_entry(method: KeepsDidLog, found: HostedDid, scope: Scope) -> LogEntry:
    """The entry that waits. Raises Conflict when none does."""
    if found.pending is None:
        raise Conflict("nothing waits for witnesses")
    return method.read([*found.lines, found.pending], scope.now())[-1]
