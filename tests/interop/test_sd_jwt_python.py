"""A wallet on the SD-JWT reference implementation and jwcrypto presents over HTTP to a running verifier of ours."""

import asyncio
import json
import os
from typing import Any

import pytest

from tests.elsewhere import PERSON, Authority
from tests.houses import Site
from tests.interop.sd_jwt_python.install import HERE, CannotInstall, install
from tests.verifying import NAMES, ask, obtain
from tests.wallets import HolderKey, Wallet, b64

PREFIXES = ("x509_hash", "x509_san_dns", "decentralized_identifier", "redirect_uri")
MODES = ("direct_post", "direct_post.jwt")


@pytest.fixture(autouse=True)
def installed() -> None:
    try:
        install()
    except CannotInstall as refusal:
        if os.environ.get("CI") == "true":
            pytest.fail(str(refusal))
        pytest.skip(str(refusal))


@pytest.fixture
def wallet(site: Site) -> Wallet:
    return Wallet(site.session)


async def present(site: Site, made: dict[str, Any], credential: str, key: HolderKey) -> dict[str, Any]:
    """What the other wallet was answered."""
    python = await asyncio.to_thread(install)
    process = await asyncio.create_subprocess_exec(
        python, str(HERE / "peer.py"), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    _, authority = await site.api("GET", "/certificate-authority")
    asked = {
        "link": made["authorization_request_uri"],
        "credential": credential,
        "key": {**key.jwk, "d": b64(key.private.private_numbers().private_value.to_bytes(32, "big"))},
        "authority": authority["pem"],
    }
    printed, _ = await asyncio.wait_for(process.communicate(json.dumps(asked).encode()), 60)
    return dict(json.loads(printed))


async def report(site: Site, made: dict[str, Any]) -> dict[str, Any]:
    _, found = await site.api("GET", f"/verification-reports/{made['presentation_id']}")
    return dict(found)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("prefix", PREFIXES)
async def test_what_it_presents_is_verified(site: Site, wallet: Wallet, prefix: str, mode: str) -> None:
    credential = await obtain(site, wallet)
    made = await ask(site, client_id_prefix=prefix, response_mode=mode)
    answered = await present(site, made, credential, wallet.key)
    assert answered.get("status") == 200, answered
    assert answered["client_id"].startswith(f"{prefix}:")
    _, found = await site.api("GET", f"/presentation-requests/{made['presentation_id']}")
    assert found["state"] == "verified"
    shown = found["credentials"][0]["claims"]
    assert shown.keys() >= NAMES
    assert "birthdate" not in shown


async def test_a_credential_from_elsewhere_is_believed_under_a_policy_that_trusts_its_authority_alone(
    site: Site, wallet: Wallet
) -> None:
    other = Authority()
    await other.trusted(site, "issue")
    _, anchors = await site.api("GET", "/trust-anchors")
    known = {one["name"].split(" ")[0]: one["identifier"] for one in anchors["items"]}
    for name, identifier in known.items():
        body = {"name": name, "trust_list": [identifier], "activate": True}
        assert (await site.api("POST", "/verification-policies", body))[0] == 201
    credential = other.credential(wallet.key, PERSON)
    for name in known:
        made = await ask(site, policy=name)
        answered = await present(site, made, credential, wallet.key)
        expected = (200, []) if name == "elsewhere" else (400, ["untrusted_issuer"])
        assert (answered["status"], (await report(site, made))["errors"]) == expected


async def test_another_holder_is_refused_and_so_is_a_request_that_is_over(site: Site, wallet: Wallet) -> None:
    credential = await obtain(site, wallet)
    made = await ask(site)
    assert (await present(site, made, credential, HolderKey()))["status"] == 400
    assert (await report(site, made))["errors"] == ["invalid_key_binding"]
    made = await ask(site)
    assert (await present(site, made, credential, wallet.key))["status"] == 200
    assert "error" in await present(site, made, credential, wallet.key)  # the request is over, and not served again
