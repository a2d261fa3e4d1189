"""openid4vci's messages and Authlib's OAuth as the wallet: a third engine, in Python, behind a proxy that ends TLS."""

import asyncio
import json
import os
from typing import Any

import pytest

from tests.authorizing import Person
from tests.courts import Court
from tests.interop.openid4vci_python.install import HERE, CannotInstall, install
from tests.wallets import claims_of

PUBLIC = "https://issuer.example"
CALLBACK = "https://wallet.example/cb"


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"public_url": PUBLIC}


@pytest.fixture(autouse=True)
def installed() -> None:
    try:
        install()
    except CannotInstall as refusal:
        if os.environ.get("CI") == "true":
            pytest.fail(str(refusal))
        pytest.skip(str(refusal))


async def peer(court: Court, command: str, **arguments: Any) -> dict[str, Any]:
    python = await asyncio.to_thread(install)
    process = await asyncio.create_subprocess_exec(
        python, str(HERE / "peer.py"), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    request = {"command": command, "public": PUBLIC, "server": local(court), **arguments}
    printed, _ = await asyncio.wait_for(process.communicate(json.dumps(request).encode()), 60)
    answer: dict[str, Any] = json.loads(printed)
    return answer


def local(court: Court) -> str:
    return f"http://localhost:{court.site.house.config.port}"


async def offer(court: Court, **body: Any) -> dict[str, Any]:
    status, made = await court.site.api("POST", "/credential-offers", {"credential_configuration_ids": ["pid"]} | body)
    assert status == 201, made
    return made


def require_credential(answer: dict[str, Any], named: str) -> None:
    assert answer["ok"], answer
    claims = claims_of(answer["result"]["credential"].split("~")[0])
    assert (claims["vct"], claims["cnf"]["jwk"]) == ("urn:eudi:pid:1", answer["result"]["holder"])
    assert (answer["result"]["noted"], answer["result"]["named"]) == (204, [named])


@pytest.mark.parametrize("by_value", [True, False])
async def test_openid4vci_takes_an_offer_with_a_transaction_code(court: Court, by_value: bool) -> None:
    made = await offer(court, tx_code=True, by_value=by_value)
    right, uri = str(made["tx_code"]), made["credential_offer_uri"]
    wrong = right[:-1] + str((int(right[-1]) + 1) % 10)
    refused = await peer(court, "pre-authorized", offer=uri, tx_code=wrong)
    assert (refused["ok"], "invalid_grant" in refused["error"]) == (False, True)
    require_credential(await peer(court, "pre-authorized", offer=uri, tx_code=right), "credential_configuration_id")


async def test_openid4vci_goes_the_way_of_the_authorization_code(court: Court) -> None:
    """Nothing pushed, PKCE, authorization_details; a person signs in between."""
    made = await offer(court, grant="authorization_code", by_value=True)
    client = {"offer": made["credential_offer_uri"], "client_id": "wallet", "redirect_uri": CALLBACK}
    begun = await peer(court, "begin", **client)
    assert begun["ok"], begun
    landed = await browser(court).visit(begun["result"]["url"])
    ended = await peer(court, "finish", **client, landed=landed, state=begun["result"]["state"])
    require_credential(ended, "credential_identifier")
    again = await peer(court, "finish", **client, landed=landed, state=begun["result"]["state"])
    assert (again["ok"], "invalid_grant" in again["error"]) == (False, True)


def browser(court: Court) -> Person:
    """A person's browser, which reaches the server through the proxy too."""

    class Proxied(Person):
        async def go(self, method: str, url: str, **form: str) -> tuple[int, dict[str, str], str]:
            return await super().go(method, url.replace(PUBLIC, local(court)), **form)

    return Proxied(court.site.session, court.issuer)
