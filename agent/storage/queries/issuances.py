"""Statements of issuances: each step is one guarded statement, with its audit rows where the path is hot."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    Integer,
    LargeBinary,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    column,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert

from agent.scope.issuing import TX_CODE_ATTEMPTS
from agent.storage import tables
from agent.storage.recording import recorded
from agent.storage.statements import Statement

_i, _k, _c, _m = tables.issuances.c, tables.subject_keys.c, tables.credentials.c, tables.replay_marks.c
_u, _d = tables.users.c, tables.deferred_issuances.c
_TENANT: Any = bindparam("tenant", type_=Uuid())


def _values(names: str) -> dict[str, Any]:
    return {name: bindparam(name) for name in names.split()}


SUBJECT = Statement(
    select(_k.id, _k.wrapped_key).where(
        _k.tenant_id == _TENANT, _k.subject_index == bindparam("index"), _k.destroyed_at.is_(None)
    )
)
_new_subject = (
    insert(tables.subject_keys)
    .values(
        tenant_id=_TENANT,
        id=bindparam("subject_key_id"),
        subject_index=bindparam("subject_index"),
        wrapping_key_id=bindparam("wrapping_key_id"),
        kek_epoch=1,
        wrapped_key=bindparam("wrapped_key"),
    )
    .returning(_k.id)
    .cte("subject")
)
_offer = (
    insert(tables.issuances)
    .values(
        tenant_id=_TENANT,
        code_expires_at=bindparam("expires_at"),
        **_values(
            "id issuer_id credential_configuration_ids grant_type subject_key_id claims_sealed offer_hash code_hash "
            "issuer_state_hash tx_code_mac expires_at"
        ),
    )
    .returning(_i.id)
    .cte("act")
)
ADD = Statement(select(_offer.c.id).add_cte(*recorded(_offer)))
ADD_WITH_SUBJECT = Statement(select(_offer.c.id).add_cte(_new_subject, *recorded(_offer)))
OFFERED = Statement(
    select(
        _i.id,
        _i.credential_configuration_ids,
        _i.grant_type,
        _i.tx_code_mac.is_not(None),
        and_(_i.state == "offered", _i.expires_at > bindparam("now")),
    ).where(_i.tenant_id == _TENANT, _i.offer_hash == bindparam("offer_hash"))
)
# The hashes of offer and code outlive their use: what is seen again is told from what was never there.
BY_CODE = Statement(select(_i.id, _i.state).where(_i.tenant_id == _TENANT, _i.code_hash == bindparam("code_hash")))
CANCEL = Statement(
    update(tables.issuances)
    .where(
        _i.tenant_id == _TENANT,
        _i.id == bindparam("id_"),
        _i.credentials_issued == 0,
        or_(_i.state == "offered", _i.state == "authorizing", _i.state == "authorized"),
    )
    .values(
        state="cancelled",
        claims_sealed=None,
        issuer_state_hash=None,
        token_hash=None,
        tx_code_mac=None,
        settled_at=func.now(),
    )
)
ATTEMPT = Statement(
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
_token = _values("token_hash dpop_thumbprint certificate_thumbprint by_identifier")
_take = (
    update(tables.issuances)
    .where(
        _i.tenant_id == _TENANT,
        _i.code_hash == bindparam("code_hash"),
        _i.state == "offered",
        _i.code_expires_at > bindparam("now"),
        _i.tx_code_mac.is_(None),
    )
    .values(
        state="authorized",
        token_expires_at=bindparam("expires"),
        **_token,
    )
    .returning(_i.id)
    .cte("act")
)
TAKE = Statement(select(_take.c.id).add_cte(*recorded(_take, _take.c.id)))
FAIL = Statement(
    update(tables.issuances)
    .where(_i.tenant_id == _TENANT, _i.id == bindparam("id_"), _i.row_version == bindparam("version"))
    .values(state="failed", failure="tx_code_attempts", claims_sealed=None)
)
AUTHORIZE = Statement(
    update(tables.issuances)
    .where(_i.tenant_id == _TENANT, _i.id == bindparam("id_"), _i.row_version == bindparam("version"))
    .values(
        state="authorized",
        tx_code_mac=None,
        token_expires_at=bindparam("expires"),
        **_token,
    )
)
_issuance = (
    select(
        _i.id,
        _i.credential_configuration_ids,
        _i.claims_sealed,
        _i.subject_key_id,
        _i.credentials_issued,
        _i.row_version,
        _i.grant_type,
        _i.user_id,
        _i.dpop_thumbprint,
        _i.certificate_thumbprint,
        _i.by_identifier,
        _i.paid_at.is_not(None).label("paid"),
        _i.deferred,
        _k.wrapped_key,
    )
    .join_from(
        tables.issuances,
        tables.subject_keys,
        and_(_k.tenant_id == _i.tenant_id, _k.id == _i.subject_key_id),
        isouter=True,
    )
    .where(_i.tenant_id == _TENANT)
)
_authorized = _issuance.where(_i.token_hash == bindparam("token_hash"))
BEGUN = Statement(
    _issuance.where(
        _i.id == bindparam("id_"),
        or_(
            and_(_i.state == "offered", _i.expires_at > bindparam("now")),
            *(_i.state == state for state in ("authorizing", "authorized", "deferred")),
        ),
    )
)
_living = _i.token_expires_at > bindparam("now")
AUTHORIZED = Statement(_authorized.where(_living))
# A bearer token ends when it says: OpenID4VCI 1.0, 13.10, wants those that live longer bound to a key.
_deferred = exists(
    select(_d.id).where(_d.tenant_id == _i.tenant_id, _d.issuance_id == _i.id, _d.expires_at > bindparam("now"))
)
WAITING = Statement(
    _authorized.where(
        or_(
            _living,
            and_(or_(_i.dpop_thumbprint.is_not(None), _i.certificate_thumbprint.is_not(None)), _deferred),
        )
    )
)
PROFILE = Statement(
    select(_u.profile_sealed).where(_u.tenant_id == _TENANT, _u.id == bindparam("user"), _u.status == "active")
)
ISSUED = Statement(select(_c.configuration_id).where(_c.tenant_id == _TENANT, _c.issuance_id == bindparam("issuance")))
_UUIDS, _BYTES, _NUMBERS = ARRAY(Uuid()), ARRAY(LargeBinary()), ARRAY(BigInteger())
_nonce = (
    func.unnest(bindparam("marks", type_=_BYTES), bindparam("days", type_=ARRAY(Integer())))
    .table_valued(column("mark", LargeBinary()), column("day", Integer()), name="nonce")
    .render_derived()
)
_new = (
    func.unnest(
        bindparam("ids", type_=_UUIDS),
        bindparam("holders", type_=_BYTES),
    )
    .table_valued(column("id", Uuid()), column("holder", LargeBinary()), name="new")
    .render_derived()
)
_entry = (
    func.unnest(
        bindparam("entered", type_=_UUIDS),
        bindparam("registries", type_=_UUIDS),
        bindparam("places", type_=_NUMBERS),
        bindparam("blocks", type_=_NUMBERS),
        bindparam("purposes", type_=ARRAY(Text())),
    )
    .table_valued(
        column("credential", Uuid()),
        column("registry", Uuid()),
        column("idx", BigInteger()),
        column("block", BigInteger()),
        column("purpose", Text()),
        name="entry",
    )
    .render_derived()
)
_spent = (
    upsert(tables.replay_marks)
    .from_select(
        ["tenant_id", "slot", "kind", "mark", "day"],
        select(_TENANT, _nonce.c.day % 8, literal("c_nonce"), _nonce.c.mark, _nonce.c.day),
    )
    .on_conflict_do_nothing()
    .returning(_m.mark)
    .cte("spent")
)
_moved = (
    update(tables.issuances)
    .where(
        _i.tenant_id == _TENANT,
        _i.id == bindparam("id_"),
        _i.row_version == bindparam("version"),
        select(func.count()).select_from(_spent).scalar_subquery()
        == func.cardinality(bindparam("marks", type_=_BYTES)),
    )
    .values(
        state="issued",
        credentials_issued=_i.credentials_issued + func.cardinality(bindparam("ids", type_=_UUIDS)),
        notification_hash=bindparam("notification_hash"),
        claims_sealed=case((bindparam("finished", type_=Boolean()), null()), else_=_i.claims_sealed),
        settled_at=case(
            (bindparam("finished", type_=Boolean()), bindparam("now", type_=DateTime(timezone=True))), else_=null()
        ),
    )
    .returning(_i.id, _i.subject_key_id)
    .cte("act")
)
_issued = (
    insert(tables.credentials)
    .from_select(
        [
            "tenant_id",
            "id",
            "role",
            "issuance_id",
            "credential_id",
            "type",
            "type_tenant_id",
            "type_id",
            "configuration_id",
            "format",
            "subject_key_id",
            "holder_key_index",
            "issuer_identifier_kind",
            "issuer_identifier",
            "issuer_id",
            "issued_at",
            "expires_at",
            "status",
        ],
        select(
            _TENANT,
            _new.c.id,
            literal("issued"),
            _moved.c.id,
            literal("urn:uuid:") + cast(_new.c.id, Text),
            bindparam("type", type_=Text()),
            _TENANT,
            bindparam("type_id", type_=Uuid()),
            bindparam("configuration_id", type_=Uuid()),
            bindparam("format", type_=Text()),
            _moved.c.subject_key_id,
            _new.c.holder,
            literal("x509"),
            bindparam("issuer_identifier", type_=Text()),
            bindparam("issuer_id", type_=Uuid()),
            bindparam("issued_at", type_=DateTime(timezone=True)),
            bindparam("expires_at", type_=DateTime(timezone=True)),
            literal("active"),
        ).select_from(_moved, _new),
    )
    .cte("issued")
)
_entered = (
    insert(tables.status_list_entries)
    .from_select(
        ["tenant_id", "registry_id", "idx", "block_no", "purpose", "credential_id"],
        select(
            _TENANT, _entry.c.registry, _entry.c.idx, _entry.c.block, _entry.c.purpose, _entry.c.credential
        ).select_from(_moved, _entry),
    )
    .cte("entered")
)
SETTLE = Statement(
    select(
        select(func.count()).select_from(_spent).scalar_subquery(),
        select(func.count()).select_from(_moved).scalar_subquery(),
    ).add_cte(_issued, _entered, *recorded(_moved))
)
TAG = Statement(insert(tables.credential_tags).values(_values("tenant_id tag credential_id")))
NOTIFIED = Statement(
    update(tables.issuances)
    .where(
        _i.tenant_id == _TENANT,
        _i.token_hash == bindparam("token_hash"),
        _i.notification_hash == bindparam("notification_hash"),
        _i.token_expires_at > bindparam("now"),
    )
    .values(
        state="notified",
        notified_event=case(
            (or_(_i.notified_event.is_(None), bindparam("final", type_=Boolean())), bindparam("event", type_=Text())),
            else_=_i.notified_event,
        ),
    )
    .returning(_i.id, _i.dpop_thumbprint, _i.certificate_thumbprint)
)
KNOWN_TOKEN = Statement(
    select(_i.id).where(
        _i.tenant_id == _TENANT, _i.token_hash == bindparam("token_hash"), _i.token_expires_at > bindparam("now")
    )
)
_state = case((and_(_i.state == "offered", _i.expires_at <= bindparam("now")), "expired"), else_=_i.state)
GET = Statement(
    select(_i.id, _state, _i.credential_configuration_ids, _i.created_at, _i.expires_at, _i.notified_event).where(
        _i.tenant_id == _TENANT, _i.id == bindparam("id_")
    )
)
CREDENTIALS = Statement(
    select(_c.id).where(_c.tenant_id == _TENANT, _c.issuance_id == bindparam("issuance")).order_by(_c.id)
)
