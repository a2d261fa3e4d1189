"""Type Metadata of an SD-JWT VC (the SD-JWT VC draft): had from the address that its vct is, with what it extends."""

from collections.abc import Mapping
from typing import Any

import cbor2

from agent.scope import Scope, Shape
from agent.scope.policies import Revocation
from protocols.checks import Checks
from protocols.errors import ProtocolError
from protocols.ports.tools import FetchFailed, FetchRefused
from protocols.sd_jwt import type_metadata
from protocols.sd_jwt.type_metadata import InvalidTypeMetadata, Rule

_SECONDS, _MOST_BYTES, _MOST_TYPES = 3600.0, 200_000, 8
_SHAPE = Shape(cbor2.dumps, cbor2.loads)


class TypeMetadataUnavailable(ProtocolError):
    """The metadata of the credential's type cannot be had."""

    code = "type_metadata_unavailable"


async def require_type_metadata(
    scope: Scope, payload: Mapping[str, Any], claims: Mapping[str, Any], rule: Revocation, checks: Checks
) -> None:
    """What the type, and those that it extends, say of selective disclosure holds of a credential.

    `payload` is what stands in clear, `claims` all that was disclosed. A document of another type or digest is refused
    under every rule but "off", one that cannot be had under "mandatory" and "if_present". Raises InvalidTypeMetadata,
    TypeMetadataUnavailable.
    """
    vct = str(claims.get("vct"))
    if rule == "off" or (not type_metadata.is_address(vct) and rule != "mandatory"):
        return
    checks.begin("type_metadata", rule, {"vct": vct})
    try:
        rules = await _rules(scope, vct, claims.get("vct#integrity"))
    except TypeMetadataUnavailable as error:
        if rule != "best_effort":
            raise
        checks.warned(error)
        return
    type_metadata.require_rules(rules, payload, claims)


async def _rules(scope: Scope, vct: str, integrity: Any) -> Mapping[tuple[Any, ...], Rule]:
    """What the types say of claims; what extends decides about what is extended."""
    found: dict[tuple[Any, ...], Rule] = {}
    seen: list[str] = []
    while vct:
        if vct in seen or len(seen) == _MOST_TYPES:
            raise InvalidTypeMetadata("extends itself, or too many")
        seen.append(vct)
        read = type_metadata.read(await _document(scope, vct), vct, integrity)
        found = {**read.rules, **found}
        vct, integrity = read.extends or "", read.extends_integrity
    return found


async def _document(scope: Scope, vct: str) -> bytes:
    """Our own where it is kept; another's fetched once however many wait, and kept."""
    if vct.startswith(f"{scope.tenant.base_url}/types/"):
        async with scope.unit() as unit:
            published = await unit.credential_types.published(vct)
        if published is None:
            raise TypeMetadataUnavailable("no type of ours")
        return type_metadata.octets(published.document)

    async def fetch() -> bytes:
        answer = await scope.fetch.get(vct, "application/json", max_bytes=_MOST_BYTES)
        if answer.status != 200:
            raise FetchFailed("status of the answer")
        return answer.body

    try:
        found: bytes = await scope.cache.get("foreign_type_metadata", vct, fetch, _SECONDS, _SHAPE)
    except (FetchFailed, FetchRefused) as error:
        raise TypeMetadataUnavailable(type(error).__name__) from None
    return found
