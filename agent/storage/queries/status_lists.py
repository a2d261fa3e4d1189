"""Statements of status lists: a change is one UPDATE by primary key of one short row."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Integer,
    LargeBinary,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as upsert

from agent.storage import tables
from agent.storage.statements import Statement

_r, _s, _e, _c, _b, _t = (
    tables.revocation_registries.c,
    tables.status_list_shards.c,
    tables.status_list_entries.c,
    tables.credentials.c,
    tables.status_list_blocks.c,
    tables.status_list_tokens.c,
)
_TENANT: Any = bindparam("tenant")
_REGISTRY: Any = bindparam("registry")
_NAMED: Any = bindparam("named", type_=ARRAY(Uuid()))

TAKE = Statement(
    update(tables.revocation_registries)
    .where(
        _r.tenant_id == _TENANT,
        _r.id == _REGISTRY,
        _r.state == "open",
        _r.current_index + _r.block_size <= _r.max_entries,
    )
    .values(current_index=_r.current_index + _r.block_size)
    .returning(_r.current_index - _r.block_size, _r.block_size)
)
BLOCK = Statement(
    insert(tables.status_list_blocks).values(
        {
            name: bindparam(name)
            for name in ("tenant_id", "registry_id", "block_no", "first_place", "size", "kind", "taken_by")
        }
    )
)
DECOYS = Statement(
    select(_b.first_place, _b.size).where(_b.tenant_id == _TENANT, _b.registry_id == _REGISTRY, _b.kind == "decoy")
)

_ordered = (
    select(_c.id)
    .where(
        _c.tenant_id == _TENANT,
        _c.role == "issued",
        _c.status == func.any(bindparam("before", type_=ARRAY(Text()))),
        or_(_c.id == func.any(_NAMED), _c.issuance_id == func.any(_NAMED)),
    )
    .order_by(_c.id)
    .with_for_update()
    .cte("ordered")
)
CHANGE = Statement(
    update(tables.credentials)
    .where(_c.tenant_id == _TENANT, _c.id.in_(select(_ordered.c.id)))
    .values(status=bindparam("after"))
    .returning(_c.id, _c.type)
)
EXISTS = Statement(
    select(_c.id)
    .where(
        _c.tenant_id == _TENANT, _c.role == "issued", or_(_c.id == func.any(_NAMED), _c.issuance_id == func.any(_NAMED))
    )
    .limit(1)
)
ENTRIES = Statement(
    select(
        *(_e.registry_id, _e.idx, _e.credential_id, _e.purpose),
        *(_r.type, _r.bits, _r.shard_bytes, _r.registry_url),
    )
    .join_from(
        tables.status_list_entries,
        tables.revocation_registries,
        and_(_r.tenant_id == _e.tenant_id, _r.id == _e.registry_id),
    )
    .where(_e.tenant_id == _TENANT, _e.credential_id == func.any(bindparam("credentials", type_=ARRAY(Uuid()))))
    .order_by(_e.registry_id, _e.idx)
)
_byte: Any = bindparam("byte", type_=Integer())
SET = Statement(
    update(tables.status_list_shards)
    .where(_s.tenant_id == _TENANT, _s.registry_id == _REGISTRY, _s.shard_no == bindparam("shard"))
    .values(
        bits=func.set_byte(
            _s.bits,
            _byte,
            func.get_byte(_s.bits, _byte)
            .op("&")(bindparam("keep", type_=Integer()))
            .op("|")(bindparam("value", type_=Integer())),
        ),
        version=_s.version + 1,
        changed_at=bindparam("now"),
    )
)
HISTORY = Statement(
    insert(tables.credential_statuses).values(
        {
            name: bindparam(name)
            for name in (
                "tenant_id",
                "credential_id",
                "status",
                "status_value",
                "revocation_registry_id",
                "status_list_url",
                "status_list_index",
                "changed_by",
                "reason",
            )
        }
    )
)
_index: Any = bindparam("index", type_=BigInteger())
_at = _index * _r.bits // 8
BYTE = Statement(
    select(_r.type, _r.purpose, _r.bits, func.substring(_s.bits, func.mod(_at, _r.shard_bytes).cast(Integer()) + 1, 1))
    .join_from(
        tables.revocation_registries,
        tables.status_list_shards,
        and_(
            _s.tenant_id == _r.tenant_id,
            _s.registry_id == _r.id,
            _s.shard_no == (_at // _r.shard_bytes).cast(Integer()),
        ),
        isouter=True,
    )
    .where(_r.tenant_id == _TENANT, _r.registry_url == bindparam("uri"))
)
BITS = Statement(
    select(
        func.string_agg(_s.bits, aggregate_order_by(literal_column("''::bytea", LargeBinary()), _s.shard_no)),
        func.sum(_s.version).cast(BigInteger()),
    ).where(_s.tenant_id == _TENANT, _s.registry_id == _REGISTRY)
)
VERSION = Statement(
    select(func.sum(_s.version).cast(BigInteger())).where(_s.tenant_id == _TENANT, _s.registry_id == _REGISTRY)
)
_credential = (
    *("tenant_id", "id", "role", "credential_id", "type", "format", "issuer_identifier_kind", "issuer_identifier"),
    *("issuer_id", "issued_at", "expires_at", "status"),
)
REGISTER = Statement(insert(tables.credentials).values({name: bindparam(name) for name in _credential}))
ENTER = Statement(
    insert(tables.status_list_entries).values(
        {name: bindparam(name) for name in ("tenant_id", "registry_id", "idx", "block_no", "purpose", "credential_id")}
    )
)
NAMED = Statement(
    select(_c.id).where(_c.tenant_id == _TENANT, _c.role == "issued", _c.credential_id_hash == bindparam("hashed"))
)
LIST = Statement(
    select(_c.id, _c.type, _c.format, _c.status, _c.issued_at, _c.expires_at)
    .where(_c.tenant_id == _TENANT, _c.role == "issued", _c.id > bindparam("after"))
    .order_by(_c.id)
    .limit(bindparam("limit_"))
)

REGISTRY = Statement(
    select(tables.revocation_registries).where(_r.tenant_id == _TENANT, _r.registry_url == bindparam("uri"))
)
OPEN = Statement(
    select(tables.revocation_registries)
    .where(
        _r.tenant_id == _TENANT,
        _r.type == bindparam("mechanism"),
        _r.purpose == bindparam("purpose"),
        _r.state == "open",
    )
    .order_by(_r.created_at.desc(), _r.id.desc())
    .limit(1)
)
URIS = Statement(
    select(_r.registry_url).where(_r.tenant_id == _TENANT, _r.state != "retired").order_by(_r.created_at, _r.id)
)
_number = cast(func.substring(_r.registry_url, "[0-9]+$"), BigInteger())
LAST_NUMBER = Statement(select(func.coalesce(func.max(_number), 0)).where(_r.tenant_id == _TENANT))
CLOSE = Statement(
    update(tables.revocation_registries)
    .where(_r.tenant_id == _TENANT, _r.id == bindparam("full"), _r.state == "open")
    .values(state="full")
)
_copied = (
    "tenant_id",
    "issuer_id",
    "type",
    "purpose",
    "bits",
    "messages",
    "max_entries",
    "block_size",
    "shard_bytes",
    "ttl",
)
BEGIN = Statement(
    insert(tables.revocation_registries).values(
        {name: bindparam(name) for name in (*_copied, "id", "registry_url", "permutation_sealed")}
    )
)
SHARD = Statement(
    insert(tables.status_list_shards).values(
        {name: bindparam(name) for name in ("tenant_id", "registry_id", "shard_no", "bits")}
    )
)
FOLLOW = Statement(
    insert(tables.revocation_registries).from_select(
        [*_copied, "id", "registry_url", "permutation_sealed"],
        select(
            *(_r[name] for name in _copied),
            bindparam("following", type_=Uuid()),
            bindparam("uri", type_=Text()),
            bindparam("permutation", type_=LargeBinary()),
        ).where(_r.tenant_id == _TENANT, _r.id == bindparam("full")),
    )
)
SHARDS = Statement(
    insert(tables.status_list_shards).from_select(
        ["tenant_id", "registry_id", "shard_no", "bits"],
        select(
            _s.tenant_id,
            bindparam("following", type_=Uuid()),
            _s.shard_no,
            func.decode(func.repeat("00", func.octet_length(_s.bits)), "hex"),
        ).where(_s.tenant_id == _TENANT, _s.registry_id == bindparam("full")),
    )
)

PUBLISH = Statement(
    upsert(tables.status_list_tokens)
    .values(
        {
            name: bindparam(name)
            for name in ("tenant_id", "registry_id", "media_type", "issued_at", "expires_at", "version", "token")
        }
    )
    .on_conflict_do_nothing()
)
PUBLISHED_VERSION = Statement(
    update(tables.revocation_registries)
    .where(_r.tenant_id == _TENANT, _r.id == _REGISTRY, _r.published_version <= bindparam("version"))
    .values(published_version=bindparam("version"), published_at=bindparam("now"))
)
OVER = Statement(
    delete(tables.status_list_tokens).where(
        _t.tenant_id == _TENANT, _t.registry_id == _REGISTRY, _t.expires_at < bindparam("now")
    )
)
_time: Any = bindparam("at", type_=DateTime(timezone=True))
_token = select(_t.token, _t.media_type, _t.version, _t.issued_at, _t.expires_at).where(
    _t.tenant_id == _TENANT, _t.registry_id == _REGISTRY, _t.media_type == bindparam("media_type")
)
NEWEST = Statement(_token.order_by(_t.version.desc(), _t.issued_at.desc()).limit(1))
IN_FORCE = Statement(
    _token.where(_t.issued_at <= _time, _t.expires_at > _time).order_by(_t.issued_at.desc(), _t.version.desc()).limit(1)
)
