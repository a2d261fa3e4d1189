"""The tenant's own signing keys: one is active for each purpose, another takes its place in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import bindparam, func, insert, select, update

from agent.scope import Conflict
from agent.scope.tenants import SigningKey
from agent.storage import tables
from agent.storage.statements import Statement
from protocols.encoding import b64url, render_json
from protocols.jose.jwk import thumbprint

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_k, _i = tables.key_pairs.c, tables.issuers.c
_TENANT: Any = bindparam("tenant", type_=_k.tenant_id.type)
_COLUMNS = (
    *("id", "owner", "key_id", "key_index", "type", "purpose", "algorithm", "public_key", "thumbprint_index"),
    *("certificate_chain", "key_store", "private_key_ref", "rotation_of", "expires_at"),
)
ADD = Statement(insert(tables.key_pairs).values(tenant_id=_TENANT, **{name: bindparam(name) for name in _COLUMNS}))
_SIGNS_NO_MORE = Statement(
    update(tables.key_pairs)
    .where(_k.tenant_id == _TENANT, _k.id == bindparam("id_"), _k.state == "active")
    .values(state="retiring", retiring_at=func.now(), expires_at=bindparam("until"))
)
_FOLLOWED = Statement(
    update(tables.key_pairs)
    .where(_k.tenant_id == _TENANT, _k.id == bindparam("id_"), _k.state == "active")
    .values(state="retiring", retiring_at=func.now())
)
_RETIRE = Statement(
    update(tables.key_pairs)
    .where(_k.tenant_id == _TENANT, _k.id == bindparam("id_"), _k.state == "retiring")
    .values(state="destroyed", private_key_ref=None, retired_at=func.now(), destroyed_at=func.now())
)
_REVOKE = Statement(
    update(tables.key_pairs)
    .where(
        _k.tenant_id == _TENANT,
        _k.id == bindparam("id_"),
        _k.owner == "tenant",
        _k.state != "active",
        _k.revoked_at.is_(None),
        func.cardinality(_k.certificate_chain) > 0,
    )
    .values(revoked_at=bindparam("now"))
)
_REVOKED = Statement(
    select(_k.certificate_chain, _k.revoked_at)
    .where(_k.tenant_id == _TENANT, _k.owner == "tenant", _k.revoked_at.is_not(None))
    .order_by(_k.revoked_at, _k.id)
)
_CERTIFICATE = Statement(
    update(tables.issuers).where(_i.tenant_id == _TENANT, _i.is_active).values(certificate=bindparam("leaf"))
)


class SigningKeyRepository:
    """`scope.administering.SigningKeys`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def add(self, key: SigningKey, follows: UUID | None = None, expires_at: datetime | None = None) -> None:
        """Insert an active key."""
        vault = self._unit.vault
        # A key that JOSE does not know has no thumbprint; its kid is made of the key as well.
        name = key.kid if key.handle.store == "sealed" else b64url(thumbprint(key.jwk))
        await ADD.run(
            self._unit.connection,
            tenant=self._unit.tenant_id,
            id=key.id,
            owner="tenant",
            key_id=key.kid,
            key_index=vault.blind("key_pairs.key_index", key.kid),
            type=f"{key.jwk['kty']}/{key.jwk['crv']}",
            purpose=key.purpose,
            algorithm=key.algorithm,
            public_key=render_json(dict(key.jwk)),
            thumbprint_index=vault.blind("key_pairs.thumbprint_index", name),
            certificate_chain=list(key.x5c),
            key_store=key.handle.store,
            private_key_ref=vault.seal("key_pairs", "private_key_ref", key.id, key.handle.reference.encode()),
            rotation_of=follows,
            expires_at=expires_at,
        )

    async def replace(self, old: UUID, key: SigningKey, until: datetime) -> None:
        """The old one signs no more and is published until then; the issuer's certificate is the new one's."""
        connection, tenant = self._unit.connection, self._unit.tenant_id
        if not await _SIGNS_NO_MORE.run(connection, tenant=tenant, id_=old, until=until):
            raise Conflict("key")
        await self.add(key, old)
        if key.purpose == "issuer":
            await _CERTIFICATE.run(connection, tenant=tenant, leaf=key.x5c[0])

    async def rotate(self, key: SigningKey, old: SigningKey | None, expires_at: datetime) -> None:
        """The old key signs no more, the new one does until its end. Raises Conflict when the old one was followed."""
        where = {"tenant": self._unit.tenant_id, "id_": old.id if old else None}
        if old is not None and not await _FOLLOWED.run(self._unit.connection, **where):
            raise Conflict("followed already")
        await self.add(key, old.id if old else None, expires_at)

    async def retire(self, key: UUID) -> bool:
        """The end of a key that signs no more."""
        return bool(await _RETIRE.run(self._unit.connection, tenant=self._unit.tenant_id, id_=key))

    async def revoke(self, key: UUID) -> bool:
        """Once, and never a key that signs."""
        unit = self._unit
        return bool(await _REVOKE.run(unit.connection, tenant=unit.tenant_id, id_=key, now=unit.now))

    async def revoked(self) -> Sequence[tuple[bytes, datetime]]:
        """Leaves (DER), oldest revocation first."""
        rows = await _REVOKED.rows(self._unit.connection, tenant=self._unit.tenant_id)
        return [(row[0][0], row[1]) for row in rows]
