"""Registered OAuth clients."""

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, insert, select

from agent.storage.statements import Statement
from agent.storage.tables import oauth_clients
from protocols.oauth.client_authentication import RegisteredClient

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_c = oauth_clients.c
_COLUMNS = "tenant_id id client_id name authentication_method jwks certificate_subject redirect_uris grant_types scopes"
_ADD = Statement(insert(oauth_clients).values({name: bindparam(name) for name in _COLUMNS.split()}))
_GET = Statement(
    select(oauth_clients).where(_c.tenant_id == bindparam("tenant"), _c.client_id == bindparam("client"), _c.is_active)
)


class ClientRepository:
    """`scope.authorizing.Clients`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def add(self, client: RegisteredClient) -> None:
        """Insert; a client_id that is taken is a Conflict."""
        await _ADD.run(
            self._unit.connection,
            tenant_id=self._unit.tenant_id,
            id=client.id,
            client_id=client.client_id,
            name=client.name,
            authentication_method=client.method,
            jwks={"keys": [dict(key) for key in client.jwks]},
            certificate_subject=client.certificate_subject,
            redirect_uris=list(client.redirect_uris),
            grant_types=sorted(client.grant_types),
            scopes=sorted(client.scopes),
        )

    async def get(self, client_id: str) -> RegisteredClient | None:
        """The active client of this name."""
        row = await _GET.row(self._unit.connection, tenant=self._unit.tenant_id, client=client_id)
        if row is None:
            return None
        return RegisteredClient(
            id=row["id"],
            client_id=row["client_id"],
            name=row["name"],
            method=row["authentication_method"],
            jwks=tuple((row["jwks"] or {}).get("keys", ())),
            certificate_subject=row["certificate_subject"],
            redirect_uris=tuple(row["redirect_uris"]),
            grant_types=frozenset(row["grant_types"]),
            scopes=frozenset(row["scopes"]),
        )
