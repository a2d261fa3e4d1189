"""Requests to erase a person, and the erasure: one transaction, every row of the person's."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from agent.scope.archiving import PERSONAL
from agent.scope.keeping import Erasure, Whom
from agent.storage.holds import BEFORE_ERASING
from agent.storage.queries import erasures as queries
from agent.storage.statements import Row, Statement

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit


class ErasureRepository:
    """`scope.keeping.Erasures`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def _rows(self, statement: Statement, **values: Any) -> list[Row]:
        return await statement.rows(self._unit.connection, tenant=self._unit.tenant_id, **values)

    async def _run(self, statement: Statement, **values: Any) -> int:
        return await statement.run(self._unit.connection, tenant=self._unit.tenant_id, **values)

    async def keys_of(self, whom: Whom) -> tuple[UUID, ...]:
        """By account and by name."""
        return await self._keys(*await self._known(whom))

    async def _known(self, whom: Whom) -> tuple[UUID | None, str | None]:
        """(account, name): an account knows its name, a name may have an account."""
        vault, subject = self._unit.vault, whom.subject
        external = vault.blind("users.external_id", subject) if subject else None
        accounts = await self._rows(queries.USER, user=whom.user, external=external)
        for row in accounts:
            if subject is None and row["external_id_sealed"] is not None:
                key = vault.subject_key(row["key"], row["wrapped_key"])
                opened = vault.open("users", "external_id_sealed", row["id"], row["external_id_sealed"], key)
                subject = opened.decode()
        return accounts[0]["id"] if accounts else None, subject

    async def _keys(self, user: UUID | None, subject: str | None) -> tuple[UUID, ...]:
        found = await self._rows(
            queries.KEYS_OF_USER, user=user, index=self._blind("subject_keys.subject_index", subject)
        )
        return tuple(row[0] for row in found)

    def _blind(self, field: str, subject: str | None) -> bytes | None:
        return self._unit.vault.blind(field, subject) if subject else None

    async def request(self, erasure: UUID, whom: Whom, legal_basis: str) -> bool:
        """The first key is the target that the record names."""
        unit = self._unit
        user, subject = await self._known(whom)
        keys = list(await self._keys(user, subject))
        if not keys:
            return False
        await self._run(
            queries.REQUEST,
            id=erasure,
            target_id=keys[0],
            key_ids=keys,
            subject_index=self._blind("subject_keys.subject_index", subject),
            external_index=self._blind("users.external_id", subject),
            requested_by=unit.principal.id,
            legal_basis=legal_basis,
            now=unit.now,
        )
        await self._run(queries.STOP, keys=keys)
        await self._run(queries.SIGN_OUT, keys=keys, now=unit.now)
        return True

    async def recall(self, erasure: UUID, keys: tuple[UUID, ...], legal_basis: str) -> bool:
        """Upsert, but for one that is completed."""
        values = {"id": erasure, "target_id": keys[0], "key_ids": list(keys), "legal_basis": legal_basis}
        return bool(await self._run(queries.RECALL, **values, now=self._unit.now))

    async def get(self, erasure: UUID) -> Erasure | None:
        """One request."""
        rows = await self._rows(queries.GET, id_=erasure)
        return _erasure(rows[0]) if rows else None

    async def listed(self, after: UUID, limit: int) -> Sequence[Erasure]:
        """A page."""
        return [_erasure(row) for row in await self._rows(queries.LISTED, after=after, limit_=limit)]

    async def held(self) -> Sequence[str]:
        """Tables of personal data under legal hold, until this transaction ends."""
        await self._rows(BEFORE_ERASING)
        return [row[0] for row in await self._rows(queries.HELD) if row[0] in PERSONAL]

    async def approve(self, erasure: UUID) -> tuple[UUID, ...] | None:
        """Of two approvals one comes true."""
        unit = self._unit
        found = await self._rows(queries.APPROVE, id_=erasure, approved_by=unit.principal.id, now=unit.now)
        return tuple(found[0][0]) if found else None

    async def erase(self, keys: tuple[UUID, ...]) -> Mapping[str, int]:
        """Step by step, in this transaction."""
        values = {"keys": list(keys), "now": self._unit.now}
        counts = {}
        for table, statement in queries.STEPS:
            wanted = {name: value for name, value in values.items() if statement.takes(name)}
            counts[table] = await self._run(statement, **wanted)
        return {table: count for table, count in counts.items() if count}

    async def complete(self, erasure: UUID, certificate: Mapping[str, Any]) -> None:
        """Once."""
        await self._run(queries.COMPLETE, id_=erasure, certificate=dict(certificate), now=self._unit.now)


def _erasure(row: Row) -> Erasure:
    return Erasure(row[0], tuple(row[1]), row[2], row[3], row[4], row[5], row[6])
