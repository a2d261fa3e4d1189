"""Between a restore and the first request: what the old database forgot is done again, and its record is proved."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from agent.audit.verifying import Report, verify
from agent.lifecycle.journal import ErasureJournal
from agent.operations.issuing.status_places import follow_list
from agent.operations.keeping.erase_person import erase_again
from agent.operations.keeping.export_audit import export_audit
from agent.operations.keeping.seal_audit import seal_audit
from agent.scope import Scope
from agent.storage.pool import Pool
from agent.storage.recovery import raise_epoch
from agent.storage.unit_of_work import unit_of_work
from agent.tenancy import WORKER, Principal

_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Reopened:
    """The epoch of the record from now on, how many erasures were done again, and each tenant's record, checked."""

    epoch: int
    erased_again: int
    records: Mapping[str, Report]

    @property
    def well(self) -> bool:
        """Whether every tenant's record is whole."""
        return all(record.well for record in self.records.values())


async def reopen(
    owner_dsn: str,
    maint: Pool,
    scope_of: Callable[[str, Principal], Awaitable[Scope]],
    journal: ErasureJournal,
) -> Reopened:
    """Nobody else may be let in before this has ended. May be done again.

    Raises DoesNotOpen when the journal was tampered with, KeyStoreUnavailable without the keys.
    """
    names = await maint.fetch(
        "SELECT name FROM agent.tenants WHERE id <> agent.system_tenant() AND placement = 'shared'"
        " AND status IN ('active', 'suspended', 'disabled') ORDER BY name"
    )
    scopes = [await scope_of(row["name"], WORKER) for row in names]
    # Minutes since 1970: greater than any epoch of a life that this database knows nothing of.
    now = scopes[0].now().timestamp() if scopes else 0
    epoch = await raise_epoch(owner_dsn, int(now) // _MINUTE)
    erased, records = 0, {}
    for scope in scopes:
        async for erasure, keys, certificate in journal.read(scope):
            erased += await erase_again(scope, erasure, keys, certificate)
        # Places that went out after that moment must not go out twice; nor addresses of lists that were opened then.
        for registry in scope.catalogue.status_registries.values():
            await follow_list(scope, registry, epoch)
        await seal_audit(scope, partial(unit_of_work, maint, scope.tenant, WORKER, scope.vault, scope.now))
        lines = [json.loads(line) async for line in await export_audit(scope, None)]
        records[scope.tenant.name] = verify(lines, [scope.catalogue.key("audit").jwk])
    return Reopened(epoch, erased, records)
