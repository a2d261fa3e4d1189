"""Who is behind an admin call: a bearer API key, or a browser session of the start page."""

from collections.abc import Awaitable, Callable
from hashlib import sha256

from agent.http.failures import NotFound, Unauthorized
from agent.operations.administering.api_keys import split_key
from agent.scope import Scope
from agent.scope.administering import ApiKeyGrant
from agent.tenancy import PEER, Principal
from protocols.http import Call

KEY_SECONDS = 30  # a revoked key is refused everywhere within this time


class Authenticator:
    """Answers (tenant name, principal). Raises Unauthorized, the same for every reason."""

    def __init__(self, scope_of: Callable[[str, Principal], Awaitable[Scope]]) -> None:
        self._scope_of = scope_of

    async def __call__(self, call: Call) -> tuple[str, Principal]:
        """The caller of an admin route."""
        header = call.header("authorization") or ""
        scheme, _, key = header.partition(" ")
        parts = split_key(key.strip())
        if scheme.lower() != "bearer" or parts is None:
            raise Unauthorized("no API key")
        tenant, prefix = parts
        grant = await self._grant(tenant, prefix, sha256(key.strip().encode()).digest())
        if grant is None:
            raise Unauthorized("unknown, expired or revoked API key")
        return tenant, Principal("api_key", grant.id, grant.scopes)

    async def _grant(self, tenant: str, prefix: str, key_hash: bytes) -> ApiKeyGrant | None:
        try:
            scope = await self._scope_of(tenant, PEER)
        except NotFound:
            return None

        async def find() -> ApiKeyGrant | None:
            async with scope.unit() as unit:
                found: ApiKeyGrant | None = await unit.api_keys.find(prefix, key_hash)
                return found

        granted: ApiKeyGrant | None = await scope.cache.get("api_key", key_hash.hex(), find, KEY_SECONDS)
        return granted
