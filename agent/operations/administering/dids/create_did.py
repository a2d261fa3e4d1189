"""A new DID at a place of this server (did:webvh 1.0, Create)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.administering.dids.hosting import (
    MadeDid,
    document,
    location,
    made,
    new_log_key,
    registrar,
)
from agent.scope import Scope, SigningKey
from agent.scope.dids import NewDid
from agent.tenancy import uuid7
from protocols.did import multikey
from protocols.ports import KeepsDidLog, LogDraft


@dataclass(frozen=True, slots=True)
class CreateDid:
    """Request: the method, the place below the tenant's base URL, and what the log promises.

    With `pre_rotation` every entry commits to the key of the next; `threshold` of the `witnesses` (did:key) approve
    each entry before it is published; `web` puts a did:web document beside the log.
    """

    method: str
    place: str
    pre_rotation: bool = True
    portable: bool = False
    witnesses: tuple[str, ...] = ()
    threshold: int = 0
    watchers: tuple[str, ...] = ()
    ttl: int | None = None
    services: tuple[Mapping[str, Any], ...] = ()
    also_known_as: tuple[str, ...] = ()
    web: bool = False


async def create_did(scope: Scope, request: CreateDid) -> MadeDid:
    """Make the keys, sign the first entry, then store it. Raises Conflict, InvalidDid, FeatureNotSupported."""
    method = registrar(scope, request.method)
    place = location(scope, request.place)
    template = method.template(*place)
    keys = [await new_log_key(scope) for _ in range(2 if request.pre_rotation else 1)]
    draft = LogDraft(
        document(scope, template, request.services, request.also_known_as, {}),
        _parameters(method, request, keys),
        multikey.encode(keys[0].jwk),
    )
    prepared = method.begin(*place, draft, scope.now())
    entry = method.seal(prepared, await scope.keys.sign(keys[0].handle, prepared.payload))
    did_id: UUID = uuid7(scope.now(), scope.entropy(10))
    async with scope.unit() as unit:
        await unit.dids.add(NewDid(did_id, request.method, request.place, request.web, entry, tuple(keys)))
        unit.record(AuditEvent("did.created", "did", did_id, metadata={"method": request.method}))
        unit.changes_catalogue()
        await unit.commit()
    return made(did_id, entry, not entry.threshold)


def _parameters(method: KeepsDidLog, request: CreateDid, keys: list[SigningKey]) -> dict[str, Any]:
    names = [multikey.encode(key.jwk) for key in keys]
    parameters: dict[str, Any] = {"updateKeys": names[:1], "portable": request.portable}
    if request.pre_rotation:
        parameters["nextKeyHashes"] = [method.commitment(names[1])]
    if request.witnesses or request.threshold:
        listed = [{"id": one} for one in request.witnesses]
        parameters["witness"] = {"threshold": request.threshold, "witnesses": listed}
    if request.watchers:
        parameters["watchers"] = list(request.watchers)
    if request.ttl is not None:
        parameters["ttl"] = request.ttl
    return parameters
