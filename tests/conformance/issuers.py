"""Issuers for the suite to look at: one tenant of each kind behind the front, and the target file of each."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.test_utils import RawTestServer
from cryptography.hazmat.primitives import serialization

from agent.compose.house import House
from agent.compose.server import handler
from agent.operations.administering.create_tenant import create_tenant
from agent.scope.administering import CreateTenant
from agent.tenancy import WORKER
from conformance import target as targets
from protocols.x509 import render_pem
from tests.agent.operations.mobile_wallet import LICENCE, NAMESPACE
from tests.authorizing import ERIKA, PASSWORD, REDIRECT, WalletProvider
from tests.databases import Database
from tests.faults.between import Between
from tests.faults.planted import ISSUING
from tests.houses import PERSON
from tests.wallets import HolderKey, b64

PROFILES = {"plain": ["openid4vci-1.0"], "haip": ["openid4vci-1.0", "haip-1.0"]}
DISPLAY = [{"name": "Ministry", "locale": "en"}, {"name": "Ministerium", "locale": "de"}]
LICENSED = {NAMESPACE: LICENCE}
LATER = {
    "credential_configuration_id": "pid_later",
    "format": "dc+sd-jwt",
    "type": "urn:eudi:pid:1",
    "scope": "pid_later",
    "binding_methods": ["jwk"],
    "proof_types": {"jwt": ["ES256"]},
}
"""Issued once it is paid for."""
TYPED = {
    "credential_configuration_id": "pid_typed",
    "format": "dc+sd-jwt",
    "type": "urn:eudi:pid:1",
    "scope": "pid_typed",
    "binding_methods": ["jwk"],
    "proof_types": {"jwt": ["ES256"]},
    "claims": [
        {"path": ["given_name"], "display": [{"name": "Given name", "locale": "en"}]},
        {"path": ["family_name"]},
    ],
    "display": [{"name": "Person", "locale": "en"}, {"name": "Ausweis", "locale": "de"}],
}
"""Issued by the address of its own type."""
ATTESTED = "https://wallet.example"


@dataclass(slots=True)
class Issuers:
    """The house and its database, the front before it, and the targets that were made."""

    house: House
    database: Database
    front: Between
    made: dict[str, targets.Target] = field(default_factory=dict)
    provider: WalletProvider = field(default_factory=WalletProvider)

    async def target(self, kind: str) -> targets.Target:
        """The target of this kind, made at its first use."""
        if kind not in self.made:
            self.made[kind] = await self._make(kind)
        return self.made[kind]

    async def _make(self, kind: str) -> targets.Target:
        self.front.plant(None)
        furnished = CreateTenant(kind, kind.title(), country="DE", configurations=("pid", "mdl"))
        made = await create_tenant(await self.house.control(), furnished)
        folder, key = self.house.config.home / kind, HolderKey()
        folder.mkdir()
        private = key.private.private_numbers().private_value.to_bytes(32)
        (folder / "key.jwk").write_text(json.dumps({**key.jwk, "d": b64(private)}))
        self._write_provider(folder)
        headers = {"Authorization": f"Bearer {made.api_key}"}
        async with aiohttp.ClientSession(f"{self.house.origin}/", headers=headers) as session:
            await self._furnish(session, kind, key)
        self.house.cache.clear()
        await self._anchor(kind, folder)
        return targets.parse(self._table(kind, made.credential_issuer, headers), folder)

    async def _furnish(self, session: aiohttp.ClientSession, kind: str, key: HolderKey) -> None:
        registered = {"client_id": "wallet", "name": "A wallet", "redirect_uris": [REDIRECT]}
        anchor = {"certificate": self.provider.pem, "roles": ["attest_wallet"], "name": "provider"}
        portal = {"client_id": "portal", "name": "Portal", "method": "private_key_jwt", "jwks": [key.jwk]}
        for method, path, body in (
            ("POST", "users", {"email": "erika@example.org", "password": PASSWORD, "claims": {**ERIKA, **LICENSED}}),
            ("POST", "clients", registered),
            ("POST", "clients", {**registered, "client_id": "other"}),
            ("POST", "clients", {**portal, "redirect_uris": [REDIRECT]}),
            ("POST", "trust-anchors", anchor),
            ("PATCH", "issuer", {"profiles": PROFILES[kind], "display": DISPLAY}),
            ("POST", "issuance-policies", {"name": "paid", "interval": 5, "fee": {"amount": "5", "currency": "EUR"}}),
            ("POST", "credential-configurations", LATER),
            ("PATCH", "credential-configurations/pid_later", {"policy": "paid"}),
            ("POST", "credential-configurations", TYPED),
            ("POST", "credential-types", {"credential_configuration_id": "pid_typed", "name": "person"}),
        ):
            async with session.request(method, f"/api/v1/{path}", json=body) as answer:
                assert answer.status in {201, 204}, await answer.text()

    def _write_provider(self, folder: Path) -> None:
        private = self.provider.key.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (folder / "provider.key").write_bytes(private)
        chain = f"-----BEGIN CERTIFICATE-----\n{self.provider.x5c[0]}\n-----END CERTIFICATE-----\n"
        (folder / "provider.pem").write_text(chain)

    async def _anchor(self, tenant: str, folder: Path) -> None:
        catalogue = (await self.house.scope_of(tenant, WORKER)).catalogue
        roots = (catalogue.key(purpose).x5c[0] for purpose in ("ca", "iaca"))
        (folder / "anchors.pem").write_text("".join(map(render_pem, roots)))

    def _table(self, kind: str, url: str, headers: dict[str, str]) -> dict[str, Any]:
        door = {"method": "POST", "url": f"{self.house.origin}/api/v1/credential-offers", "headers": headers}
        asked = {"credential_configuration_ids": ["pid"]}
        given, by_code = {**asked, "claims": PERSON}, {**asked, "grant": "authorization_code"}
        own = by_code if kind == "haip" else given
        later = {**own, "credential_configuration_ids": ["pid_later"]}
        paid = {"method": "PUT", "url": f"{self.house.origin}/api/v1/credential-offers/{{id}}/payment"}

        def offer(body: dict[str, Any], **more: str) -> dict[str, Any]:
            return {**door, "body": body, "uri": "credential_offer_uri", **more}

        issuer: dict[str, Any] = {
            "url": url,
            "configuration": "pid",
            "mdoc": "mdl",
            "typed": "pid_typed",
            "redirect_uri": REDIRECT,
            "sign_in": {"fields": {"username": "erika@example.org", "password": PASSWORD}},
            "offer": offer(own),
            "offer_by_value": offer({**own, "by_value": True}),
            "offer_by_code": offer(by_code),
            "offer_deferred": offer(later, id="issuance_id"),
            "approve": {**paid, "headers": headers},
        }
        if kind == "haip":
            provider = {"key": "provider.key", "chain": "provider.pem", "client_id": ATTESTED}
            issuer |= {"grant": "authorization_code", "provider": provider}
        else:
            registered = {"redirect_uri": REDIRECT}
            issuer |= {
                "client_id": "wallet",
                "offer_mdoc": offer({"credential_configuration_ids": ["mdl"], "claims": LICENSED}),
                "offer_typed": offer({**given, "credential_configuration_ids": ["pid_typed"]}),
                "offer_with_tx_code": offer({**given, "tx_code": True}, tx_code="tx_code"),
                "other_client": {"client_id": "other", **registered},
                "key_client": {"client_id": "portal", "key": "key.jwk", **registered},
            }
        return {"name": kind, "issuer": issuer, "trust": {"pem": "anchors.pem"}}


@asynccontextmanager
async def standing(house: House, database: Database) -> AsyncIterator[Issuers]:
    """The real server behind the front."""
    real = RawTestServer(handler(house))
    await real.start_server()
    async with aiohttp.ClientSession(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()) as session:
        between = Between(str(real.make_url("")).rstrip("/"), session, ISSUING)
        front = RawTestServer(between, port=house.config.port)
        await front.start_server()
        try:
            yield Issuers(house, database, between)
        finally:
            await front.close()
            await real.close()
