"""No unit of work is open while a key store, a resolver or a peer is awaited (ARCHITECTURE.md, three ways)."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

import pytest

from agent.compose.house import House
from tests.deferring import Desk
from tests.houses import PERSON, Site
from tests.wallets import Wallet

OFFER = {"credential_configuration_ids": ["pid"], "claims": PERSON}
QUERY = {
    "credentials": [
        {
            "id": "pid",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": ["urn:eudi:pid:1"]},
            "claims": [{"path": ["given_name"]}],
        }
    ]
}


class Watch:
    """Notes what waits outside, and whether a connection of the house was in use at that moment."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.waited: list[str] = []
        self.in_a_unit: list[str] = []

    def over(self, name: str, function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @wraps(function)
        async def watched(*arguments: Any, **options: Any) -> Any:
            self.waited.append(name)
            if self._house.app.busy:
                self.in_a_unit.append(name)
            return await function(*arguments, **options)

        return watched


@pytest.fixture
def watch(site: Site, monkeypatch: pytest.MonkeyPatch) -> Watch:
    watch = Watch(site.house)
    for store in (site.house.kek_store, *site.house.plugins["key_stores"].values()):
        for name in ("generate", "public_key", "sign", "agree", "wrap", "unwrap"):
            monkeypatch.setattr(store, name, watch.over(name, getattr(store, name)))
    for family in ("trust_resolvers", "did_methods"):
        for plugin in site.house.plugins[family].values():
            monkeypatch.setattr(plugin, "resolve", watch.over("resolve", plugin.resolve))
    for name in ("get", "post"):
        monkeypatch.setattr(site.house.fetch, name, watch.over("fetch", getattr(site.house.fetch, name)))
    return watch


async def test_issuing_and_verifying_wait_outside_of_units(site: Site, watch: Watch) -> None:
    wallet = Wallet(site.session)
    _, authority = await site.api("GET", "/certificate-authority", key=site.beta.api_key)
    assert (await site.api("POST", "/trust-anchors", {"certificate": authority["pem"]}))[0] == 201
    site.house.cache.clear()
    for key in (site.alpha.api_key, site.beta.api_key):
        _, offer = await site.api("POST", "/credential-offers", OFFER, key)
        issued = await wallet.obtain(offer["credential_offer_uri"])
        assert issued.status == 200
        for mode in ("direct_post", "direct_post.jwt"):
            body = {"dcql_query": QUERY, "client_id_prefix": "x509_hash", "response_mode": mode}
            status, asked = await site.api("POST", "/presentation-requests", body)
            assert status == 201, asked
            credential = issued.body["credentials"][0]["credential"]
            answer = await wallet.present(asked["authorization_request_uri"], credential, {"given_name"})
            assert answer.status == 200, answer
    assert {"sign", "resolve", "fetch", "unwrap"} <= set(watch.waited)
    assert watch.in_a_unit == []


async def test_what_is_deferred_waits_outside_of_units(site: Site, watch: Watch) -> None:
    """A source that cannot be reached, then an approval, then the delivery."""
    desk = Desk(site)
    await desk.configure(claim_source={"kind": "webhook", "settings": {"url": "https://127.0.0.1/claims"}})
    taker = await desk.taker()
    assert (await taker.ask()).status == 503
    await desk.configure(claim_source={"kind": "given"})
    answer = await taker.ask()
    assert answer.status == 202
    await desk.approve(claims=PERSON)
    await desk.later()
    assert (await taker.come_back(answer.body["transaction_id"])).status == 200
    assert {"sign", "fetch"} <= set(watch.waited)
    assert watch.in_a_unit == []


async def test_making_a_tenant_waits_outside_of_units(site: Site, watch: Watch) -> None:
    body = {"name": "gamma", "display_name": "Gamma"}
    assert (await site.api("POST", "/tenants", body, site.operator_key))[0] == 201
    assert {"generate", "sign", "wrap"} <= set(watch.waited)
    assert watch.in_a_unit == []


async def test_the_watch_notices(site: Site, watch: Watch) -> None:
    scope = await site.scope()
    handle = scope.catalogue.key("issuer").handle
    await scope.keys.sign(handle, b"outside")
    async with scope.unit() as unit:
        await unit.presentations.open(scope.tenant.id)
        await scope.keys.sign(handle, b"inside")
    assert watch.waited[-2:] == ["sign", "sign"]
    assert watch.in_a_unit == ["sign"]
