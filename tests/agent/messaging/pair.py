"""Two tenants of one server, connected over DIDComm, and the worker between them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from agent.scope.administering import CreatedTenant
from agent.storage.database import open_pool
from agent.workers.deliveries import Deliveries
from tests.houses import Site


@dataclass
class Pair:
    """Alpha invites, beta comes; `contacts` are each one's name for the other."""

    site: Site
    maint: asyncpg.Pool
    contacts: dict[str, str]

    async def call(self, tenant: CreatedTenant, method: str, path: str, body: Any = None) -> Any:
        status, answer = await self.site.api(method, path, body, tenant.api_key)
        assert status in (200, 201), answer
        return answer

    async def refused(self, tenant: CreatedTenant, path: str, body: Any) -> tuple[int, str]:
        """Status and code of what is not done."""
        status, answer = await self.site.api("POST", path, body, tenant.api_key)
        assert status >= 400, answer
        return status, answer["code"]

    async def deliver(self) -> None:
        """Everything that waits, and what it is answered with."""
        await Deliveries(self.maint, self.site.house.scope_of)()

    async def to(self, tenant: CreatedTenant, what: str, body: Any) -> str:
        """Begin something with the other one; the thread."""
        contact = self.contacts[tenant.name]
        made = await self.call(tenant, "POST", f"/didcomm/contacts/{contact}/{what}", body)
        await self.deliver()
        return str(made["id"])

    async def go_on(self, tenant: CreatedTenant, thread: str, what: str, body: Any = None) -> None:
        await self.call(tenant, "POST", f"/didcomm/threads/{thread}/{what}", body or {})
        await self.deliver()

    async def threads(self, tenant: CreatedTenant, protocol: str) -> list[Any]:
        """The newest first, of one protocol."""
        listed = await self.call(tenant, "GET", f"/didcomm/threads?contact={self.contacts[tenant.name]}")
        return [one for one in listed["items"] if f"/{protocol}/" in one["protocol"]]

    async def thread(self, tenant: CreatedTenant, thread: str) -> Any:
        return await self.call(tenant, "GET", f"/didcomm/threads/{thread}")


@asynccontextmanager
async def connected(site: Site, version: int) -> AsyncIterator[Pair]:
    maint = await open_pool(site.database.dsn("maint"), 2, "agent_maint")
    try:
        pair = Pair(site, maint, {})
        made = await pair.call(site.alpha, "POST", "/didcomm/invitations", {"version": version})
        taken = await pair.call(site.beta, "POST", "/didcomm/contacts", {"url": made["url"]})
        pair.contacts = {site.alpha.name: made["id"], site.beta.name: taken["id"]}
        await pair.deliver()
        if version == 2:  # whom a DID of an invitation was made for is known once it has spoken
            await pair.call(site.beta, "POST", f"/didcomm/contacts/{taken['id']}/pings", {})
            await pair.deliver()
        yield pair
    finally:
        await maint.close()
