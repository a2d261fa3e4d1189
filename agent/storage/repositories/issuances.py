"""Issuances: every step is one guarded statement, claims rest sealed under the subject's key."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import and_, bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from agent.encryption.sealing import DataKey
from agent.scope import Conflict
from agent.scope.issuing import (
    TX_CODE_ATTEMPTS,
    Attempt,
    Authorized,
    IssuanceListing,
    IssuedCredential,
    NewIssuance,
    Offered,
    Settlement,
)
from agent.storage import tables
from agent.storage.statements import Statement
from protocols.encoding import parse_json_object, render_json
from protocols.openid4vci.errors import InvalidNonce

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_i, _k, _c, _m = tables.issuances.c, tables.subject_keys.c, tables.credentials.c, tables.replay_marks.c
_TENANT: Any = bindparam("tenant")


def _values(names: str) -> dict[str, Any]:
    return {name: bindparam(name) for name in names.split()}


_SUBJECT = Statement(
    select(_k.id, _k.wrapped_key).where(
        _k.tenant_id == _TENANT, _k.subject_index == bindparam("index"), _k.destroyed_at.is_(None)
    )
)
_ADD_SUBJECT = Statement(
    upsert(tables.subject_keys)
    .values(_values("tenant_id id subject_index wrapping_key_id kek_epoch wrapped_key"))
    .on_conflict_do_nothing()
    .returning(_k.id)
)
_ADD = Statement(
    insert(tables.issuances).values(
        _values(
            "tenant_id id issuer_id credential_configuration_ids grant_type subject_key_id claims_sealed offer_hash "
            "code_hash issuer_state_hash tx_code_mac code_expires_at expires_at"
        )
    )
)
_OFFERED = Statement(
    select(_i.id, _i.credential_configuration_ids, _i.grant_type, _i.tx_code_mac.is_not(None)).where(
        _i.tenant_id == _TENANT,
        _i.offer_hash == bindparam("offer_hash"),
        _i.state == "offered",
        _i.expires_at > bindparam("now"),
    )
)
_ATTEMPT = Statement(
    update(tables.issuances)
    .where(
        _i.tenant_id == _TENANT,
        _i.code_hash == bindparam("code_hash"),
        _i.state == "offered",
        _i.code_expires_at > bindparam("now"),
        _i.tx_code_attempts < TX_CODE_ATTEMPTS,
    )
    .values(tx_code_attempts=_i.tx_code_attempts + 1)
    .returning(_i.id, _i.tx_code_mac, _i.tx_code_attempts, _i.row_version)
)
_FAIL = Statement(
    update(tables.issuances)
    .where(_i.tenant_id == _TENANT, _i.id == bindparam("id_"), _i.row_version == bindparam("version"))
    .values(state="failed", failure="tx_code_attempts", code_hash=None, offer_hash=None, claims_sealed=None)
)
_AUTHORIZE = Statement(
    update(tables.issuances)
    .where(_i.tenant_id == _TENANT, _i.id == bindparam("id_"), _i.row_version == bindparam("version"))
    .values(
        state="authorized",
        code_hash=None,
        offer_hash=None,
        tx_code_mac=None,
        token_hash=bindparam("token_hash"),
        token_expires_at=bindparam("expires"),
    )
)
_AUTHORIZED = Statement(
    select(
        _i.id,
        _i.credential_configuration_ids,
        _i.claims_sealed,
        _i.subject_key_id,
        _i.credentials_issued,
        _i.row_version,
        _k.wrapped_key,
    )
    .join_from(
        tables.issuances,
        tables.subject_keys,
        and_(_k.tenant_id == _i.tenant_id, _k.id == _i.subject_key_id),
        isouter=True,
    )
    .where(_i.tenant_id == _TENANT, _i.token_hash == bindparam("token_hash"), _i.token_expires_at > bindparam("now"))
)
_ISSUED = Statement(select(_c.configuration_id).where(_c.tenant_id == _TENANT, _c.issuance_id == bindparam("issuance")))
_CLAIMS = Statement(select(_i.claims_sealed).where(_i.tenant_id == _TENANT, _i.id == bindparam("id_")))
_MARK = Statement(
    upsert(tables.replay_marks)
    .values(_values("tenant_id slot kind mark day"))
    .on_conflict_do_nothing()
    .returning(_m.slot)
)
_SETTLE = Statement(
    update(tables.issuances)
    .where(_i.tenant_id == _TENANT, _i.id == bindparam("id_"), _i.row_version == bindparam("version"))
    .values(
        state="issued",
        credentials_issued=_i.credentials_issued + bindparam("count"),
        notification_hash=bindparam("notification_hash"),
        claims_sealed=bindparam("claims"),
        settled_at=bindparam("settled"),
    )
)
_CREDENTIAL = Statement(
    insert(tables.credentials).values(
        _values(
            "tenant_id id role issuance_id credential_id type type_tenant_id type_id configuration_id format "
            "subject_key_id holder_key_index issuer_identifier_kind issuer_identifier issuer_id issued_at expires_at "
            "status"
        )
    )
)
_ENTRY = Statement(
    insert(tables.status_list_entries).values(_values("tenant_id registry_id idx block_no credential_id"))
)
_TAG = Statement(insert(tables.credential_tags).values(_values("tenant_id tag credential_id")))
_NOTIFIED = Statement(
    update(tables.issuances)
    .where(
        _i.tenant_id == _TENANT,
        _i.token_hash == bindparam("token_hash"),
        _i.notification_hash == bindparam("notification_hash"),
        _i.token_expires_at > bindparam("now"),
    )
    .values(state="notified", notified_event=bindparam("event"))
    .returning(_i.id)
)
_KNOWN_TOKEN = Statement(
    select(_i.id).where(
        _i.tenant_id == _TENANT, _i.token_hash == bindparam("token_hash"), _i.token_expires_at > bindparam("now")
    )
)
_GET = Statement(
    select(_i.id, _i.state, _i.credential_configuration_ids, _i.created_at, _i.expires_at, _i.notified_event).where(
        _i.tenant_id == _TENANT, _i.id == bindparam("id_")
    )
)
_CREDENTIALS = Statement(
    select(_c.id).where(_c.tenant_id == _TENANT, _c.issuance_id == bindparam("issuance")).order_by(_c.id)
)


class IssuanceRepository:
    """`scope.issuing.Issuances`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def add(self, new: NewIssuance) -> None:
        """Insert the offer, its claims sealed under the person's key."""
        unit = self._unit
        key_id, key = await self._subject(new)
        await _ADD.run(
            unit.connection,
            tenant_id=unit.tenant_id,
            id=new.id,
            issuer_id=new.issuer_id,
            credential_configuration_ids=list(new.credential_configuration_ids),
            grant_type=new.grant_type,
            subject_key_id=key_id,
            claims_sealed=unit.vault.seal("issuances", "claims_sealed", new.id, render_json(dict(new.claims)), key),
            offer_hash=new.offer_hash,
            code_hash=new.code_hash,
            issuer_state_hash=new.issuer_state_hash,
            tx_code_mac=new.tx_code_mac,
            code_expires_at=new.expires_at,
            expires_at=new.expires_at,
        )

    async def _subject(self, new: NewIssuance) -> tuple[UUID, DataKey]:
        """The person's key: the one there is, or a new one. An issuance without a subject is a person of its own."""
        unit, vault = self._unit, self._unit.vault
        index = vault.blind("subject_keys.subject_index", new.subject or f"issuance:{new.id}")
        if new.subject:
            row = await _SUBJECT.row(unit.connection, tenant=unit.tenant_id, index=index)
            if row:
                return row["id"], vault.subject_key(row["id"], row["wrapped_key"])
        key, wrapped = vault.new_subject_key(new.subject_key_id)
        added = await _ADD_SUBJECT.value(
            unit.connection,
            tenant_id=unit.tenant_id,
            id=new.subject_key_id,
            subject_index=index,
            wrapping_key_id=vault.data_key_id,
            kek_epoch=1,
            wrapped_key=wrapped,
        )
        if added is None:
            raise Conflict("another offer made this subject at the same moment")
        return new.subject_key_id, key

    async def offered(self, offer_hash: bytes) -> Offered | None:
        """The offer that can still be taken."""
        unit = self._unit
        row = await _OFFERED.row(unit.connection, tenant=unit.tenant_id, offer_hash=offer_hash, now=unit.now)
        return Offered(row[0], tuple(row[1]), row[2], row[3]) if row else None

    async def attempt(self, code_hash: bytes) -> Attempt | None:
        """Count and lock."""
        unit = self._unit
        row = await _ATTEMPT.row(unit.connection, tenant=unit.tenant_id, code_hash=code_hash, now=unit.now)
        return Attempt(*row) if row else None

    async def fail(self, attempt: Attempt) -> None:
        """End it; the claims go at once."""
        unit = self._unit
        await _FAIL.run(unit.connection, tenant=unit.tenant_id, id_=attempt.id, version=attempt.version)

    async def authorize(self, attempt: Attempt, token_hash: bytes, expires_at: datetime) -> None:
        """Compare-and-set from code to token."""
        unit = self._unit
        if not await _AUTHORIZE.run(
            unit.connection,
            tenant=unit.tenant_id,
            id_=attempt.id,
            version=attempt.version,
            token_hash=token_hash,
            expires=expires_at,
        ):
            raise Conflict("code")

    async def authorized(self, token_hash: bytes) -> Authorized | None:
        """The issuance, its claims opened."""
        unit = self._unit
        row = await _AUTHORIZED.row(unit.connection, tenant=unit.tenant_id, token_hash=token_hash, now=unit.now)
        if row is None:
            return None
        issued: list[Any] = []
        if row["credentials_issued"]:
            issued = await _ISSUED.rows(unit.connection, tenant=unit.tenant_id, issuance=row["id"])
        claims = {}
        if row["claims_sealed"] is not None:
            key = unit.vault.subject_key(row["subject_key_id"], row["wrapped_key"])
            claims = parse_json_object(
                unit.vault.open("issuances", "claims_sealed", row["id"], row["claims_sealed"], key)
            )
        return Authorized(
            id=row["id"],
            credential_configuration_ids=tuple(row["credential_configuration_ids"]),
            claims=claims,
            subject_key_id=row["subject_key_id"],
            issued=frozenset(one[0] for one in issued),
            credentials_issued=row["credentials_issued"],
            version=row["row_version"],
        )

    async def spend(self, kind: str, mark: bytes, made_at: datetime) -> bool:
        """Leave a mark for a value that may be used once; False when it is there already."""
        day = int(made_at.timestamp()) // 86_400
        unit = self._unit
        slot = await _MARK.value(unit.connection, tenant_id=unit.tenant_id, slot=day % 8, kind=kind, mark=mark, day=day)
        return slot is not None

    async def settle(self, settlement: Settlement) -> None:
        """Nonces first: a replay is the cheapest to refuse."""
        unit = self._unit
        for mark, made_at in settlement.nonces:
            if not await self.spend("c_nonce", mark, made_at):
                raise InvalidNonce("spent")
        claims = None if settlement.finished else await self._claims(settlement.issuance.id)
        moved = await _SETTLE.run(
            unit.connection,
            tenant=unit.tenant_id,
            id_=settlement.issuance.id,
            version=settlement.issuance.version,
            count=len(settlement.credentials),
            notification_hash=settlement.notification_hash,
            claims=claims,
            settled=unit.now if settlement.finished else None,
        )
        if not moved:
            raise Conflict("issuance")
        await self._record(settlement)

    async def _claims(self, issuance: UUID) -> bytes | None:
        """The sealed claims as they are: more credentials of this offer are to come."""
        unit = self._unit
        kept: bytes | None = await _CLAIMS.value(unit.connection, tenant=unit.tenant_id, id_=issuance)
        return kept

    async def _record(self, settlement: Settlement) -> None:
        unit = self._unit
        await _each(_CREDENTIAL, unit, [self._row(settlement, one) for one in settlement.credentials])
        await _each(
            _ENTRY,
            unit,
            [
                {
                    "tenant_id": unit.tenant_id,
                    "registry_id": one.registry.id,
                    "idx": one.status.index,
                    "block_no": one.status.block,
                    "credential_id": one.id,
                }
                for one in settlement.credentials
                if one.status and one.registry
            ],
        )
        tags = [(tag, one.id) for one in settlement.credentials for tag in one.tags]
        await _each(
            _TAG, unit, [{"tenant_id": unit.tenant_id, "tag": tag, "credential_id": found} for tag, found in tags]
        )

    def _row(self, settlement: Settlement, one: IssuedCredential) -> dict[str, Any]:
        unit, vault = self._unit, self._unit.vault
        holder = vault.blind("credentials.holder_key_index", one.holder_key) if one.holder_key else None
        return {
            "tenant_id": unit.tenant_id,
            "id": one.id,
            "role": "issued",
            "issuance_id": settlement.issuance.id,
            "credential_id": f"urn:uuid:{one.id}",
            "type": one.type,
            "type_tenant_id": unit.tenant_id,
            "type_id": one.type_id,
            "configuration_id": one.configuration_id,
            "format": one.format,
            "subject_key_id": settlement.issuance.subject_key_id,
            "holder_key_index": holder,
            "issuer_identifier_kind": "x509",
            "issuer_identifier": one.issuer_identifier,
            "issuer_id": one.issuer_id,
            "issued_at": one.issued_at,
            "expires_at": one.expires_at,
            "status": "active",
        }

    async def notified(self, token_hash: bytes, notification_hash: bytes, event: str) -> UUID | None:
        """Record the event; the same one twice is no error (OpenID4VCI 1.0, 11.1)."""
        unit = self._unit
        found: UUID | None = await _NOTIFIED.value(
            unit.connection,
            tenant=unit.tenant_id,
            token_hash=token_hash,
            notification_hash=notification_hash,
            event=event,
            now=unit.now,
        )
        return found

    async def knows_token(self, token_hash: bytes) -> bool:
        """Whether a living token has this hash."""
        unit = self._unit
        found = await _KNOWN_TOKEN.value(unit.connection, tenant=unit.tenant_id, token_hash=token_hash, now=unit.now)
        return found is not None

    async def get(self, issuance: UUID) -> IssuanceListing | None:
        """The issuance with the credentials that came of it."""
        unit = self._unit
        row = await _GET.row(unit.connection, tenant=unit.tenant_id, id_=issuance)
        if row is None:
            return None
        made = await _CREDENTIALS.rows(unit.connection, tenant=unit.tenant_id, issuance=issuance)
        return IssuanceListing(row[0], row[1], tuple(row[2]), row[3], row[4], row[5], tuple(one[0] for one in made))


async def _each(statement: Statement, unit: "PostgresUnit", rows: Sequence[dict[str, Any]]) -> None:
    if len(rows) == 1:
        await statement.run(unit.connection, **rows[0])
    elif rows:
        await statement.many(unit.connection, rows)
