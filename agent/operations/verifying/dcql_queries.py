"""Named DCQL queries: stored in versions, the newest in use; a version never changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from agent.audit import AuditEvent
from agent.scope import Scope
from agent.scope.verifying import StoredQuery
from agent.tenancy import uuid7
from protocols.dcql import build
from protocols.dcql import query as dcql
from protocols.dcql.build import PlainCredential
from protocols.encoding import render_json
from protocols.errors import ProtocolError


class UnknownQuery(ProtocolError):
    """There is no query of this name."""

    code = "unknown_query"
    status = 404


@dataclass(frozen=True, slots=True)
class StoreQuery:
    """Request: a name and a DCQL query, or the same in plain words. `purpose` says by language why it is asked."""

    name: str
    dcql_query: Mapping[str, Any] | None = None
    credentials: Sequence[PlainCredential] = ()
    purpose: Mapping[str, str] = field(default_factory=dict)


def in_words(scope: Scope, credentials: Sequence[PlainCredential]) -> dict[str, Any]:
    """A DCQL query from plain words; a type may be named by the tenant's own credential configuration.

    Raises InvalidQuery.
    """
    return build.build([_resolved(scope, one) for one in credentials])


def _resolved(scope: Scope, plain: PlainCredential) -> PlainCredential:
    known = scope.catalogue.configurations.get(plain.type)
    if known is None:
        return plain
    name = plain.id or known.credential_configuration_id
    return replace(plain, type=known.type, format=known.format, id=name)


async def store_query(scope: Scope, request: StoreQuery) -> StoredQuery:
    """The next version of the name, in use from now on. Raises InvalidQuery, Conflict for two at once."""
    asked = dcql.parse(in_words(scope, request.credentials) if request.credentials else request.dcql_query)
    new = StoredQuery(
        id=uuid7(scope.now(), scope.entropy(10)),
        name=request.name,
        version=0,
        state="active",
        dcql_query=asked.sent,
        purpose=request.purpose,
        digest=sha256(render_json(dict(asked.sent))).digest(),
    )
    async with scope.unit() as unit:
        version = await unit.dcql_queries.add(new)
        unit.record(AuditEvent("dcql_query.stored", "dcql_query", new.id, "create", None, {"version": version}))
        await unit.commit()
    return replace(new, version=version)


async def active_query(scope: Scope, name: str) -> StoredQuery:
    """The version that is in use. Raises UnknownQuery."""
    async with scope.unit() as unit:
        found: StoredQuery | None = await unit.dcql_queries.active(name)
    if found is None:
        raise UnknownQuery()
    return found


async def list_queries(scope: Scope, _request: None) -> Sequence[StoredQuery]:
    """Every version of every name."""
    async with scope.unit() as unit:
        found: Sequence[StoredQuery] = await unit.dcql_queries.all()
    return found
