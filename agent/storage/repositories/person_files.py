"""What is kept of one person, opened: the right of access (GDPR, article 15)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Uuid, and_, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA

from agent.encryption.sealing import DataKey
from agent.storage import tables
from agent.storage.repositories.claim_records import place_of
from agent.storage.statements import Row, Statement
from agent.storage.subjects import subject_index
from protocols.encoding import parse_json, parse_json_object

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_TENANT: Any = bindparam("tenant", type_=Uuid())
_KEYS: Any = bindparam("keys", type_=ARRAY(Uuid()))
_k, _u, _r, _i = tables.subject_keys.c, tables.users.c, tables.claim_records.c, tables.issuances.c
_d, _c, _p = tables.deferred_issuances.c, tables.credentials.c, tables.presentations.c
_l, _a, _o = tables.data_access_logs.c, tables.audit_logs.c, tables.consents.c

_LIVING = Statement(
    select(_k.id, _k.user_id, _k.wrapped_key).where(
        _k.tenant_id == _TENANT, _k.id == func.any(_KEYS), _k.destroyed_at.is_(None)
    )
)
_ACCOUNT = Statement(
    select(
        _u.id,
        _u.status,
        _u.created_at,
        _u.last_login,
        _u.external_id_sealed,
        _u.email_sealed,
        _u.phone_sealed,
        _u.profile_sealed,
    ).where(_u.tenant_id == _TENANT, _u.id == bindparam("user"))
)
_RECORDS = Statement(
    select(_r.source, _r.subject_index, _r.subject_key_id, _r.claims_sealed, _r.loaded_at)
    .where(_r.tenant_id == _TENANT, _r.subject_key_id == func.any(_KEYS))
    .order_by(_r.source)
)
_ISSUANCES = Statement(
    select(
        _i.id,
        _i.subject_key_id,
        _i.state,
        _i.grant_type,
        _i.credential_configuration_ids,
        _i.claims_sealed,
        _i.created_at,
        _i.settled_at,
    )
    .where(_i.tenant_id == _TENANT, _i.subject_key_id == func.any(_KEYS))
    .order_by(_i.created_at, _i.id)
)
_DEFERRED = Statement(
    select(_d.id, _d.issuance_id, _d.state, _d.waiting_for, _d.request_sealed, _d.created_at, _i.subject_key_id)
    .join_from(
        tables.deferred_issuances,
        tables.issuances,
        and_(_i.tenant_id == _d.tenant_id, _i.id == _d.issuance_id),
    )
    .where(
        _i.tenant_id == _TENANT, _i.subject_key_id == func.any(_KEYS), or_(_d.state == "pending", _d.state == "ready")
    )
    .order_by(_d.created_at, _d.id)
)
_CREDENTIALS = Statement(
    select(_c.id, _c.issuance_id, _c.type, _c.format, _c.issued_at, _c.expires_at, _c.status)
    .where(_c.tenant_id == _TENANT, _c.subject_key_id == func.any(_KEYS), _c.role == "issued")
    .order_by(_c.issued_at, _c.id)
)
_PRESENTATIONS = Statement(
    select(_p.id, _p.request_id, _p.presented_at, _p.presentation_sealed)
    .where(_p.tenant_id == _TENANT, _p.subject_key_id == func.any(_KEYS))
    .order_by(_p.presented_at, _p.id)
)
_CONSENTS = Statement(
    select(_o.id, _o.kind, _o.purpose, _o.legal_basis, _o.granted_at, _o.expires_at, _o.withdrawn_at)
    .where(_o.tenant_id == _TENANT, _o.user_id == bindparam("user"))
    .order_by(_o.granted_at, _o.id)
)
_ACCESSES = Statement(
    select(
        _l.accessed_at,
        _a.event_type,
        _a.actor_kind,
        _a.user_id.label("actor"),
        _l.purpose,
        _l.legal_basis,
        _l.user_consent,
        _l.fields_accessed,
    )
    .join_from(
        tables.data_access_logs,
        tables.audit_logs,
        and_(_a.tenant_id == _l.tenant_id, _a.occurred_at == _l.audit_occurred_at, _a.id == _l.audit_log_id),
    )
    .where(_l.tenant_id == _TENANT, _l.subject_index == func.any(bindparam("indexes", type_=ARRAY(BYTEA()))))
    .order_by(_l.accessed_at, _l.id)
)


class PersonFileRepository:
    """`scope.keeping.PersonFiles`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def _rows(self, statement: Statement, **values: Any) -> list[Row]:
        return await statement.rows(self._unit.connection, tenant=self._unit.tenant_id, **values)

    async def read(self, keys: tuple[UUID, ...]) -> Mapping[str, Any]:
        """In one transaction, so that it fits together."""
        vault, named = self._unit.vault, {"keys": list(keys)}
        living = await self._rows(_LIVING, **named)
        opened = {row["id"]: vault.subject_key(row["id"], row["wrapped_key"]) for row in living}
        accounts = [(row["user_id"], opened[row["id"]]) for row in living if row["user_id"] is not None]
        return {
            "accounts": [await self._account(user, key) for user, key in accounts],
            "consents": [_shown(row) for user, _ in accounts for row in await self._rows(_CONSENTS, user=user)],
            "claim_records": [self._record(row, opened) for row in await self._rows(_RECORDS, **named)],
            "issuances": [self._issuance(row, opened) for row in await self._rows(_ISSUANCES, **named)],
            "deferred_issuances": [self._deferred(row, opened) for row in await self._rows(_DEFERRED, **named)],
            "credentials": [_shown(row) for row in await self._rows(_CREDENTIALS, **named)],
            "presentations": [
                self._presentation(row, opened[row["id"]]) for row in await self._rows(_PRESENTATIONS, **named)
            ],
            "accesses": [
                _shown(row) for row in await self._rows(_ACCESSES, indexes=[subject_index(vault, key) for key in keys])
            ],
        }

    def _opener(self, table: str, row_id: UUID, key: DataKey | None) -> Callable[[str, bytes | None], bytes | None]:
        def opened(column: str, sealed: bytes | None) -> bytes | None:
            return None if sealed is None else self._unit.vault.open(table, column, row_id, sealed, key)

        return opened

    async def _account(self, user: UUID, key: DataKey) -> dict[str, Any]:
        (row,) = await self._rows(_ACCOUNT, user=user)
        opened = self._opener("users", user, key)
        found = _shown(row, hidden=("external_id_sealed", "email_sealed", "phone_sealed", "profile_sealed"))
        for name in ("external_id", "email", "phone"):
            text = opened(f"{name}_sealed", row[f"{name}_sealed"])
            found[name] = text.decode() if text is not None else None
        profile = opened("profile_sealed", row["profile_sealed"])
        return {**found, "claims": parse_json_object(profile) if profile else {}}

    def _record(self, row: Row, keys: Mapping[UUID, DataKey]) -> dict[str, Any]:
        claims = self._opener(
            "claim_records", place_of(row["source"], row["subject_index"]), keys.get(row["subject_key_id"])
        )("claims_sealed", row["claims_sealed"])
        return {
            **_shown(row, hidden=("subject_index", "subject_key_id", "claims_sealed")),
            "claims": parse_json_object(claims or b"{}"),
        }

    def _issuance(self, row: Row, keys: Mapping[UUID, DataKey]) -> dict[str, Any]:
        opened = self._opener("issuances", row["id"], keys.get(row["subject_key_id"]))
        claims = opened("claims_sealed", row["claims_sealed"])
        return {
            **_shown(row, hidden=("subject_key_id", "claims_sealed")),
            "claims": parse_json_object(claims) if claims else None,
        }

    def _presentation(self, row: Row, key: DataKey) -> dict[str, Any]:
        disclosed = self._opener("presentations", row["id"], key)("presentation_sealed", row["presentation_sealed"])
        kept = parse_json(disclosed) if disclosed else []
        names = ("id", "format", "type", "issuer", "claims")
        credentials = [{name: one[name] for name in names} for one in kept]
        return {**_shown(row, hidden=("presentation_sealed",)), "credentials": credentials}

    def _deferred(self, row: Row, keys: Mapping[UUID, DataKey]) -> dict[str, Any]:
        opened = self._opener("deferred_issuances", row["id"], keys.get(row["subject_key_id"]))
        request = opened("request_sealed", row["request_sealed"])
        return {
            **_shown(row, hidden=("subject_key_id", "request_sealed")),
            "claims": parse_json_object(request)["claims"] if request else None,
        }


def _shown(row: Row, hidden: tuple[str, ...] = ()) -> dict[str, Any]:
    return {name: _plain(value) for name, value in row.items() if name not in hidden}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return str(value) if isinstance(value, UUID) else value
