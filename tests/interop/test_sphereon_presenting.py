"""Sphereon's OpenID4VP client presents to a running verifier of ours: a second vendor's engine, beside Credo's."""

import asyncio
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from tests.houses import Site
from tests.interop.credo.install import CannotInstall
from tests.interop.sphereon_vp.install import install
from tests.interop.test_mdoc_peers import Ask, peer, private
from tests.verifying import NAMES, ask, obtain
from tests.wallets import HolderKey, Wallet

PREFIXES = ("x509_hash", "x509_san_dns", "decentralized_identifier")
MODES = ("direct_post", "direct_post.jwt")


@pytest.fixture(scope="module")
def holder() -> Iterator[Ask]:
    def command() -> list[str]:
        script, node = install()
        return [node.node, str(script)]

    yield from peer(command, CannotInstall)


@pytest.fixture
def wallet(site: Site) -> Wallet:
    return Wallet(site.session)


async def present(site: Site, holder: Ask, made: dict[str, Any], credential: str, key: HolderKey) -> Any:
    """What the other wallet was answered, or why it did not answer."""
    _, authority = await site.api("GET", "/certificate-authority")
    asked = {"link": made["authorization_request_uri"], "credential": credential, "key": private(key)}
    return await asyncio.to_thread(holder, {**asked, "authority": authority["pem"]})


async def test_what_sphereon_presents_is_verified(site: Site, wallet: Wallet, holder: Ask) -> None:
    """Signed requests under each prefix that the client knows, fetched and by value, answered in clear and encrypted."""
    credential = await obtain(site, wallet)
    for prefix, mode, by_value in product(PREFIXES, MODES, (False, True)):
        made = await ask(site, client_id_prefix=prefix, response_mode=mode, by_value=by_value)
        answered = await present(site, holder, made, credential, wallet.key)
        assert answered["ok"], answered
        assert (answered["result"]["status"], answered["result"]["client_id"]) == (200, made["client_id"])
        _, found = await site.api("GET", f"/presentation-requests/{made['presentation_id']}")
        assert found["state"] == "verified"
        assert found["credentials"][0]["claims"].keys() >= NAMES
        assert "birthdate" not in found["credentials"][0]["claims"]


async def test_what_sphereon_presents_for_somebody_else_or_a_second_time_is_refused(
    site: Site, wallet: Wallet, holder: Ask
) -> None:
    credential = await obtain(site, wallet)
    made = await ask(site)
    assert (await present(site, holder, made, credential, HolderKey()))["result"]["status"] == 400
    _, found = await site.api("GET", f"/verification-reports/{made['presentation_id']}")
    assert found["errors"] == ["invalid_key_binding"]
    made = await ask(site)
    assert (await present(site, holder, made, credential, wallet.key))["result"]["status"] == 200
    assert not (await present(site, holder, made, credential, wallet.key))[
        "ok"
    ]  # the request is over, not served again
