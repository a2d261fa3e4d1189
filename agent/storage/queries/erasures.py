"""Statements of a person's erasure: keys first, then what was sealed under them, then what points at the person."""

from typing import Any

from sqlalchemy import (
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    or_,
    select,
    union,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from agent.storage import tables
from agent.storage.statements import Statement

_e, _k, _u = tables.erasure_requests.c, tables.subject_keys.c, tables.users.c
_i, _d, _c = tables.issuances.c, tables.deferred_issuances.c, tables.credentials.c
_p, _r, _w = tables.presentations.c, tables.claim_records.c, tables.threads.c
_TENANT: Any = bindparam("tenant", type_=Uuid())
_KEYS: Any = bindparam("keys", type_=ARRAY(Uuid()))
_NOW: Any = bindparam("now")

_living = (_k.tenant_id == _TENANT, _k.destroyed_at.is_(None))
_named = select(_k.id).where(
    *_living,
    or_(_k.user_id == bindparam("user", type_=Uuid()), _k.subject_index == bindparam("index", type_=BYTEA())),
)
KEYS_OF_USER = Statement(union_all(_named, select(_k.id).where(*_living, _k.person_key_id.in_(_named))))
"""The person's own keys first, then those of presentations that are theirs."""
USER = Statement(
    select(_u.id, _u.external_id_sealed, _k.id.label("key"), _k.wrapped_key)
    .join_from(
        tables.users,
        tables.subject_keys,
        and_(_k.tenant_id == _u.tenant_id, _k.user_id == _u.id, _k.destroyed_at.is_(None)),
    )
    .where(
        _u.tenant_id == _TENANT,
        or_(_u.id == bindparam("user", type_=Uuid()), _u.external_id_index == bindparam("external", type_=BYTEA())),
    )
)
REQUEST = Statement(
    insert(tables.erasure_requests).values(
        tenant_id=_TENANT,
        scope="subject",
        soft_deleted_at=_NOW,
        **{
            name: bindparam(name)
            for name in ("id", "target_id", "key_ids", "subject_index", "external_index", "requested_by", "legal_basis")
        },
    )
)
_recalled = upsert(tables.erasure_requests).values(
    tenant_id=_TENANT,
    scope="subject",
    soft_deleted_at=_NOW,
    **{name: bindparam(name) for name in ("id", "target_id", "key_ids", "legal_basis")},
)
RECALL = Statement(
    _recalled.on_conflict_do_update(
        index_elements=["tenant_id", "id"],
        set_={"key_ids": _e.key_ids.op("||")(_recalled.excluded.key_ids)},
        where=_e.completed_at.is_(None),
    )
)
_users = select(_k.user_id).where(_k.tenant_id == _TENANT, _k.id == func.any(_KEYS), _k.user_id.is_not(None))
STOP = Statement(
    update(tables.users)
    .where(_u.tenant_id == _TENANT, _u.id.in_(_users), _u.status != "erased")
    .values(status="disabled")
)
_s = tables.sessions.c
SIGN_OUT = Statement(
    update(tables.sessions)
    .where(_s.tenant_id == _TENANT, _s.user_id.in_(_users), _s.revoked_at.is_(None))
    .values(revoked_at=_NOW)
)
_shown = select(
    _e.id, _e.key_ids, _e.legal_basis, _e.requested_at, _e.approved_at, _e.completed_at, _e.certificate
).where(_e.tenant_id == _TENANT, _e.scope == "subject")
GET = Statement(_shown.where(_e.id == bindparam("id_")))
LISTED = Statement(_shown.where(_e.id > bindparam("after")).order_by(_e.id).limit(bindparam("limit_")))
_h = tables.retention_policies.c
HELD = Statement(select(_h.table_name).where(_h.tenant_id == _TENANT, _h.legal_hold).order_by(_h.table_name))
_living_key = select(_k.id).where(_k.tenant_id == _TENANT, _k.destroyed_at.is_(None)).correlate(tables.erasure_requests)
_account = and_(_u.tenant_id == _k.tenant_id, _u.id == _k.user_id)
_own_now = union(
    _living_key.where(_k.id == func.any(_e.key_ids)),
    _living_key.where(_k.subject_index == _e.subject_index),
    _living_key.join(tables.users, _account).where(_u.external_id_index == _e.external_index),
)
_keys_now = union(_own_now, _living_key.where(_k.person_key_id.in_(_own_now)))
APPROVE = Statement(
    update(tables.erasure_requests)
    .where(_e.tenant_id == _TENANT, _e.id == bindparam("id_"), _e.scope == "subject", _e.approved_at.is_(None))
    .values(
        approved_at=_NOW,
        approved_by=bindparam("approved_by"),
        key_ids=func.array(_keys_now.scalar_subquery()),
        subject_index=None,
        external_index=None,
        key_destroyed_at=_NOW,
        rows_deleted_at=_NOW,
    )
    .returning(_e.key_ids)
)
"""Of two approvals one comes true; the keys are those that the person has by now."""
COMPLETE = Statement(
    update(tables.erasure_requests)
    .where(_e.tenant_id == _TENANT, _e.id == bindparam("id_"), _e.completed_at.is_(None))
    .values(completed_at=_NOW, certificate=cast(bindparam("certificate", type_=JSONB()), JSONB()))
)
_own = (_i.tenant_id == _TENANT, _i.subject_key_id == func.any(_KEYS))
_issuances = select(_i.id).where(*_own)
_f, _a = tables.refresh_token_families.c, tables.authorization_sessions.c
_t, _n = tables.credential_tags.c, tables.user_authenticators.c
_q = tables.presentation_requests.c
_answered = select(_k.request_id).where(_k.tenant_id == _TENANT, _k.id == func.any(_KEYS))
STEPS: tuple[tuple[str, Statement], ...] = (
    (
        "subject_keys",
        Statement(
            update(tables.subject_keys)
            .where(_k.tenant_id == _TENANT, _k.id == func.any(_KEYS), _k.destroyed_at.is_(None))
            .values(
                wrapped_key=None,
                destroyed_at=_NOW,
                # Nobody is found by it any more: not even by who guesses the name.
                subject_index=case(
                    (_k.subject_index.is_not(None), func.sha256(func.convert_to(cast(_k.id, Text()), "UTF8")))
                ),
            )
        ),
    ),
    (
        "claim_records",
        Statement(delete(tables.claim_records).where(_r.tenant_id == _TENANT, _r.subject_key_id == func.any(_KEYS))),
    ),
    (
        "deferred_issuances",
        Statement(delete(tables.deferred_issuances).where(_d.tenant_id == _TENANT, _d.issuance_id.in_(_issuances))),
    ),
    (
        "authorization_sessions",
        Statement(delete(tables.authorization_sessions).where(_a.tenant_id == _TENANT, _a.issuance_id.in_(_issuances))),
    ),
    (
        "refresh_token_families",
        Statement(
            update(tables.refresh_token_families)
            .where(_f.tenant_id == _TENANT, _f.issuance_id.in_(_issuances), _f.revoked_at.is_(None))
            .values(revoked_at=_NOW)
        ),
    ),
    # What was said about an issuance over DIDComm; messages go with their thread.
    ("threads", Statement(delete(tables.threads).where(_w.tenant_id == _TENANT, _w.issuance_id.in_(_issuances)))),
    (
        "issuances",
        Statement(
            update(tables.issuances)
            .where(*_own)
            .values(
                claims_sealed=None,
                offer_hash=None,
                code_hash=None,
                issuer_state_hash=None,
                token_hash=None,
                tx_code_mac=None,
                dpop_thumbprint=None,
                state=case((_i.settled_at.is_(None), "cancelled"), else_=_i.state),
                settled_at=func.coalesce(_i.settled_at, _NOW),
            )
        ),
    ),
    (
        "credential_tags",
        Statement(
            delete(tables.credential_tags).where(
                _t.tenant_id == _TENANT,
                _t.credential_id.in_(
                    select(_c.id).where(_c.tenant_id == _TENANT, _c.subject_key_id == func.any(_KEYS))
                ),
            )
        ),
    ),
    # The row stays: its status can still be changed, and its place in the list is not given away.
    (
        "credentials",
        Statement(
            update(tables.credentials)
            .where(_c.tenant_id == _TENANT, _c.subject_key_id == func.any(_KEYS), _c.role == "issued")
            .values(subject_sealed=None, proof_sealed=None, holder_key_index=None)
        ),
    ),
    (
        "presentations",
        Statement(
            update(tables.presentations)
            .where(_p.tenant_id == _TENANT, _p.subject_key_id == func.any(_KEYS))
            .values(presentation_sealed=None, holder_sealed=None, holder_index=None)
        ),
    ),
    (
        "presentation_requests",
        Statement(
            update(tables.presentation_requests)
            .where(_q.tenant_id == _TENANT, _q.id.in_(_answered), _q.transaction_data_sealed.is_not(None))
            .values(transaction_data_sealed=None)
        ),
    ),
    (
        "user_authenticators",
        Statement(delete(tables.user_authenticators).where(_n.tenant_id == _TENANT, _n.user_id.in_(_users))),
    ),
    ("sessions", Statement(delete(tables.sessions).where(_s.tenant_id == _TENANT, _s.user_id.in_(_users)))),
    (
        "users",
        Statement(
            update(tables.users)
            .where(_u.tenant_id == _TENANT, _u.id.in_(_users))
            .values(
                status="erased",
                roles=[],
                preferences={},
                last_login=None,
                **dict.fromkeys(
                    (
                        "external_id_sealed",
                        "external_id_index",
                        "email_sealed",
                        "email_index",
                        "phone_sealed",
                        "phone_index",
                        "profile_sealed",
                    )
                ),
            )
        ),
    ),
)
"""(table, what is done there), in the order in which foreign keys let it go."""
