"""Credo answers over the Digital Credentials API: a page of the verifier's own asks, and brings what it was given."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.interop.peers import CredoWallet, WalletRefused
from tests.interop.server import Server
from tests.interop.story import Tenant
from tests.interop.test_credo_mdoc import NAMESPACE, anchors

ORIGIN = "https://shop.example"
pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass(frozen=True, slots=True)
class Page:
    """The verifier's own page and the server behind it, which speaks to our admin API."""

    url: str
    key: str

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {self.key}"}) as session,
            session.request(method, f"{self.url}/api/v1/presentation-requests{path}", json=body) as answer,
        ):
            return answer.status, await answer.json()

    async def ask(self, query: Mapping[str, Any], **terms: Any) -> tuple[str, dict[str, Any]]:
        """The presentation's id, and what the page passes to the browser."""
        _, made = await self.call("POST", "", {"dcql_query": query, "origins": [ORIGIN], **terms})
        _, asked = await self.call("GET", f"/{made['presentation_id']}/digital-credential-request")
        return made["presentation_id"], asked

    async def bring(self, presentation: str, data: Mapping[str, Any], origin: str = ORIGIN) -> tuple[int, Any]:
        return await self.call("POST", f"/{presentation}/digital-credential", {"origin": origin, "data": dict(data)})


@pytest.fixture
def page(server: Server) -> Page:
    return Page(server.url, (server.home / "admin.key").read_text().strip())


async def query(tenant: Tenant) -> dict[str, Any]:
    """A name out of a pid and out of a driving licence."""
    pid = {"vct_values": [await tenant.vct("pid")]}
    name = [{"path": ["family_name"]}]
    element = [{"path": [NAMESPACE, "family_name"], "intent_to_retain": False}]
    licence = {"doctype_value": "org.iso.18013.5.1.mDL"}
    return {
        "credentials": [
            {"id": "pid", "format": "dc+sd-jwt", "meta": pid, "claims": name},
            {"id": "mdl", "format": "mso_mdoc", "meta": licence, "claims": element},
        ]
    }


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def wallet(credo_installed: None, server: Server) -> AsyncIterator[CredoWallet]:
    """Credo with a pid and a driving licence of the demo tenant, and the trust that goes with them."""
    tenant = Tenant(server.commands, f"{server.url}/t/demo", (await server.commands("ca"))["pem"])
    async with CredoWallet() as credo:
        for configuration in ("pid", "mdl"):
            offer = await tenant.commands("offer", configuration)
            await credo.accept_offer(offer["credential_offer_uri"], trust=await anchors(tenant))
        yield credo


@pytest_asyncio.fixture(loop_scope="session")
async def trust(tenant: Tenant) -> str:
    return await anchors(tenant)


async def test_credo_answers_requests_signed_and_unsigned_in_clear_and_encrypted(
    tenant: Tenant, wallet: CredoWallet, trust: str, page: Page
) -> None:
    asked_for = await query(tenant)
    for prefix, protocol, signer in (
        ("origin", "openid4vp-v1-unsigned", None),
        ("x509_hash", "openid4vp-v1-signed", "x5c"),
        ("x509_san_dns", "openid4vp-v1-signed", "x5c"),
        ("decentralized_identifier", "openid4vp-v1-signed", "did"),
    ):
        for mode in ("dc_api", "dc_api.jwt"):
            presentation, asked = await page.ask(asked_for, client_id_prefix=prefix, response_mode=mode)
            assert asked["protocol"] == protocol
            answer = await wallet.present_to_page(asked["data"], ORIGIN, trust=trust)
            assert answer.result["request"]["signed_by"] == signer
            assert not answer.exchanges
            assert answer.result["data"].keys() == ({"vp_token"} if mode == "dc_api" else {"response"})
            status, found = await page.bring(presentation, answer.result["data"])
            assert (status, found["state"], found["flow"]) == (200, "verified", "digital_credentials_api"), found
            shown = {one["id"]: one["claims"] for one in found["credentials"]}
            expected = {"family_name": "Mustermann"}
            assert shown == {"pid": expected, "mdl": {NAMESPACE: expected}}, json.dumps(shown)


@pytest.mark.parametrize("mode", ["dc_api", "dc_api.jwt"])
async def test_what_credo_made_for_another_origin_is_refused_wherever_it_is_brought_from(
    tenant: Tenant, wallet: CredoWallet, trust: str, page: Page, mode: str
) -> None:
    """An unsigned request names no origins, so a page that relays it gets an answer: one that is bound to that page."""
    asked_for = await query(tenant)
    relaying = "https://phishing.example"
    presentation, asked = await page.ask(asked_for, client_id_prefix="origin", response_mode=mode)
    answer = await wallet.present_to_page(asked["data"], relaying, trust=trust)
    status, problem = await page.bring(presentation, answer.result["data"], relaying)
    assert status == 400, problem
    status, problem = await page.bring(presentation, answer.result["data"])
    assert status == 400, problem
    _, found = await page.call("GET", f"/{presentation}")
    assert (found["state"], found["ignored"]) == ("refused", ["answer_malformed"])
    # A signed one names them, and Credo does not answer a page that is none of them.
    _, asked = await page.ask(asked_for, client_id_prefix="x509_hash", response_mode=mode)
    with pytest.raises(WalletRefused, match="expected_origins"):
        await wallet.present_to_page(asked["data"], relaying, trust=trust)


async def test_credo_does_not_read_a_request_of_several_signers(
    tenant: Tenant, wallet: CredoWallet, trust: str, page: Page
) -> None:
    """Credo 0.6.3 knows a JWS in its compact form alone, so of `openid4vp-v1-multisigned` it can say nothing."""
    prefixes = ["x509_hash", "x509_san_dns"]
    _, asked = await page.ask(await query(tenant), client_id_prefixes=prefixes, response_mode="dc_api")
    assert asked["protocol"] == "openid4vp-v1-multisigned"
    with pytest.raises(WalletRefused, match="Error validating schema"):
        await wallet.present_to_page(asked["data"], ORIGIN, trust=trust)
