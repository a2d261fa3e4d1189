"""A plugin from a package that is not ours: installed beside us, named in configuration, and used like our own."""

import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import pytest

from tests.servers import Servers
from tests.wallets import Wallet, b64, claims_of, compact

OURS = ("jwk", "key", "peer", "universal", "web", "webvh")
PROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "chancery-did-pebble"
version = "1"

[project.entry-points."chancery.did_methods"]
pebble = "pebble_for_chancery:DidPebble"

[tool.setuptools]
py-modules = ["pebble_for_chancery"]
"""
MODULE = '''
"""did:pebble: a JWK that is its own DID, by somebody who knows the ports only."""

import base64
import json

from protocols.did import DidDocument


class DidPebble:
    method = "pebble"

    def __init__(self, tools):
        self._suffix = tools.settings.get("suffix", "0")

    async def resolve(self, did):
        encoded = did.removeprefix("did:pebble:")
        jwk = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
        key = {"id": f"{did}#{self._suffix}", "type": "JsonWebKey2020", "controller": did, "publicKeyJwk": jwk}
        return DidDocument(did, {"id": did, "verificationMethod": [key], "authentication": [key["id"]]})
'''


@pytest.fixture(scope="module")
def site_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, built and installed into a folder of its own."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("site")
    (source / "pyproject.toml").write_text(PROJECT)
    (source / "pebble_for_chancery.py").write_text(MODULE)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "--no-index", "--target", target, source], check=True)
    return target


async def enabled(servers: Servers) -> dict[str, bool]:
    """The DID methods that are installed, and whether each is on, as the server says."""
    headers = {"Authorization": f"Bearer {servers.tenant.api_key}"}
    url = f"{servers.url}/api/v1/plugins"
    async with aiohttp.ClientSession(headers=headers) as session, session.get(url) as answer:
        items = (await answer.json())["items"]
    return {one["name"]: one["enabled"] for one in items if one["family"] == "did_methods"}


async def issue(servers: Servers) -> tuple[int, dict[str, object]]:
    """An issuance to a key that is named by a did:pebble."""
    async with aiohttp.ClientSession() as session:
        wallet = Wallet(session)
        made = await servers.offer(session)
        offer = await wallet.offer(made["credential_offer_uri"])
        issuer = offer["credential_issuer"]
        token = (await wallet.token(offer)).body["access_token"]
        kid = f"did:pebble:{b64(compact(wallet.key.jwk))}#stone"
        claims = {"aud": issuer, "iat": int(time.time()), "nonce": await wallet.nonce(issuer)}
        proof = wallet.key.jwt({"typ": "openid4vci-proof+jwt", "kid": kid}, claims)
        answer = await wallet.credential(issuer, token, {"jwt": [proof]})
        if answer.status != 200:
            return answer.status, answer.body
        return 200, {"cnf": claims_of(answer.body["credentials"][0]["credential"].split("~")[0])["cnf"], "kid": kid}


async def test_a_package_of_somebody_else_is_used_when_it_is_named(servers: Servers, site_packages: Path) -> None:
    servers.settings |= {
        "PYTHONPATH": str(site_packages),
        "CHANCERY_PLUGINS": "did_methods:key,pebble",
        "CHANCERY_PLUGIN_PEBBLE_SUFFIX": "stone",
    }
    await servers.start()
    assert await enabled(servers) == {**dict.fromkeys(OURS, False), "key": True, "pebble": True}
    status, found = await issue(servers)
    assert status == 200, found
    assert found["cnf"] == {"kid": found["kid"]}


async def test_a_package_that_is_installed_and_not_named_stays_off(servers: Servers, site_packages: Path) -> None:
    servers.settings |= {"PYTHONPATH": str(site_packages)}
    await servers.start()
    assert await enabled(servers) == {**dict.fromkeys(OURS, True), "pebble": False}
    status, refusal = await issue(servers)
    assert (status, refusal["error"]) == (400, "invalid_proof")


async def test_a_name_that_is_not_installed_is_answered_with_the_names_that_are(servers: Servers) -> None:
    servers.settings |= {"CHANCERY_PLUGINS": "did_methods:key,pebble"}
    with pytest.raises(AssertionError, match="no plugin 'pebble' in did_methods; installed are jwk, key, peer, "):
        await servers.start()
