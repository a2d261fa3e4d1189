"""The status lists that a tenant registers credentials in: which mechanisms there are, and the first list of a kind."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from agent.audit import AuditEvent
from agent.scope import Scope
from agent.scope.tenants import StatusRegistry, kind_of
from agent.tenancy import uuid7


def mechanisms(scope: Scope) -> frozenset[str]:
    """The mechanisms that credentials can be registered with: not those that only write another's list differently,
    and not those that are only read."""
    known = scope.plugins["status_mechanisms"]
    open_ones = {one.mechanism for one in scope.catalogue.status_registries.values()}
    written = {known[name].member for name in open_ones if name in known}
    return frozenset(open_ones) | {
        name for name, one in known.items() if one.member not in written and not getattr(one, "read_only", False)
    }


def purposes_of(scope: Scope, mechanism: str) -> tuple[str, ...]:
    """What lists of a mechanism can say something about."""
    found: tuple[str, ...] = getattr(scope.plugins["status_mechanisms"][mechanism], "purposes", ("revocation",))
    return found


async def open_lists(
    scope: Scope, unit: Any, mechanism: str, purposes: Sequence[str], messages: Sequence[str] = ()
) -> list[StatusRegistry]:
    """The tenant's list for each purpose, in this unit the first of its kind begun where there is none."""
    found = []
    for purpose in dict.fromkeys(purposes):
        registry = scope.catalogue.status_registries.get(kind_of(mechanism, purpose))
        if registry is None:
            means = tuple(messages) if purpose == "message" else ()
            registry = _first(scope, mechanism, purpose, means, await unit.status_lists.last_number() + 1)
            await unit.status_lists.begin(scope.catalogue.issuer_id, registry)
            unit.record(AuditEvent("status_list.opened", "status_list", registry.id))
            unit.changes_catalogue()
        found.append(registry)
    return found


def _first(scope: Scope, mechanism: str, purpose: str, messages: tuple[str, ...], number: int) -> StatusRegistry:
    """The tenant's `number`th list: a bit, or what its messages need, for each of 131,072 in random order."""
    return StatusRegistry(
        id=uuid7(scope.now(), scope.entropy(10)),
        uri=f"{scope.tenant.base_url}/status-lists/{number}",
        mechanism=mechanism,
        bits=(max(len(messages), 2) - 1).bit_length(),
        max_entries=131_072,
        block_size=256,
        shard_bytes=1024,
        permutation_key=scope.entropy(32),
        ttl=timedelta(minutes=5),
        purpose=purpose,
        messages=messages,
    )
