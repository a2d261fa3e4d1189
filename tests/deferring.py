"""An issuer whose credentials wait: policies and sources set up, time pushed on, wallets that come back."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest_asyncio

from tests.authorizing import dpop
from tests.houses import Site
from tests.wallets import PRE_AUTHORIZED, Answer, HolderKey, Wallet, code_of

WAITING = {"name": "looked-at", "approval": True, "interval": 5}


@dataclass(slots=True)
class Taker:
    """A wallet with a token; bound to `dpop_key` when there is one."""

    wallet: Wallet
    issuer: str
    token: str
    issuance: str
    dpop_key: HolderKey | None = None

    def headers(self, path: str, **more: str) -> dict[str, str]:
        if self.dpop_key is None:
            return {"Authorization": f"Bearer {self.token}", **more}
        proof = dpop(self.dpop_key, "POST", f"{self.issuer}{path}", self.token)
        return {"Authorization": f"DPoP {self.token}", "DPoP": proof, **more}

    async def ask(self, key: HolderKey | None = None, configuration: str = "pid", **more: Any) -> Answer:
        proof = self.wallet.proof(self.issuer, await self.wallet.nonce(self.issuer), key)
        body = {"credential_configuration_id": configuration, "proofs": {"jwt": [proof]}} | more
        url = f"{self.issuer}/credential"
        return await self.wallet.send("POST", url, json=body, headers=self.headers("/credential"))

    async def come_back(self, transaction_id: Any, **more: Any) -> Answer:
        url, headers = f"{self.issuer}/deferred_credential", self.headers("/deferred_credential")
        return await self.wallet.send("POST", url, json={"transaction_id": transaction_id} | more, headers=headers)


@dataclass(slots=True)
class Desk:
    """Alpha, and its side of what waits."""

    site: Site
    keys: list[HolderKey] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        return self.site.alpha.credential_issuer

    async def policy(self, **body: Any) -> None:
        """The next version of a policy, and pid goes by it."""
        status, made = await self.site.api("POST", "/issuance-policies", {**WAITING, **body})
        assert status == 201, made
        await self.configure(policy=body.get("name", WAITING["name"]))

    async def configure(self, **body: Any) -> None:
        status, answer = await self.site.api("PATCH", "/credential-configurations/pid", body)
        assert status == 204, answer
        self.site.house.cache.clear()

    async def taker(self, bound: bool = False, **offer: Any) -> Taker:
        """Somebody who took an offer."""
        body = {"credential_configuration_ids": ["pid"]} | offer
        status, made = await self.site.api("POST", "/credential-offers", body)
        assert status == 201, made
        wallet, key = Wallet(self.site.session), HolderKey() if bound else None
        given = await wallet.offer(made["credential_offer_uri"])
        form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": code_of(given)}
        url = f"{self.issuer}/token"
        headers = {"DPoP": dpop(key, "POST", url)} if key else {}
        token = await wallet.send("POST", url, data=form, headers=headers)
        assert token.status == 200, token
        return Taker(wallet, self.issuer, token.body["access_token"], made["issuance_id"], key)

    async def waiting(self) -> list[dict[str, Any]]:
        status, found = await self.site.api("GET", "/approvals")
        assert status == 200, found
        return list(found["items"])

    async def approve(self, **body: Any) -> tuple[int, Any]:
        (one,) = await self.waiting()
        return await self.site.api("POST", f"/approvals/{one['id']}/approve", body)

    async def deny(self, reason: str = "unknown_person") -> tuple[int, Any]:
        (one,) = await self.waiting()
        return await self.site.api("POST", f"/approvals/{one['id']}/deny", {"reason": reason})

    async def admin(self, query: str, *arguments: Any) -> list[Any]:
        connection = await self.site.database.connect_admin()
        try:
            return list(await connection.fetch(query, *arguments))
        finally:
            await connection.close()

    async def later(self, seconds: int = 3600) -> None:
        """So much time passes for whoever has to wait."""
        await self.admin(
            "UPDATE deferred_issuances SET polled_at = polled_at - make_interval(secs => $1)", float(seconds)
        )

    async def outlive(self, taker: Taker) -> None:
        """The access token's time ends."""
        await self.admin(
            "UPDATE issuances SET token_expires_at = now() - interval '1 minute' WHERE id = $1", UUID(taker.issuance)
        )

    async def events(self, *kinds: str) -> list[str]:
        rows = await self.admin(
            "SELECT event_type AS kind FROM audit_logs WHERE tenant_id = $1"
            " UNION ALL SELECT description FROM security_events WHERE tenant_id = $1",
            self.site.alpha.id,
        )
        return [row["kind"] for row in rows if row["kind"] in kinds]


@pytest_asyncio.fixture
async def desk(site: Site) -> Desk:
    return Desk(site)
