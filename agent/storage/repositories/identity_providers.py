"""Identity providers: what they know us by rests sealed."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, delete, insert, select

from agent.encryption.vault import TenantVault
from agent.scope.tenants import IdentityProvider
from agent.storage.statements import Row, Statement
from agent.storage.tables import identity_providers
from protocols.encoding import parse_json_object, render_json
from protocols.ports import KeyHandle

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_p = identity_providers.c
_TENANT: Any = bindparam("tenant", type_=Uuid())
_COLUMNS = "id issuer name client_id authentication_method secret_sealed public_key scope uses_userinfo"
ACTIVE = Statement(select(identity_providers).where(_p.tenant_id == _TENANT).order_by(_p.id))
_ADD = Statement(
    insert(identity_providers).values(tenant_id=_TENANT, **{name: bindparam(name) for name in _COLUMNS.split()})
)
_REMOVE = Statement(delete(identity_providers).where(_p.tenant_id == _TENANT, _p.id == bindparam("provider")))


def read(vault: TenantVault, row: Row) -> IdentityProvider:
    """The row with its secret opened."""
    secret = parse_json_object(vault.open("identity_providers", "secret_sealed", row["id"], row["secret_sealed"]))
    return IdentityProvider(
        id=row["id"],
        issuer=row["issuer"],
        name=row["name"],
        client_id=row["client_id"],
        authentication_method=row["authentication_method"],
        scope=row["scope"],
        uses_userinfo=row["uses_userinfo"],
        secret=secret.get("secret"),
        key=KeyHandle(*secret["key"]) if "key" in secret else None,
        public_key=row["public_key"],
    )


class IdentityProviderRepository:
    """`scope.authorizing.IdentityProviders`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def add(self, provider: IdentityProvider) -> None:
        """Insert; an issuer that is there already is a Conflict."""
        unit, key = self._unit, provider.key
        secret = {"secret": provider.secret} if key is None else {"key": [key.store, key.reference, key.algorithm]}
        await _ADD.run(
            unit.connection,
            tenant=unit.tenant_id,
            id=provider.id,
            issuer=provider.issuer,
            name=provider.name,
            client_id=provider.client_id,
            authentication_method=provider.authentication_method,
            secret_sealed=unit.vault.seal("identity_providers", "secret_sealed", provider.id, render_json(secret)),
            public_key=None if provider.public_key is None else dict(provider.public_key),
            scope=provider.scope,
            uses_userinfo=provider.uses_userinfo,
        )

    async def remove(self, provider: UUID) -> bool:
        """Believe it no more; False when it was not there."""
        return bool(await _REMOVE.run(self._unit.connection, tenant=self._unit.tenant_id, provider=provider))
