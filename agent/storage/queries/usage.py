"""Statements of limits and their counters."""

from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Date,
    Interval,
    Text,
    Uuid,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from agent.scope.limits import ALWAYS, CREDENTIALS, METRICS, STORAGE, USERS
from agent.storage import tables
from agent.storage.statements import Statement

_c, _l = tables.usage_counters.c, tables.usage_leases.c
_t, _own, _tier = tables.tenants.c, tables.tenant_limits.c, tables.subscription_tiers.c
_TENANT: Any = bindparam("tenant", type_=Uuid())
_METRIC: Any = bindparam("metric", type_=Text())
_PERIOD: Any = bindparam("period", type_=Date())
_COUNTER = (_c.tenant_id == _TENANT, _c.metric == _METRIC, _c.period == _PERIOD)
_UNITS: Any = bindparam("units", type_=BigInteger())
_ENDS = func.now() + bindparam("life", type_=Interval())

# An upsert that changes nothing makes the row where it is missing, locks it, and answers with its newest version.
LOCK = Statement(
    upsert(tables.usage_counters)
    .values(tenant_id=_TENANT, metric=_METRIC, period=_PERIOD)
    .on_conflict_do_update(index_elements=["tenant_id", "metric", "period"], set_={"leased": _c.leased})
    .returning(_c.leased)
)
_stored = tables.usage_counters.alias("stored")
_OWN = {metric: _own[f"max_{metric}"] for metric in METRICS}
EFFECTIVE = Statement(
    select(
        _t.tier,
        *(func.coalesce(_OWN[metric], _tier[f"max_{metric}"]).label(f"max_{metric}") for metric in METRICS),
        *(_OWN[metric].is_not(None).label(f"own_{metric}") for metric in METRICS),
        func.coalesce(_stored.c.used, 0).label("stored"),
    )
    .select_from(
        tables.tenants.outerjoin(tables.tenant_limits, _own.tenant_id == _t.id)
        .outerjoin(
            tables.subscription_tiers,
            and_(_tier.tenant_id == literal_column("agent.system_tenant()", Uuid()), _tier.name == _t.tier),
        )
        .outerjoin(_stored, and_(_stored.c.tenant_id == _t.id, _stored.c.metric == STORAGE, _stored.c.period == ALWAYS))
    )
    .where(_t.id == _TENANT)
)
_counted = update(tables.usage_counters).where(*_COUNTER).values(leased=_c.leased + _UNITS).returning(_c.metric).cte()
LEASE = Statement(
    insert(tables.usage_leases)
    .from_select(
        ["tenant_id", "id", "metric", "period", "units", "holder", "expires_at"],
        select(
            _TENANT, bindparam("id", type_=Uuid()), _METRIC, _PERIOD, _UNITS, bindparam("holder", type_=Text()), _ENDS
        ).select_from(_counted),
    )
    .returning(_l.id)
)
_LEASE = (_l.tenant_id == _TENANT, _l.id == bindparam("id_"))
SETTLE = Statement(
    update(tables.usage_leases)
    .where(*_LEASE)
    .values(units=bindparam("units_"), holder=bindparam("holder_"), expires_at=_ENDS)
    .returning(_l.metric, _l.period)
)
RETURN = Statement(delete(tables.usage_leases).where(*_LEASE).returning(_l.metric, _l.period))
GIVE_BACK = Statement(
    update(tables.usage_counters)
    .where(*_COUNTER)
    .values(
        leased=_c.leased - bindparam("unspent", type_=BigInteger()),
        used=_c.used + bindparam("spent", type_=BigInteger()),
    )
)
PERIODS = Statement(select(_c.period, _c.counted_at).where(_c.tenant_id == _TENANT, _c.metric == _METRIC))
OVER = Statement(
    delete(tables.usage_leases)
    .where(_l.tenant_id == _TENANT, _l.metric == _METRIC, _l.period == _PERIOD, _l.expires_at < func.now())
    .returning(_l.holder, _l.units)
)
_living = (
    select(func.coalesce(func.sum(_l.units), 0))
    .where(_l.tenant_id == _TENANT, _l.metric == _METRIC, _l.period == _PERIOD)
    .scalar_subquery()
)
_COUNTED: Any = bindparam("counted", type_=BigInteger())
RECOUNT = Statement(
    update(tables.usage_counters)
    .where(*_COUNTER)
    .values(leased=_COUNTED + _living, used=_COUNTED, hard_count=_COUNTED, counted_at=func.now())
)
_u, _k = tables.users.c, tables.credentials.c
COUNTS = {
    USERS: Statement(select(func.count()).where(_u.tenant_id == _TENANT, _u.status != "erased")),
    CREDENTIALS: Statement(select(func.count()).where(_k.tenant_id == _TENANT, _k.role == "issued")),
}
COUNTERS = Statement(
    select(_c.metric, _c.used).where(
        _c.tenant_id == _TENANT, or_(_c.period == bindparam("month", type_=Date()), _c.period == ALWAYS)
    )
)


def _size(name: str) -> Statement:
    rows = getattr(tables, name)
    column = rows.c.id if name == "tenants" else rows.c.tenant_id
    size = func.sum(func.pg_column_size(literal_column(f"{name}.*")))
    return Statement(select(size).select_from(rows).where(column == _TENANT))


_OTHERS = frozenset({"column_classifications", "erasure_acts", "audit_seals", "audit_heads"})
SIZES = [_size(name) for name in tables.__all__ if name not in _OTHERS]
"""What each table holds of the tenant."""
CHOOSE_TIER = Statement(
    update(tables.tenants)
    .where(
        _t.id == _TENANT,
        or_(
            bindparam("tier_", type_=Text()) == "standard",
            select(_tier.name)
            .where(
                _tier.tenant_id == literal_column("agent.system_tenant()", Uuid()),
                _tier.name == bindparam("tier_", type_=Text()),
            )
            .exists(),
        ),
    )
    .values(tier=bindparam("tier_", type_=Text()))
)


@cache
def set_limits(names: tuple[str, ...]) -> Statement:
    """An upsert of these columns."""
    values = {name: bindparam(name, type_=BigInteger()) for name in names}
    return Statement(
        upsert(tables.tenant_limits)
        .values(tenant_id=bindparam("tenant_id"), **values)
        .on_conflict_do_update(index_elements=["tenant_id"], set_=values)
    )


_limits = {f"max_{metric}": bindparam(f"max_{metric}", type_=BigInteger()) for metric in METRICS}
SET_TIER = Statement(
    upsert(tables.subscription_tiers)
    .values(tenant_id=bindparam("tenant_id"), name=bindparam("name"), **_limits)
    .on_conflict_do_update(index_elements=["tenant_id", "name"], set_=_limits)
)
TIERS = Statement(
    select(tables.subscription_tiers)
    .where(_tier.tenant_id == literal_column("agent.system_tenant()", Uuid()))
    .order_by(_tier.name)
)
