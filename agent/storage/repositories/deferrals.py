"""Deferred issuances: what was asked for rests sealed under the person's key, the transaction_id as a hash."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from agent.encryption.sealing import DataKey
from agent.scope import Conflict
from agent.scope.deferring import Deferral, DeferralListing, KeptRequest, NewDeferral, Refused, TooEarly
from agent.scope.issuing import Authorized
from agent.scope.tenants import IssuancePolicy
from agent.storage.queries import deferrals as queries
from agent.storage.statements import Row, Statement
from protocols.encoding import parse_json_object, render_json

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_EMPTY = KeptRequest((), None, None)


class DeferralRepository:
    """`scope.deferring.Deferrals`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def _run(self, statement: Statement, **values: Any) -> int:
        return await statement.run(self._unit.connection, tenant=self._unit.tenant_id, **values)

    async def _row(self, statement: Statement, **values: Any) -> Row | None:
        return await statement.row(self._unit.connection, tenant=self._unit.tenant_id, **values)

    async def _key(self, key: UUID | None) -> DataKey | None:
        """The person's; None, and so the tenant's, where an issuance names nobody."""
        if key is None:
            return None
        row = await self._row(queries.KEY, key=key)
        return self._unit.vault.subject_key(key, row[0] if row else None)

    def _sealed(self, deferral: UUID, request: KeptRequest, key: DataKey | None = None) -> bytes:
        value = {"holders": request.holders, "encryption_key": request.encryption_key, "claims": request.claims}
        return self._unit.vault.seal("deferred_issuances", "request_sealed", deferral, render_json(value), key)

    def _opened(self, row: Row, key: DataKey | None) -> KeptRequest:
        text = self._unit.vault.open("deferred_issuances", "request_sealed", row["id"], row["request_sealed"], key)
        value = parse_json_object(text)
        return KeptRequest(tuple(value["holders"]), value["encryption_key"], value["claims"])

    async def _deferral(self, row: Row, issuance: Authorized) -> Deferral | Refused:
        if row["state"] == "refused":
            return Refused()
        request = self._opened(row, await self._key(issuance.subject_key_id))
        return Deferral(row["id"], row["configuration_id"], request, row["interval_seconds"], row["state"] == "ready")

    async def add(self, new: NewDeferral) -> None:
        """The issuance moves first: who loses that race inserts nothing."""
        issuance, end = new.issuance, new.expires_at
        if not await self._run(queries.MOVE, id_=issuance.id, version=issuance.version, policy=new.policy_id, end=end):
            raise Conflict("issuance")
        await self._run(
            queries.ADD,
            id=new.id,
            issuance_id=issuance.id,
            configuration_id=new.configuration_id,
            transaction_hash=new.transaction_hash,
            request_sealed=self._sealed(new.id, new.request, await self._key(issuance.subject_key_id)),
            waiting_for=list(new.waiting_for),
            interval_seconds=new.interval,
            polled_at=self._unit.now,
            expires_at=end,
        )
        if new.approval_id is not None:
            await self._run(
                queries.ASK,
                id=new.approval_id,
                issuance_id=issuance.id,
                deferred_id=new.id,
                policy_id=new.policy_id,
            )

    async def of(self, issuance: Authorized, configuration: UUID) -> Deferral | Refused | None:
        """Locked until the unit ends."""
        row = await self._row(queries.OF, issuance=issuance.id, configuration=configuration, now=self._unit.now)
        return await self._deferral(row, issuance) if row else None

    async def poll(self, issuance: Authorized, transaction_hash: bytes) -> Deferral | Refused | TooEarly | None:
        """One statement when the wallet comes in time; another one says why not."""
        named = {"issuance": issuance.id, "transaction_hash_": transaction_hash, "now": self._unit.now}
        row = await self._row(queries.POLL, **named)
        if row:
            return await self._deferral(row, issuance)
        found = await self._row(queries.STATE, **named)
        if found is None or found["state"] not in ("pending", "ready", "refused"):
            return None
        return Refused() if found["state"] == "refused" else TooEarly(found["interval_seconds"])

    async def keep(
        self, deferral: Deferral, issuance: Authorized, claims: Mapping[str, Any] | None, waiting_for: tuple[str, ...]
    ) -> None:
        """What is known by now. An approval that came in between keeps its own."""
        request = KeptRequest(deferral.request.holders, deferral.request.encryption_key, claims)
        sealed = self._sealed(deferral.id, request, await self._key(issuance.subject_key_id))
        approved = "ready" if deferral.approved else "pending"
        await self._run(queries.KEEP, id_=deferral.id, state_=approved, sealed=sealed, waiting=list(waiting_for))

    async def close(self, deferral: Deferral) -> None:
        """Keys and claims go with the delivery."""
        sealed = self._sealed(deferral.id, _EMPTY)
        if not await self._run(queries.CLOSE, id_=deferral.id, sealed=sealed, waiting=[]):
            raise Conflict("deferral")

    async def decide(self, issuance: UUID, policy: UUID) -> None:
        """Note which version decided."""
        await self._run(queries.DECIDED_BY, id_=issuance, policy=policy)

    async def within(self, issuance: Authorized, configuration: UUID, policy: IssuancePolicy, now: datetime) -> bool:
        """The person's key is locked first: two issuances to one person are counted one after the other."""
        key = issuance.subject_key_id
        if not policy.limited or key is None:
            return True
        await self._row(queries.LOCK, key=key)
        row = await self._row(queries.HAS, key=key, configuration=configuration, issuance=issuance.id, now=now)
        if row is None:
            return True
        if policy.max_active is not None and row[0] >= policy.max_active:
            return False
        return policy.cool_down is None or row[1] is None or now - row[1] >= policy.cool_down

    async def listed(self, after: UUID, limit: int) -> Sequence[DeferralListing]:
        """A page of those that wait."""
        unit = self._unit
        rows = await queries.LISTED.rows(unit.connection, tenant=unit.tenant_id, after=after, limit=limit, now=unit.now)
        return [_listing(row) for row in rows]

    async def get(self, deferral: UUID) -> tuple[DeferralListing, KeptRequest] | None:
        """Locked until the unit ends."""
        row = await self._row(queries.GET, id_=deferral)
        if row is None:
            return None
        waits = row["state"] in ("pending", "ready")
        return _listing(row), self._opened(row, await self._key(row["subject_key_id"])) if waits else _EMPTY

    async def approve(self, deferral: UUID, request: KeptRequest) -> bool:
        """The deferral, and the row that asked for it where a policy did."""
        row = await self._row(queries.GET, id_=deferral)
        if row is None:
            return False
        sealed = self._sealed(deferral, request, await self._key(row["subject_key_id"]))
        if not await self._run(queries.APPROVE, id_=deferral, sealed=sealed, waiting=[], now=self._unit.now):
            return False
        await self._run(queries.DECIDE, deferral=deferral, state_="approved", reason_=None, now=self._unit.now)
        return True

    async def deny(self, deferral: UUID, reason: str) -> UUID | None:
        """Keys and claims go; an issuance of nothing else has failed."""
        now = self._unit.now
        row = await self._row(queries.DENY, id_=deferral, sealed=self._sealed(deferral, _EMPTY), waiting=[], now=now)
        if row is None:
            return None
        await self._run(queries.DECIDE, deferral=deferral, state_="refused", reason_=reason, now=now)
        await self._run(queries.END, id_=row[0], reason=reason, now=now)
        return UUID(str(row[0]))

    async def pay(self, issuance: UUID) -> bool:
        """The first time counts."""
        return await self._run(queries.PAY, id_=issuance, now=self._unit.now) > 0


def _listing(row: Row) -> DeferralListing:
    return DeferralListing(
        row["id"],
        row["issuance_id"],
        row["credential_configuration_id"],
        row["state"],
        tuple(row["waiting_for"]),
        row["reason"],
        row["created_at"],
        row["expires_at"],
        row["subject_key_id"],
    )
