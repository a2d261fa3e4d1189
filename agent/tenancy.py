"""Who is served and who asks: Tenant and Principal."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Tenant:
    """One tenant, as resolved from the URL or an API key. `base_url` is its public address, `{public_url}/t/{name}`."""

    id: UUID
    name: str
    base_url: str
    status: str = "active"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts: `kind` as in audit_logs.actor_kind (user, api_key, client, worker, peer), its id and its scopes."""

    kind: str
    id: UUID | None = None
    scopes: frozenset[str] = frozenset()


PEER = Principal("peer")
WORKER = Principal("worker")
