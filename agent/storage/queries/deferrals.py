"""Statements of deferred issuance: each step is one guarded statement."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Float,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    func,
    insert,
    or_,
    select,
    update,
)

from agent.storage import tables
from agent.storage.statements import Statement

_d, _a, _i = tables.deferred_issuances.c, tables.approvals.c, tables.issuances.c
_k, _c, _f = tables.subject_keys.c, tables.credentials.c, tables.credential_configurations.c
_TENANT: Any = bindparam("tenant", type_=Uuid())
_NOW: Any = bindparam("now", type_=DateTime(timezone=True))
_open = or_(_d.state == "pending", _d.state == "ready")
_EARLY = 0.9
"""The part of the interval that has to have passed: clocks of two machines do not agree to the second."""


def _values(names: str) -> dict[str, Any]:
    return {name: bindparam(name) for name in names.split()}


KEY = Statement(select(_k.wrapped_key).where(_k.tenant_id == _TENANT, _k.id == bindparam("key")))
MOVE = Statement(
    update(tables.issuances)
    .where(_i.tenant_id == _TENANT, _i.id == bindparam("id_"), _i.row_version == bindparam("version"))
    .values(
        state="deferred",
        deferred=True,
        policy_id=bindparam("policy", type_=Uuid()),
        expires_at=func.greatest(_i.expires_at, bindparam("end", type_=DateTime(timezone=True))),
        settled_at=None,
    )
)
ADD = Statement(
    insert(tables.deferred_issuances).values(
        tenant_id=_TENANT,
        state="pending",
        **_values(
            "id issuance_id configuration_id transaction_hash request_sealed waiting_for interval_seconds polled_at "
            "expires_at"
        ),
    )
)
ASK = Statement(insert(tables.approvals).values(tenant_id=_TENANT, **_values("id issuance_id deferred_id policy_id")))
OF = Statement(
    select(_d.id, _d.configuration_id, _d.state, _d.request_sealed, _d.interval_seconds)
    .where(
        _d.tenant_id == _TENANT,
        _d.issuance_id == bindparam("issuance"),
        _d.configuration_id == bindparam("configuration"),
        or_(_open, _d.state == "refused"),
        _d.expires_at > _NOW,
    )
    .with_for_update()
)
_transaction = (
    _d.tenant_id == _TENANT,
    _d.issuance_id == bindparam("issuance"),
    _d.transaction_hash == bindparam("transaction_hash_"),
    _d.expires_at > _NOW,
)
_wait: ColumnElement[Any] = func.make_interval(0, 0, 0, 0, 0, 0, cast(_d.interval_seconds, Float) * _EARLY)
POLL = Statement(
    update(tables.deferred_issuances)
    .where(*_transaction, _open, _d.polled_at <= _NOW - _wait)
    .values(polled_at=_NOW)
    .returning(_d.id, _d.configuration_id, _d.state, _d.request_sealed, _d.interval_seconds)
)
STATE = Statement(select(_d.state, _d.interval_seconds).where(*_transaction))
_one = (_d.tenant_id == _TENANT, _d.id == bindparam("id_"))
KEEP = Statement(
    update(tables.deferred_issuances)
    .where(*_one, _d.state == bindparam("state_"))
    .values(request_sealed=bindparam("sealed"), waiting_for=bindparam("waiting"))
)
CLOSE = Statement(
    update(tables.deferred_issuances)
    .where(*_one, _open)
    .values(state="collected", request_sealed=bindparam("sealed"), waiting_for=bindparam("waiting"))
)
DECIDED_BY = Statement(
    update(tables.issuances)
    .where(_i.tenant_id == _TENANT, _i.id == bindparam("id_"))
    .values(policy_id=bindparam("policy"))
)
LOCK = Statement(
    select(_k.id).where(_k.tenant_id == _TENANT, _k.id == bindparam("key"), _k.destroyed_at.is_(None)).with_for_update()
)
_had = and_(_c.status == "active", or_(_c.expires_at.is_(None), _c.expires_at > _NOW))
HAS = Statement(
    select(
        func.count(_c.issuance_id.distinct()).filter(_had, _c.issuance_id != bindparam("issuance", type_=Uuid())),
        func.max(_c.issued_at),
    ).where(
        _c.tenant_id == _TENANT,
        _c.subject_key_id == bindparam("key"),
        _c.configuration_id == bindparam("configuration"),
        _c.role == "issued",
    )
)
_shown = (
    select(
        _d.id,
        _d.issuance_id,
        _f.credential_configuration_id,
        _d.state,
        _d.waiting_for,
        select(_a.reason)
        .where(_a.tenant_id == _d.tenant_id, _a.deferred_id == _d.id)
        .limit(1)
        .scalar_subquery()
        .label("reason"),
        _d.created_at,
        _d.expires_at,
        _d.request_sealed,
        _i.subject_key_id,
    )
    .join_from(
        tables.deferred_issuances,
        tables.issuances,
        and_(_i.tenant_id == _d.tenant_id, _i.id == _d.issuance_id),
    )
    .join(
        tables.credential_configurations,
        and_(_f.tenant_id == _d.tenant_id, _f.id == _d.configuration_id),
    )
)
LISTED = Statement(
    _shown.where(_d.tenant_id == _TENANT, _open, _d.id > bindparam("after"), _d.expires_at > _NOW)
    .order_by(_d.id)
    .limit(bindparam("limit"))
)
GET = Statement(_shown.where(*_one).with_for_update(of=tables.deferred_issuances))
APPROVE = Statement(
    update(tables.deferred_issuances)
    .where(*_one, _d.state == "pending", _d.expires_at > _NOW)
    .values(state="ready", request_sealed=bindparam("sealed"), waiting_for=bindparam("waiting"))
)
DENY = Statement(
    update(tables.deferred_issuances)
    .where(*_one, _open, _d.expires_at > _NOW)
    .values(state="refused", request_sealed=bindparam("sealed"), waiting_for=bindparam("waiting"))
    .returning(_d.issuance_id)
)
DECIDE = Statement(
    update(tables.approvals)
    .where(_a.tenant_id == _TENANT, _a.deferred_id == bindparam("deferral"), _a.state == "waiting")
    .values(state=bindparam("state_", type_=Text()), decided_at=_NOW, reason=bindparam("reason_", type_=Text()))
)
END = Statement(
    update(tables.issuances)
    .where(
        _i.tenant_id == _TENANT,
        _i.id == bindparam("id_"),
        _i.credentials_issued == 0,
        func.cardinality(_i.credential_configuration_ids) == 1,
    )
    .values(state="failed", failure=bindparam("reason"), claims_sealed=None, settled_at=_NOW)
)
PAY = Statement(
    update(tables.issuances)
    .where(_i.tenant_id == _TENANT, _i.id == bindparam("id_"))
    .values(paid_at=func.coalesce(_i.paid_at, _NOW))
)
