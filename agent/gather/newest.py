"""A list never goes back to what it said before: who can serve an old one must not undo a revocation."""

from datetime import datetime

import cbor2

from agent.scope import Scope, Shape
from protocols.errors import ProtocolError

_SEEN_SECONDS = 7 * 86_400.0
_TIME = Shape(cbor2.dumps, cbor2.loads)


async def require_newest(scope: Scope, uri: str, issued_at: datetime, refusal: type[ProtocolError]) -> None:
    """Raises the refusal for a list older than the newest that was seen at its address."""

    async def this() -> str:
        return issued_at.isoformat()

    seen = datetime.fromisoformat(await scope.cache.get("foreign_status_seen", uri, this, _SEEN_SECONDS, _TIME))
    if issued_at < seen:
        raise refusal("older than the newest seen")
    if issued_at > seen:
        await scope.cache.forget("foreign_status_seen", uri)
        await scope.cache.get("foreign_status_seen", uri, this, _SEEN_SECONDS, _TIME)
