"""Hosted DIDs: a row, a version for each published entry, the witnesses' proofs and the log's keys."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
from sqlalchemy import bindparam, case, delete, func, insert, null, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from agent.scope import Conflict
from agent.scope.dids import DidStep, HostedDid, NewDid
from agent.scope.tenants import SigningKey
from agent.storage import tables
from agent.storage.statements import Row, Statement
from protocols.did import multikey
from protocols.encoding import parse_json_object
from protocols.ports import KeyHandle, LogEntry

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_d, _v, _w, _k, _m, _p = (
    tables.dids,
    tables.did_documents,
    tables.did_witness_proofs,
    tables.key_pairs,
    tables.did_verification_methods,
    tables.peer_dids,
)
_LOG = "log"


def _insert(table: Any, names: str) -> Statement:
    return Statement(insert(table).values({name: bindparam(name) for name in names.split()}))


_ADD = _insert(_d, "tenant_id id did did_index method status place pending_entry serves_web")
_ADD_VERSION = _insert(_v, "tenant_id did_id version document log_entry digest")
_ADD_METHOD = _insert(_m, "tenant_id did_id fragment key_pair_id relationships")
_ADD_PROOF = Statement(
    upsert(_w)
    .values({name: bindparam(name) for name in ["tenant_id", "did_id", "version", "witness", "proof"]})
    .on_conflict_do_nothing()
)
_hosted = select(_d).where(_d.c.tenant_id == bindparam("tenant"), _d.c.place.is_not(None))
_ALL = Statement(_hosted.order_by(_d.c.created_at, _d.c.id))
_GET = Statement(_hosted.where(_d.c.id == bindparam("did_id")))
_AT = Statement(_hosted.where(_d.c.place == bindparam("place")))
_VERSIONS = Statement(
    select(_v.c.log_entry, _v.c.document)
    .where(_v.c.tenant_id == bindparam("tenant"), _v.c.did_id == bindparam("did_id"))
    .order_by(_v.c.version)
)
_PROOFS = Statement(
    select(_w.c.version, _w.c.proof)
    .where(_w.c.tenant_id == bindparam("tenant"), _w.c.did_id == bindparam("did_id"))
    .order_by(_w.c.version, _w.c.witness)
)
_DROP_PROOFS = Statement(
    delete(_w).where(
        _w.c.tenant_id == bindparam("tenant"),
        _w.c.did_id == bindparam("did_id_"),
        _w.c.version == bindparam("version_"),
    )
)
_SETTLE = Statement(
    update(_d)
    .where(
        _d.c.tenant_id == bindparam("tenant"),
        _d.c.id == bindparam("did_id"),
        _d.c.row_version == bindparam("before"),
    )
    .values(
        did=bindparam("did_"),
        did_index=bindparam("index"),
        status=bindparam("status_"),
        pending_entry=bindparam("pending"),
        deactivated_at=case((bindparam("status_") == "deactivated", func.now()), else_=null()),
    )
    .returning(_d.c.id)
)
_KEYS = Statement(
    select(_k, _m.c.fragment)
    .join_from(_m, _k, (_k.c.tenant_id == _m.c.tenant_id) & (_k.c.id == _m.c.key_pair_id))
    .where(_m.c.tenant_id == bindparam("tenant"), _m.c.did_id == bindparam("did_id"), _k.c.state == "active")
)
_SPEND = Statement(
    update(_k)
    .where(_k.c.tenant_id == bindparam("tenant"), _k.c.id == bindparam("key"), _k.c.state == "active")
    .values(state="destroyed", destroyed_at=func.now(), private_key_ref=null())
)
_REMEMBER = Statement(
    upsert(_p)
    .values({name: bindparam(name) for name in ["tenant_id", "id", "short_index", "long_sealed"]})
    .on_conflict_do_nothing()
)
_LONG = Statement(
    select(_p.c.id, _p.c.long_sealed).where(
        _p.c.tenant_id == bindparam("tenant"), _p.c.short_index == bindparam("index")
    )
)


class DidRepository:
    """`scope.dids.Dids`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit
        self._here = {"tenant": unit.tenant_id}

    async def add(self, new: NewDid) -> None:
        """The row, its version or what waits to be one, and its keys."""
        published = not new.entry.threshold
        try:
            await _ADD.run(
                self._unit.connection,
                tenant_id=self._unit.tenant_id,
                id=new.id,
                did=new.entry.did,
                did_index=self._unit.vault.blind("dids.did_index", new.entry.did),
                method=new.method,
                status="active" if published else "pending",
                place=new.place,
                pending_entry=None if published else new.entry.line,
                serves_web=new.serves_web,
            )
        except asyncpg.UniqueViolationError:
            raise Conflict("place of a DID") from None
        if published:
            await self._publish(new.id, new.entry)
        await self._hold(new.id, new.keys)

    async def settle(self, step: DidStep) -> None:
        """Compare and set, then everything that goes with it."""
        did_id, entry, before = step.before.id, step.entry, step.before
        did = entry.did if step.published else before.did
        ended = bool(step.published and entry.parameters["deactivated"])
        active = "deactivated" if ended else "active" if step.published or before.lines else "pending"
        moved = await _SETTLE.row(
            self._unit.connection,
            **self._here,
            did_id=did_id,
            before=before.version,
            did_=did,
            index=self._unit.vault.blind("dids.did_index", did),
            status_=active,
            pending=None if step.published else entry.line,
        )
        if moved is None:
            raise Conflict("DID moved on")
        if step.approval is None and before.pending:
            # Approvals of an entry that another one replaces before it was published.
            await _DROP_PROOFS.run(self._unit.connection, **self._here, did_id_=did_id, version_=entry.number)
        if step.approval:
            await self._approve(did_id, entry.number, *step.approval)
        if step.published:
            await self._publish(did_id, entry)
        await self._hold(did_id, step.keys)
        for key in step.spent:
            await _SPEND.run(self._unit.connection, **self._here, key=key.id)

    async def _publish(self, did_id: UUID, entry: LogEntry) -> None:
        await _ADD_VERSION.run(
            self._unit.connection,
            tenant_id=self._unit.tenant_id,
            did_id=did_id,
            version=entry.number,
            document=dict(entry.document),
            log_entry=entry.line,
            digest=sha256(entry.line.encode()).digest(),
        )

    async def _approve(self, did_id: UUID, version: int, witness: str, proof: Mapping[str, Any]) -> None:
        await _ADD_PROOF.run(
            self._unit.connection,
            tenant_id=self._unit.tenant_id,
            did_id=did_id,
            version=version,
            witness=witness,
            proof=dict(proof),
        )

    async def _hold(self, did_id: UUID, keys: Sequence[SigningKey]) -> None:
        for key in keys:
            await self.add_key(key)
            await _ADD_METHOD.run(
                self._unit.connection,
                tenant_id=self._unit.tenant_id,
                did_id=did_id,
                fragment=multikey.encode(key.jwk),
                key_pair_id=key.id,
                relationships=[_LOG],
            )

    async def add_key(self, key: SigningKey) -> None:
        """As the tenant's founding stores keys."""
        try:
            await self._unit.signing_keys.add(key)
        except asyncpg.UniqueViolationError:
            raise Conflict("key of that purpose") from None

    async def all(self) -> Sequence[HostedDid]:
        """Rows alone."""
        return [_hosted_did(row) for row in await _ALL.rows(self._unit.connection, **self._here)]

    async def get(self, did_id: UUID) -> HostedDid | None:
        """The row with its log."""
        return await self._whole(await _GET.row(self._unit.connection, **self._here, did_id=did_id))

    async def at(self, place: str) -> HostedDid | None:
        """The row with its log."""
        return await self._whole(await _AT.row(self._unit.connection, **self._here, place=place))

    async def _whole(self, row: Row | None) -> HostedDid | None:
        if row is None:
            return None
        versions = await _VERSIONS.rows(self._unit.connection, **self._here, did_id=row["id"])
        proofs: dict[int, tuple[Mapping[str, Any], ...]] = {}
        for found in await _PROOFS.rows(self._unit.connection, **self._here, did_id=row["id"]):
            proofs[found["version"]] = (*proofs.get(found["version"], ()), found["proof"])
        return _hosted_did(
            row,
            lines=tuple(one["log_entry"] for one in versions),
            document=versions[-1]["document"] if versions else None,
            pending=row["pending_entry"],
            proofs=proofs,
        )

    async def keys(self, did_id: UUID) -> Mapping[str, SigningKey]:
        """By Multikey, which is the fragment that they are kept under."""
        rows = await _KEYS.rows(self._unit.connection, **self._here, did_id=did_id)
        return {row["fragment"]: self._key(row) for row in rows}

    def _key(self, row: Row) -> SigningKey:
        vault = self._unit.vault
        reference = vault.open("key_pairs", "private_key_ref", row["id"], row["private_key_ref"]).decode()
        handle = KeyHandle(row["key_store"], reference, row["algorithm"])
        jwk = parse_json_object(row["public_key"])
        return SigningKey(row["id"], row["purpose"], row["key_id"], row["algorithm"], handle, jwk)

    async def remember(self, row: UUID, short: str, long: str) -> None:
        """Sealed, and found by its blind index."""
        await _REMEMBER.run(
            self._unit.connection,
            tenant_id=self._unit.tenant_id,
            id=row,
            short_index=self._unit.vault.blind("peer_dids.short_index", short),
            long_sealed=self._unit.vault.seal("peer_dids", "long_sealed", row, long.encode()),
        )

    async def long_form(self, short: str) -> str | None:
        """None when it was never seen."""
        index = self._unit.vault.blind("peer_dids.short_index", short)
        row = await _LONG.row(self._unit.connection, **self._here, index=index)
        if row is None:
            return None
        return self._unit.vault.open("peer_dids", "long_sealed", row["id"], row["long_sealed"]).decode()


def _hosted_did(row: Row, **more: Any) -> HostedDid:
    return HostedDid(
        id=row["id"],
        did=row["did"],
        method=row["method"],
        place=row["place"],
        status=row["status"],
        serves_web=row["serves_web"],
        version=row["row_version"],
        created_at=row["created_at"],
        **more,
    )
