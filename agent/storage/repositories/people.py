"""Users: who they are rests sealed under their own key, found by blind indexes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Uuid, and_, bindparam, func, insert, or_, select, update

from agent.encryption.sealing import DataKey
from agent.scope.authorizing import NewUser, PasswordAccount, Person, UserListing
from agent.scope.deferring import Account
from agent.storage.statements import Statement
from agent.storage.tables import sessions, subject_keys, user_authenticators, users
from protocols.encoding import parse_json_object, render_json

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_u, _a, _k, _s = users.c, user_authenticators.c, subject_keys.c, sessions.c
_TENANT: Any = bindparam("tenant", type_=Uuid())


def _values(names: str) -> dict[str, Any]:
    return {name: bindparam(name) for name in names.split()}


_ADD = Statement(
    insert(users).values(
        tenant_id=_TENANT,
        status="active",
        **_values("id external_id_sealed external_id_index email_sealed email_index profile_sealed"),
    )
)
_KEY = Statement(
    insert(subject_keys).values(tenant_id=_TENANT, kek_epoch=1, **_values("id user_id wrapping_key_id wrapped_key"))
)
_PASSWORD = Statement(
    insert(user_authenticators).values(tenant_id=_TENANT, kind="password", **_values("id user_id secret_sealed"))
)
_living_key = and_(_k.tenant_id == _u.tenant_id, _k.user_id == _u.id, _k.destroyed_at.is_(None))
_BY_EMAIL = Statement(
    select(
        _u.id,
        _a.id.label("authenticator"),
        _a.secret_sealed,
        _a.failed_attempts,
        _a.locked_until,
        _a.row_version,
        _k.id.label("key"),
        _k.wrapped_key,
    )
    .join_from(users, user_authenticators, and_(_a.tenant_id == _u.tenant_id, _a.user_id == _u.id))
    .join(subject_keys, _living_key)
    .where(
        _u.tenant_id == _TENANT,
        _u.email_index == bindparam("email"),
        _u.status == "active",
        _a.kind == "password",
        _a.revoked_at.is_(None),
    )
)
_account = (_a.tenant_id == _TENANT, _a.id == bindparam("authenticator"))
_TRY = Statement(
    update(user_authenticators)
    .where(*_account, or_(_a.locked_until.is_(None), _a.locked_until <= bindparam("now")))
    .values(failed_attempts=_a.failed_attempts + 1)
    .returning(_a.failed_attempts)
)
_LOCK = Statement(update(user_authenticators).where(*_account).values(locked_until=bindparam("end")))
_SUCCEEDED = Statement(
    update(user_authenticators)
    .where(*_account)
    .values(failed_attempts=0, locked_until=None, last_used_on=func.current_date())
)
_GET = Statement(
    select(
        _u.id,
        _u.email_sealed,
        _u.profile_sealed,
        _u.external_id_index,
        _u.external_id_sealed,
        _k.id.label("key"),
        _k.wrapped_key,
    )
    .join_from(users, subject_keys, _living_key)
    .where(_u.tenant_id == _TENANT, _u.id == bindparam("id_"), _u.status == "active")
)
_ACCOUNT = Statement(
    select(_u.id, _u.external_id_sealed, _u.profile_sealed, _k.id.label("key"), _k.wrapped_key)
    .join_from(users, subject_keys, _living_key)
    .where(_u.tenant_id == _TENANT, _u.id == bindparam("id_"), _u.status == "active")
)

_LISTED = Statement(
    select(
        *(_u.id, _u.status, _u.created_at, _u.email_sealed, _u.profile_sealed, _u.external_id_sealed),
        _k.id.label("key"),
        _k.wrapped_key,
    )
    .join_from(users, subject_keys, _living_key)
    .where(_u.tenant_id == _TENANT, _u.id > bindparam("after"), _u.status != "erased")
    .order_by(_u.id)
    .limit(bindparam("limit"))
)
_SET_CLAIMS = Statement(
    update(users)
    .where(_u.tenant_id == _TENANT, _u.id == bindparam("id_"), _u.status == "active")
    .values(profile_sealed=bindparam("sealed"))
)
_SET_STATUS = Statement(
    update(users)
    .where(_u.tenant_id == _TENANT, _u.id == bindparam("id_"), _u.status != "erased")
    .values(status=bindparam("status"))
)
_SIGN_OUT = Statement(
    update(sessions)
    .where(_s.tenant_id == _TENANT, _s.user_id == bindparam("user"), _s.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)


class PeopleRepository:
    """`scope.authorizing.People`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def add(self, user: NewUser) -> None:
        """The user, the key that everything of theirs is sealed under, and the password's hash."""
        unit, vault = self._unit, self._unit.vault
        key, wrapped = vault.new_subject_key(user.subject_key_id)

        def sealed(column: str, plaintext: bytes, table: str = "users", row: UUID = user.id) -> bytes:
            return vault.seal(table, column, row, plaintext, key)

        external = user.external_id
        await _ADD.run(
            unit.connection,
            tenant=unit.tenant_id,
            id=user.id,
            external_id_sealed=sealed("external_id_sealed", external.encode()) if external else None,
            external_id_index=vault.blind("users.external_id", external) if external else None,
            email_sealed=sealed("email_sealed", user.email.encode()) if user.email else None,
            email_index=vault.blind("users.email", user.email) if user.email else None,
            profile_sealed=sealed("profile_sealed", render_json(dict(user.claims))),
        )
        await _KEY.run(
            unit.connection,
            tenant=unit.tenant_id,
            id=user.subject_key_id,
            user_id=user.id,
            wrapping_key_id=vault.data_key_id,
            wrapped_key=wrapped,
        )
        if user.authenticator_id and user.password_hash:
            secret = sealed("secret_sealed", user.password_hash.encode(), "user_authenticators", user.authenticator_id)
            await _PASSWORD.run(
                unit.connection,
                tenant=unit.tenant_id,
                id=user.authenticator_id,
                user_id=user.id,
                secret_sealed=secret,
            )

    def _key(self, row: Any) -> DataKey:
        return self._unit.vault.subject_key(row["key"], row["wrapped_key"])

    async def by_email(self, email: str) -> PasswordAccount | None:
        """By the blind index of the normalised address."""
        unit = self._unit
        row = await _BY_EMAIL.row(unit.connection, tenant=unit.tenant_id, email=unit.vault.blind("users.email", email))
        if row is None:
            return None
        secret = unit.vault.open(
            "user_authenticators", "secret_sealed", row["authenticator"], row["secret_sealed"], self._key(row)
        )
        return PasswordAccount(
            row["id"],
            row["authenticator"],
            secret.decode(),
            row["failed_attempts"],
            row["locked_until"],
            row["row_version"],
        )

    async def attempt(self, account: PasswordAccount) -> int | None:
        """Count a try before its password is looked at; None while the account is locked."""
        found: int | None = await _TRY.value(
            self._unit.connection,
            tenant=self._unit.tenant_id,
            authenticator=account.authenticator_id,
            now=self._unit.now,
        )
        return found

    async def lock(self, account: PasswordAccount, until: datetime) -> None:
        """No further try until then."""
        await _LOCK.run(
            self._unit.connection, tenant=self._unit.tenant_id, authenticator=account.authenticator_id, end=until
        )

    async def succeeded(self, account: PasswordAccount) -> None:
        """Forget the wrong tries."""
        await _SUCCEEDED.run(self._unit.connection, tenant=self._unit.tenant_id, authenticator=account.authenticator_id)

    async def get(self, user: UUID) -> Person | None:
        """An active person who was not erased."""
        unit = self._unit
        row = await _GET.row(unit.connection, tenant=unit.tenant_id, id_=user)
        if row is None:
            return None
        name, external = self._named(row)
        return Person(user, name, unit.vault.blind("subject_keys.subject_index", external) if external else None)

    def _named(self, row: Any) -> tuple[str, str | None]:
        """What the account is called, and the tenant's own name for its person."""
        key = self._key(row)

        def opened(column: str) -> bytes | None:
            sealed = row[column]
            return None if sealed is None else self._unit.vault.open("users", column, row["id"], sealed, key)

        email, external = opened("email_sealed"), opened("external_id_sealed")
        name = email.decode() if email else _name(parse_json_object(opened("profile_sealed") or b"{}"))
        return name, external.decode() if external else None

    async def listed(self, after: UUID, limit: int) -> Sequence[UserListing]:
        """A page, by id."""
        unit = self._unit
        rows = await _LISTED.rows(unit.connection, tenant=unit.tenant_id, after=after, limit=limit)
        return [UserListing(row["id"], *self._named(row), row["status"], row["created_at"]) for row in rows]

    async def account(self, user: UUID) -> Account | None:
        """What the account of an active person says."""
        unit = self._unit
        row = await _ACCOUNT.row(unit.connection, tenant=unit.tenant_id, id_=user)
        if row is None:
            return None
        key = self._key(row)

        def opened(column: str) -> bytes | None:
            return unit.vault.open("users", column, user, row[column], key) if row[column] is not None else None

        external, profile = opened("external_id_sealed"), opened("profile_sealed")
        return Account(external.decode() if external else None, parse_json_object(profile) if profile else {})

    async def set_claims(self, user: UUID, claims: Mapping[str, Any]) -> bool:
        """Replace what an active account says; False when it is not there."""
        unit = self._unit
        row = await _GET.row(unit.connection, tenant=unit.tenant_id, id_=user)
        if row is None:
            return False
        sealed = unit.vault.seal("users", "profile_sealed", user, render_json(dict(claims)), self._key(row))
        return bool(await _SET_CLAIMS.run(unit.connection, tenant=unit.tenant_id, id_=user, sealed=sealed))

    async def set_status(self, user: UUID, status: str) -> bool:
        """Suspend or readmit; False when there is no such user."""
        return bool(await _SET_STATUS.run(self._unit.connection, tenant=self._unit.tenant_id, id_=user, status=status))

    async def sign_out(self, user: UUID) -> None:
        """End every sign-in under way, in every browser."""
        await _SIGN_OUT.run(self._unit.connection, tenant=self._unit.tenant_id, user=user, now=self._unit.now)


def _name(claims: Mapping[str, Any]) -> str:
    """What an account without an address of its own is called on a page."""
    found = (claims.get(name) for name in ("email", "preferred_username", "name", "given_name"))
    return next((one for one in found if isinstance(one, str) and one), "a person without a name")
