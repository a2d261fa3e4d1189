"""Passkeys and upstream identities: found by blind indexes, sealed under the key of their person."""

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Uuid, and_, bindparam, func, insert, or_, select, update

from agent.scope import Conflict
from agent.scope.authorizing import Authenticator, NewAuthenticator
from agent.storage.statements import Row, Statement
from agent.storage.tables import subject_keys, user_authenticators, users
from protocols.encoding import parse_json_object, render_json

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_u, _a, _k = users.c, user_authenticators.c, subject_keys.c
_TENANT: Any = bindparam("tenant", type_=Uuid())
_COLUMNS = "id user_id kind lookup secret_sealed upstream_issuer sign_count"
_ADD = Statement(
    insert(user_authenticators).values(tenant_id=_TENANT, **{name: bindparam(name) for name in _COLUMNS.split()})
)
_KEY = Statement(
    select(_k.id, _k.wrapped_key).where(
        _k.tenant_id == _TENANT, _k.user_id == bindparam("user"), _k.destroyed_at.is_(None)
    )
)
_living = (
    select(_a.id, _a.user_id, _a.secret_sealed, _k.id.label("key"), _k.wrapped_key)
    .join_from(user_authenticators, users, and_(_u.tenant_id == _a.tenant_id, _u.id == _a.user_id))
    .join(subject_keys, and_(_k.tenant_id == _u.tenant_id, _k.user_id == _u.id, _k.destroyed_at.is_(None)))
    .where(_a.tenant_id == _TENANT, _a.kind == bindparam("kind_"), _a.revoked_at.is_(None), _u.status == "active")
    .order_by(_a.id)
)
_FIND = Statement(_living.where(_a.lookup == bindparam("lookup_")))
_OF_EMAIL = Statement(_living.where(_u.email_index == bindparam("email")))
_OF_USER = Statement(_living.where(_u.id == bindparam("user")))
_USED = Statement(
    update(user_authenticators)
    .where(
        _a.tenant_id == _TENANT,
        _a.id == bindparam("authenticator"),
        _a.revoked_at.is_(None),
        or_(_a.sign_count < bindparam("count"), and_(_a.sign_count == 0, bindparam("count") == 0)),
    )
    .values(sign_count=bindparam("count"), last_used_on=func.current_date())
)


class AuthenticatorRepository:
    """`scope.authorizing.Authenticators`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    def _lookup(self, kind: str, name: str) -> bytes:
        """Of a hash, for a blind index takes spellings of one word for equal, and two subjects may differ in case."""
        return self._unit.vault.blind(f"user_authenticators.{kind}", sha256(name.encode()).hexdigest())

    async def add(self, new: NewAuthenticator) -> None:
        """Insert; one that is there already is a Conflict, as is a person who was erased."""
        unit = self._unit
        key = await _KEY.row(unit.connection, tenant=unit.tenant_id, user=new.user_id)
        if key is None:
            raise Conflict("erased")
        subject_key = unit.vault.subject_key(key["id"], key["wrapped_key"])
        await _ADD.run(
            unit.connection,
            tenant=unit.tenant_id,
            id=new.id,
            user_id=new.user_id,
            kind=new.kind,
            lookup=self._lookup(new.kind, new.name),
            secret_sealed=unit.vault.seal(
                "user_authenticators", "secret_sealed", new.id, render_json(dict(new.secret)), subject_key
            ),
            upstream_issuer=new.upstream_issuer,
            sign_count=new.sign_count,
        )

    async def find(self, kind: str, name: str) -> Authenticator | None:
        """By the blind index of what it is found by."""
        unit = self._unit
        row = await _FIND.row(unit.connection, tenant=unit.tenant_id, kind_=kind, lookup_=self._lookup(kind, name))
        return self._opened(row) if row else None

    async def of_email(self, kind: str, email: str) -> Sequence[Authenticator]:
        """Of the account with this address."""
        unit = self._unit
        index = unit.vault.blind("users.email", email)
        rows = await _OF_EMAIL.rows(unit.connection, tenant=unit.tenant_id, kind_=kind, email=index)
        return [self._opened(row) for row in rows]

    async def of_user(self, kind: str, user: UUID) -> Sequence[Authenticator]:
        """Of an account."""
        rows = await _OF_USER.rows(self._unit.connection, tenant=self._unit.tenant_id, kind_=kind, user=user)
        return [self._opened(row) for row in rows]

    def _opened(self, row: Row) -> Authenticator:
        vault = self._unit.vault
        key = vault.subject_key(row["key"], row["wrapped_key"])
        secret = vault.open("user_authenticators", "secret_sealed", row["id"], row["secret_sealed"], key)
        return Authenticator(row["id"], row["user_id"], parse_json_object(secret))

    async def used(self, authenticator: UUID, sign_count: int) -> bool:
        """One statement, so that of two uses with one counter only the first is good."""
        return bool(
            await _USED.run(
                self._unit.connection, tenant=self._unit.tenant_id, authenticator=authenticator, count=sign_count
            )
        )
