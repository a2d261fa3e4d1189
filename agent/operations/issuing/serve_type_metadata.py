"""GET /types/{name}: Type Metadata at the address that a credential's vct is."""

from agent.scope import Scope
from protocols.errors import ProtocolError
from protocols.sd_jwt import type_metadata

_SECONDS = 60.0


class NoSuchType(ProtocolError):
    """There is no such type."""

    code = "not_found"
    status = 404


async def serve_type_metadata(scope: Scope, vct: str) -> bytes:
    """The document as it was published, byte for byte. Raises NoSuchType."""

    async def read() -> bytes | None:
        async with scope.unit() as unit:
            found = await unit.credential_types.published(vct)
        return None if found is None else type_metadata.octets(found.document)

    document: bytes | None = await scope.cache.get("type_metadata", vct, read, _SECONDS)
    if document is None:
        raise NoSuchType()
    return document
