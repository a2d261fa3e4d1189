"""The tenant's own keys: added, and followed by others."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, insert, update

from agent.scope import Conflict
from agent.scope.tenants import SigningKey
from agent.storage.statements import Statement
from agent.storage.tables import key_pairs
from protocols.encoding import b64url, render_json
from protocols.jose.jwk import thumbprint

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_COLUMNS = (
    "tenant_id id owner key_id key_index type purpose algorithm public_key thumbprint_index certificate_chain "
    "key_store private_key_ref expires_at rotation_of"
)
_ADD = Statement(insert(key_pairs).values({name: bindparam(name) for name in _COLUMNS.split()}))
_RETIRE = Statement(
    update(key_pairs)
    .where(
        key_pairs.c.tenant_id == bindparam("tenant"), key_pairs.c.id == bindparam("key"), key_pairs.c.state == "active"
    )
    .values(state="retiring", retiring_at=bindparam("at"))
    .returning(key_pairs.c.id)
)


class SigningKeyRepository:
    """`scope.administering.SigningKeys`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def add(self, key: SigningKey, expires_at: datetime | None = None, follows: SigningKey | None = None) -> None:
        """Insert an active key. Raises Conflict (when the unit ends) where another is active for the purpose."""
        vault = self._unit.vault
        await _ADD.run(
            self._unit.connection,
            tenant_id=self._unit.tenant_id,
            id=key.id,
            owner="tenant",
            key_id=key.kid,
            key_index=vault.blind("key_pairs.key_index", key.kid),
            type=f"{key.jwk['kty']}/{key.jwk['crv']}",
            purpose=key.purpose,
            algorithm=key.algorithm,
            public_key=render_json(dict(key.jwk)),
            thumbprint_index=vault.blind("key_pairs.thumbprint_index", b64url(thumbprint(key.jwk))),
            certificate_chain=list(key.x5c),
            key_store=key.handle.store,
            private_key_ref=vault.seal("key_pairs", "private_key_ref", key.id, key.handle.reference.encode()),
            expires_at=expires_at,
            rotation_of=follows.id if follows else None,
        )

    async def rotate(self, key: SigningKey, old: SigningKey | None, expires_at: datetime) -> None:
        """The old key signs no more, the new one does. Raises Conflict when the old one was followed already."""
        if old is not None:
            retired = await _RETIRE.value(
                self._unit.connection, tenant=self._unit.tenant_id, key=old.id, at=self._unit.now
            )
            if retired is None:
                raise Conflict("followed already")
        await self.add(key, expires_at, old)
