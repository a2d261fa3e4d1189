"""Statements of the authorization server: each step is one guarded statement."""

from typing import Any

from sqlalchemy import Uuid, and_, bindparam, case, func, insert, or_, select, update

from agent.storage import tables
from agent.storage.statements import Statement

_p, _s = tables.pushed_authorization_requests.c, tables.authorization_sessions.c
_w = tables.sessions.c
_i, _f, _k = tables.issuances.c, tables.refresh_token_families.c, tables.subject_keys.c
_TENANT: Any = bindparam("tenant", type_=Uuid())


def _values(names: str) -> dict[str, Any]:
    return {name: bindparam(name) for name in names.split()}


PUSH = Statement(
    insert(tables.pushed_authorization_requests).values(
        tenant_id=_TENANT, **_values("request_uri_hash parameters_sealed dpop_thumbprint expires_at")
    )
)
PUSHED = Statement(
    select(_p.parameters_sealed).where(
        _p.tenant_id == _TENANT,
        _p.request_uri_hash == bindparam("request_uri_hash"),
        _p.used_at.is_(None),
        _p.expires_at > bindparam("now"),
    )
)
USE = Statement(
    update(tables.pushed_authorization_requests)
    .where(_p.tenant_id == _TENANT, _p.request_uri_hash == bindparam("request_uri_hash_"), _p.used_at.is_(None))
    .values(used_at=bindparam("now"))
)
OFFERED = Statement(
    select(_i.id, _i.credential_configuration_ids, _k.subject_index)
    .join_from(
        tables.issuances,
        tables.subject_keys,
        and_(_k.tenant_id == _i.tenant_id, _k.id == _i.subject_key_id),
        isouter=True,
    )
    .where(
        _i.tenant_id == _TENANT,
        _i.issuer_state_hash == bindparam("issuer_state_hash"),
        _i.state == "offered",
        _i.expires_at > bindparam("now"),
    )
)
BEGIN = Statement(
    insert(tables.authorization_sessions).values(
        tenant_id=_TENANT, state="started", **_values("id browser_hash request_sealed issuance_id expires_at")
    )
)
SESSION = Statement(
    select(_s.id, _s.state, _s.request_sealed, _s.issuance_id, _s.row_version)
    .join_from(
        tables.authorization_sessions,
        tables.sessions,
        and_(_w.tenant_id == _s.tenant_id, _w.id == _s.session_id),
        isouter=True,
    )
    .where(
        _s.tenant_id == _TENANT,
        _s.id == bindparam("id_"),
        _s.browser_hash == bindparam("browser_hash"),
        _s.expires_at > bindparam("now"),
        _s.updated_at > bindparam("idle"),
        or_(
            _s.session_id.is_(None),
            and_(_w.token_hash == bindparam("browser_hash"), _w.revoked_at.is_(None), _w.expires_at > bindparam("now")),
        ),
    )
)
_step = (_s.tenant_id == _TENANT, _s.id == bindparam("id_"), _s.row_version == bindparam("version"))
SIGNED_IN = Statement(
    update(tables.authorization_sessions)
    .where(*_step, _s.state == "started")
    .values(
        state="signed_in",
        request_sealed=bindparam("sealed"),
        browser_hash=bindparam("new_hash"),
        session_id=bindparam("session"),
    )
)
KEEP = Statement(
    update(tables.authorization_sessions)
    .where(*_step, or_(_s.state == "started", _s.state == "signed_in"))
    .values(request_sealed=bindparam("sealed"), upstream_state_hash=bindparam("state_hash"))
    .returning(_s.row_version)
)
RETURN = Statement(
    update(tables.authorization_sessions)
    .where(*_step, _s.state == "started", _s.upstream_state_hash == bindparam("state_hash"))
    .values(upstream_state_hash=None)
    .returning(_s.row_version)
)
NEW_SESSION = Statement(
    insert(tables.sessions).values(tenant_id=_TENANT, **_values("id user_id token_hash expires_at"))
)
DENY = Statement(
    update(tables.authorization_sessions)
    .where(*_step, or_(_s.state == "started", _s.state == "signed_in"))
    .values(state="denied")
)
APPROVE = Statement(
    update(tables.authorization_sessions)
    .where(*_step, _s.state == "signed_in")
    .values(state="code_sent", code_hash=bindparam("code"), issuance_id=bindparam("issuance"))
)
TAKE_OFFER = Statement(
    update(tables.issuances)
    .where(_i.tenant_id == _TENANT, _i.id == bindparam("id_"), _i.state == "offered")
    .values(
        state="authorizing",
        user_id=bindparam("user"),
        subject_key_id=case((_i.claims_sealed.is_(None), bindparam("key", type_=Uuid())), else_=_i.subject_key_id),
        issuer_state_hash=None,
        code_expires_at=bindparam("code_end"),
        expires_at=bindparam("end"),
    )
)
ADD = Statement(
    insert(tables.issuances).values(
        tenant_id=_TENANT,
        state="authorizing",
        grant_type="authorization_code",
        **_values("id issuer_id credential_configuration_ids user_id subject_key_id code_expires_at expires_at"),
    )
)
USER_KEY = Statement(
    select(_k.id).where(_k.tenant_id == _TENANT, _k.user_id == bindparam("user"), _k.destroyed_at.is_(None))
)
BY_CODE = Statement(
    select(
        _s.id, _s.request_sealed, _i.id.label("issuance"), _i.state, _i.credential_configuration_ids, _i.code_expires_at
    )
    .join_from(
        tables.authorization_sessions,
        tables.issuances,
        and_(_i.tenant_id == _s.tenant_id, _i.id == _s.issuance_id),
    )
    .where(_s.tenant_id == _TENANT, _s.code_hash == bindparam("code_hash"))
)
_token = _values("token_hash dpop_thumbprint certificate_thumbprint by_identifier")
REDEEM = Statement(
    update(tables.issuances)
    .where(
        _i.tenant_id == _TENANT,
        _i.id == bindparam("id_"),
        _i.state == "authorizing",
        _i.code_expires_at > bindparam("now"),
    )
    .values(
        state="authorized",
        token_expires_at=bindparam("token_end"),
        expires_at=bindparam("end"),
        client_id=None,
        **_token,
    )
)
RENEW = Statement(
    update(tables.issuances)
    .where(
        _i.tenant_id == _TENANT,
        _i.id == bindparam("id_"),
        or_(_i.state == "authorized", _i.state == "deferred", _i.state == "issued", _i.state == "notified"),
    )
    .values(token_expires_at=bindparam("token_end"), **_token)
)
NEW_FAMILY = Statement(
    insert(tables.refresh_token_families).values(
        tenant_id=_TENANT, **_values("id issuance_id client_hash dpop_thumbprint token_hash expires_at")
    )
)
FAMILY = Statement(
    select(
        _f.id,
        _f.issuance_id,
        _f.client_hash,
        _f.dpop_thumbprint,
        _f.token_hash,
        _f.generation,
        _f.rotated_at,
        _f.expires_at,
        _f.revoked_at.is_not(None).label("revoked"),
        _i.credential_configuration_ids,
        _i.by_identifier,
    )
    .join_from(
        tables.refresh_token_families,
        tables.issuances,
        and_(_i.tenant_id == _f.tenant_id, _i.id == _f.issuance_id),
    )
    .where(_f.tenant_id == _TENANT, _f.id == bindparam("id_"))
)
ROTATE = Statement(
    update(tables.refresh_token_families)
    .where(
        _f.tenant_id == _TENANT,
        _f.id == bindparam("id_"),
        _f.token_hash == bindparam("presented"),
        _f.revoked_at.is_(None),
        _f.expires_at > bindparam("now"),
    )
    .values(
        token_hash=bindparam("next"),
        previous_hash=bindparam("presented"),
        generation=bindparam("generation"),
        rotated_at=bindparam("now"),
    )
)
REVOKE_FAMILIES = Statement(
    update(tables.refresh_token_families)
    .where(_f.tenant_id == _TENANT, _f.issuance_id == bindparam("issuance"), _f.revoked_at.is_(None))
    .values(revoked_at=func.now())
)
REVOKE = Statement(
    update(tables.issuances)
    .where(_i.tenant_id == _TENANT, _i.id == bindparam("id_"))
    .values(state="failed", failure=bindparam("reason"), token_hash=None, claims_sealed=None, settled_at=func.now())
)
