"""The tenant's own signing keys: one is active for each purpose, another takes its place in one transaction."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import bindparam, func, insert, update

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
    *("certificate_chain", "key_store", "private_key_ref", "rotation_of"),
)
ADD = Statement(insert(tables.key_pairs).values(tenant_id=_TENANT, **{name: bindparam(name) for name in _COLUMNS}))
_SIGNS_NO_MORE = Statement(
    update(tables.key_pairs)
    .where(_k.tenant_id == _TENANT, _k.id == bindparam("id_"), _k.state == "active")
    .values(state="retiring", retiring_at=func.now(), expires_at=bindparam("until"))
)
_RETIRE = Statement(
    update(tables.key_pairs)
    .where(_k.tenant_id == _TENANT, _k.id == bindparam("id_"), _k.state == "retiring")
    .values(state="destroyed", private_key_ref=None, retired_at=func.now(), destroyed_at=func.now())
)
_CERTIFICATE = Statement(
    update(tables.issuers).where(_i.tenant_id == _TENANT, _i.is_active).values(certificate=bindparam("leaf"))
)


class SigningKeyRepository:
    """`scope.administering.SigningKeys`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def add(self, key: SigningKey, follows: UUID | None = None) -> None:
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
        )

    async def replace(self, old: UUID, key: SigningKey, until: datetime) -> None:
        """The old one signs no more and is published until then; the issuer's certificate is the new one's."""
        connection, tenant = self._unit.connection, self._unit.tenant_id
        if not await _SIGNS_NO_MORE.run(connection, tenant=tenant, id_=old, until=until):
            raise Conflict("key")
        await self.add(key, old)
        if key.purpose == "issuer":
            await _CERTIFICATE.run(connection, tenant=tenant, leaf=key.x5c[0])

    async def retire(self, key: UUID) -> bool:
        """The end of a key that signs no more."""
        return bool(await _RETIRE.run(self._unit.connection, tenant=self._unit.tenant_id, id_=key))
