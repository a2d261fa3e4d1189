"""An issuer with accounts, a registered client and a trusted wallet provider, for tests of its authorization server."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest_asyncio

from tests.authorizing import ERIKA, PASSWORD, REDIRECT, Client, WalletProvider
from tests.houses import Site
from tests.wallets import HolderKey, Wallet


@dataclass(slots=True)
class Court:
    """Alpha with an account, a registered public client and a trusted wallet provider; and clients made at will."""

    site: Site
    provider: WalletProvider

    @property
    def issuer(self) -> str:
        return self.site.alpha.credential_issuer

    def client(self, **changes: Any) -> Client:
        return Client(Wallet(self.site.session), **({"issuer": self.issuer} | changes))

    def bound(self, **changes: Any) -> Client:
        """A client that uses DPoP."""
        return self.client(key=HolderKey(), **changes)

    def attested(self, **changes: Any) -> Client:
        """A wallet as HAIP wants it: attested, with DPoP, never registered."""
        return self.bound(provider=self.provider, client_id="https://wallet.example", **changes)

    async def configure(self, **body: Any) -> None:
        status, text = await self.site.api("PATCH", "/issuer", body)
        assert status == 204, text
        self.site.house.cache.clear()

    async def events(self, *kinds: str) -> list[str]:
        """Audit and security events of these kinds, in order."""
        admin = await self.site.database.connect_admin()
        try:
            rows = await admin.fetch(
                "SELECT event_type AS kind FROM agent.audit_logs WHERE tenant_id = $1"
                " UNION ALL SELECT description FROM agent.security_events WHERE tenant_id = $1",
                self.site.alpha.id,
            )
        finally:
            await admin.close()
        return [row["kind"] for row in rows if row["kind"] in kinds]


@pytest_asyncio.fixture
async def court(site: Site) -> AsyncIterator[Court]:
    provider = WalletProvider()
    anchor = {"certificate": provider.pem, "roles": ["attest_wallet"], "name": "provider"}
    for path, body in (
        ("/users", {"email": "erika@example.org", "password": PASSWORD, "external_id": "erika", "claims": ERIKA}),
        ("/users", {"email": "max@example.org", "password": PASSWORD, "external_id": "max", "claims": ERIKA}),
        ("/clients", {"client_id": "wallet", "name": "A wallet", "redirect_uris": [REDIRECT, "http://127.0.0.1/cb"]}),
        ("/clients", {"client_id": "other", "name": "Another", "redirect_uris": [REDIRECT]}),
        ("/trust-anchors", anchor),
    ):
        status, answer = await site.api("POST", path, body)
        assert status == 201, answer
    site.house.cache.clear()
    yield Court(site, provider)
