"""Presentation requests and what came of them: statements."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    LargeBinary,
    Text,
    Uuid,
    bindparam,
    case,
    func,
    insert,
    literal,
    null,
    or_,
    outerjoin,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from agent.storage import tables
from agent.storage.recording import recorded
from agent.storage.statements import Statement

_r, _p, _v = tables.presentation_requests.c, tables.presentations.c, tables.verification_results.c
_k = tables.subject_keys.c
_TENANT: Any = bindparam("tenant", type_=Uuid())
WAITING = ("created", "fetched")
_waits = or_(_r.state == "created", _r.state == "fetched")


def _values(names: str) -> dict[str, Any]:
    return {name: bindparam(name) for name in names.split()}


_asked = (
    insert(tables.presentation_requests)
    .values(
        tenant_id=_TENANT,
        **_values(
            "id verifier_id query_id policy_id request_id requested_credentials constraints client_id_prefix "
            "response_mode challenge_hash state_hash transaction_data_sealed encryption_key_ref domain "
            "created_at expires_at"
        ),
    )
    .returning(_r.id)
    .cte("act")
)
ADD = Statement(select(_asked.c.id).add_cte(*recorded(_asked)))
_open_columns = (
    _r.id,
    _r.requested_credentials,
    _r.constraints,
    _r.client_id_prefix,
    _r.response_mode,
    _r.domain,
    _r.encryption_key_ref,
    _r.transaction_data_sealed,
    _r.browser_hash,
    _r.policy_id,
    _r.created_at,
    _r.expires_at,
    _r.row_version,
)
_is_open = (_r.tenant_id == _TENANT, _r.id == bindparam("id_"), _waits, _r.expires_at > bindparam("now"))
OPEN = Statement(select(*_open_columns).where(*_is_open))
FETCH = Statement(
    update(tables.presentation_requests)
    .where(*_is_open)
    .values(state="fetched", fetched_at=func.coalesce(_r.fetched_at, bindparam("now")))
    .returning(*_open_columns)
)
BEGIN = Statement(
    update(tables.presentation_requests)
    .where(*_is_open, or_(_r.browser_hash.is_(None), _r.browser_hash == bindparam("browser", type_=LargeBinary())))
    .values(browser_hash=bindparam("browser", type_=LargeBinary()))
    .returning(*_open_columns)
)
_moved = (
    update(tables.presentation_requests)
    .where(*_is_open)
    .values(
        state=bindparam("new_state"),
        consumed_at=bindparam("now"),
        encryption_key_ref=None,
        response_code_hash=bindparam("response_code_hash"),
    )
    .returning(_r.id, _r.policy_id, _r.watched)
    .cte("act")
)
_valid = bindparam("valid", type_=Boolean())
_keyed = (
    insert(tables.subject_keys)
    .from_select(
        ["tenant_id", "id", "request_id", "wrapping_key_id", "kek_epoch", "wrapped_key"],
        select(
            _TENANT,
            bindparam("presentation", type_=Uuid()),
            _moved.c.id,
            bindparam("wrapping_key", type_=Uuid()),
            literal(1),
            bindparam("wrapped_key", type_=LargeBinary()),
        ).select_from(_moved),
    )
    .cte("keyed")
)
_presented = (
    insert(tables.presentations)
    .from_select(
        [
            "tenant_id",
            "id",
            "role",
            "request_id",
            "presentation_id",
            "presentation_sealed",
            "presentation_hash",
            "subject_key_id",
            "presented_at",
        ],
        select(
            _TENANT,
            bindparam("presentation", type_=Uuid()),
            literal("verifier"),
            _moved.c.id,
            bindparam("presentation_name", type_=Text()),
            bindparam("sealed", type_=LargeBinary()),
            bindparam("answer_hash", type_=LargeBinary()),
            bindparam("presentation", type_=Uuid()),
            bindparam("now", type_=DateTime(timezone=True)),
        )
        .select_from(_moved)
        .where(_valid),
    )
    .cte("presented")
)
_judged = (
    insert(tables.verification_results)
    .from_select(
        [
            "tenant_id",
            "verified_at",
            "id",
            "request_id",
            "presentation_id",
            "verifier_id",
            "policy_id",
            "is_valid",
            "errors",
            "answer_hash",
            "answer_size",
            "checks_sealed",
        ],
        select(
            _TENANT,
            bindparam("now", type_=DateTime(timezone=True)),
            bindparam("presentation", type_=Uuid()),
            _moved.c.id,
            case((_valid, bindparam("presentation", type_=Uuid())), else_=null()),
            bindparam("verifier", type_=Uuid()),
            _moved.c.policy_id,
            _valid,
            bindparam("errors", type_=ARRAY(Text())),
            bindparam("answer_hash", type_=LargeBinary()),
            bindparam("answer_size", type_=BigInteger()),
            bindparam("report", type_=LargeBinary()),
        ).select_from(_moved),
    )
    .cte("judged")
)
SETTLE = Statement(select(_moved.c.id, _moved.c.watched).add_cte(_keyed, _presented, _judged, *recorded(_moved)))
REDEEM = Statement(
    update(tables.presentation_requests)
    .where(
        _r.tenant_id == _TENANT,
        _r.id == bindparam("id_"),
        _r.state == "answered",
        _r.expires_at > bindparam("now"),
        _r.response_code_hash == bindparam("code", type_=LargeBinary()),
        _r.browser_hash.is_not_distinct_from(bindparam("browser", type_=LargeBinary())),
    )
    .values(state="verified", response_code_hash=None)
    .returning(_r.id, _r.watched)
)
_MOST_IGNORED = 20
_of_request = (_v.tenant_id == _TENANT, _v.request_id == bindparam("id_", type_=Uuid()))
_earlier = select(func.count()).where(*_of_request).scalar_subquery()
_ignored = (
    insert(tables.verification_results)
    .from_select(
        [
            "tenant_id",
            "verified_at",
            "id",
            "request_id",
            "verifier_id",
            "is_valid",
            "warnings",
            "answer_hash",
            "answer_size",
            "checks_sealed",
        ],
        select(
            _TENANT,
            bindparam("now", type_=DateTime(timezone=True)),
            bindparam("answer", type_=Uuid()),
            _r.id,
            bindparam("verifier", type_=Uuid()),
            literal(False, type_=Boolean()),
            bindparam("reasons", type_=ARRAY(Text())),
            bindparam("answer_hash", type_=LargeBinary()),
            bindparam("answer_size", type_=BigInteger()),
            bindparam("report", type_=LargeBinary()),
        ).where(_r.tenant_id == _TENANT, _r.id == bindparam("id_"), _earlier < _MOST_IGNORED),
    )
    .returning(_v.id)
    .cte("act")
)
IGNORE = Statement(select(_ignored.c.id).add_cte(*recorded(_ignored)))
STATE = Statement(
    select(_r.id, _r.state, _r.response_mode, _r.constraints, _r.browser_hash, _r.expires_at, _r.consumed_at).where(
        _r.tenant_id == _TENANT, _r.id == bindparam("id_")
    )
)
IGNORED = Statement(
    select(func.unnest(_v.warnings).label("reason"))
    .where(_v.tenant_id == _TENANT, _v.request_id == bindparam("id_"))
    .order_by(_v.verified_at)
)
ERRORS = Statement(
    select(_v.errors)
    .where(_v.tenant_id == _TENANT, _v.request_id == bindparam("id_"), func.cardinality(_v.errors) > 0)
    .order_by(_v.verified_at.desc())
    .limit(1)
)
WATCH = Statement(
    update(tables.presentation_requests)
    .where(_r.tenant_id == _TENANT, _r.id == bindparam("id_"), ~_r.watched)
    .values(watched=True)
)
# The key that an answer lies under has its report's id; answers of before there were such keys have none.
_key = (_k.tenant_id == _v.tenant_id) & (_k.id == _v.id)
_judged_under = outerjoin(tables.verification_results, tables.subject_keys, _key)
_key_columns = (_k.id.label("key"), _k.wrapped_key, _k.destroyed_at)
_report = select(_v.id, _v.checks_sealed, *_key_columns).select_from(_judged_under)
REPORT = Statement(
    _report.where(
        _v.tenant_id == _TENANT,
        # An id holds its time, and the month's partition is found by it.
        _v.verified_at >= bindparam("from_"),
        _v.verified_at <= bindparam("until"),
        _v.id == bindparam("id_", type_=Uuid()),
    )
)
REPORTS = Statement(
    _report.add_columns(func.cardinality(_v.warnings).label("ignored")).where(*_of_request).order_by(_v.verified_at)
)
ACCEPTED = Statement(
    _report.add_columns(_p.id.label("presentation"), _p.presentation_sealed)
    .join(tables.presentations, (_p.tenant_id == _v.tenant_id) & (_p.id == _v.presentation_id))
    .where(_v.tenant_id == _TENANT, _v.is_valid, _v.checks_sealed.is_not(None), _p.presentation_sealed.is_not(None))
    .where(_k.destroyed_at.is_(None))
    .order_by(_v.verified_at.desc())
    .limit(bindparam("limit_"))
)
_own_key = (_k.tenant_id == _p.tenant_id) & (_k.id == _p.subject_key_id)
_kept = select(_p.id, _p.presentation_sealed, *_key_columns).select_from(
    outerjoin(tables.presentations, tables.subject_keys, _own_key)
)
REMEMBERED = Statement(
    _kept.where(_p.tenant_id == _TENANT, _p.id == bindparam("id_"), _p.presentation_sealed.is_not(None))
)
DISCLOSED = Statement(_kept.where(_p.tenant_id == _TENANT, _p.request_id == bindparam("id_")))
_of_answers = (_k.tenant_id == _TENANT, _k.request_id == bindparam("id_"), _k.destroyed_at.is_(None))
KEYS = Statement(select(_k.id).where(*_of_answers))
LINK = Statement(
    update(tables.subject_keys)
    .where(*_of_answers, _k.person_key_id.is_distinct_from(bindparam("person", type_=Uuid())))
    .values(person_key_id=bindparam("person", type_=Uuid()))
)
