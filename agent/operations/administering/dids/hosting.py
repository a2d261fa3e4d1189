"""What the acts on hosted DIDs share: the registrar, the place, the document, the keys of the log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from agent.operations.messaging.identity import AGREEMENT, AUTHENTICATION
from agent.scope import Scope, SigningKey
from agent.scope.dids import HostedDid
from agent.tenancy import uuid7
from protocols.did import DidNotFound, FeatureNotSupported, multikey
from protocols.encoding import b64url
from protocols.jose.jwk import thumbprint
from protocols.ports import KeepsDidLog, LogEntry

LOG_KEY = "did_log"
_CONTEXT = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1")
_RELATIONSHIPS = {"issuer": "assertionMethod", AUTHENTICATION: "authentication", AGREEMENT: "keyAgreement"}
_LISTS = ("verificationMethod", *_RELATIONSHIPS.values(), "service", "alsoKnownAs")


@dataclass(frozen=True, slots=True)
class MadeDid:
    """A hosted DID after an act: its version, and how many of which witnesses have yet to approve it."""

    id: UUID
    did: str
    version_id: str
    published: bool
    witnesses: tuple[str, ...] = ()
    threshold: int = 0
    entry: str = ""


def registrar(scope: Scope, method: str) -> KeepsDidLog:
    """The plugin that keeps logs of a method. Raises FeatureNotSupported."""
    found = scope.plugins["did_methods"].get(method)
    plugin = getattr(found, "plugin", found)
    if not isinstance(plugin, KeepsDidLog):
        raise FeatureNotSupported(f"no logs of method {method} are hosted")
    return plugin


async def hosted(scope: Scope, did_id: UUID) -> HostedDid:
    """A DID with its log. Raises DidNotFound."""
    async with scope.unit() as unit:
        found: HostedDid | None = await unit.dids.get(did_id)
    if found is None:
        raise DidNotFound("no such DID here")
    return found


def location(scope: Scope, place: str) -> tuple[str, tuple[str, ...]]:
    """Host and path of a place below the tenant's base URL."""
    parts = urlsplit(scope.tenant.base_url)
    return parts.netloc, (*(one for one in parts.path.split("/") if one), "dids", place)


def document(
    scope: Scope, did: str, services: Sequence[Mapping[str, Any]], also_known_as: Sequence[str], base: Mapping[str, Any]
) -> dict[str, Any]:
    """The tenant's public keys under a DID, with services and other names; what else `base` says stays."""
    methods: list[dict[str, Any]] = []
    found: dict[str, Any] = {"@context": list(_CONTEXT), **base, "id": did}
    for name in _LISTS:
        found.pop(name, None)
    found["verificationMethod"] = methods
    for key in scope.catalogue.keys:
        if key.purpose in _RELATIONSHIPS:
            method = {"id": f"{did}#{key.kid}", "type": "Multikey", "controller": did}
            methods.append({**method, "publicKeyMultibase": multikey.encode(key.jwk)})
            found.setdefault(_RELATIONSHIPS[key.purpose], []).append(method["id"])
    if services:
        found["service"] = [{**one, "id": f"{did}#{str(one['id']).rpartition('#')[2]}"} for one in services]
    if also_known_as:
        found["alsoKnownAs"] = list(dict.fromkeys(also_known_as))
    return found


async def new_log_key(scope: Scope) -> SigningKey:
    """A key that may sign the next entries of one DID's log."""
    handle, jwk = await scope.keys.generate("EdDSA")
    key_id = uuid7(scope.now(), scope.entropy(10))
    return SigningKey(key_id, f"{LOG_KEY}.{key_id.hex}", b64url(thumbprint(jwk)), "EdDSA", handle, jwk)


def made(did_id: UUID, entry: LogEntry, published: bool) -> MadeDid:
    """What the caller is told."""
    return MadeDid(
        did_id,
        entry.did,
        entry.version_id,
        published,
        entry.approvers,
        entry.threshold,
        "" if published else entry.line,
    )
