"""Sphereon's client as the wallet: a second vendor's engine, beside Credo's."""

import os
from typing import Any

import pytest

from tests.authorizing import Person, answer_of
from tests.courts import Court
from tests.interop.credo.install import CannotInstall
from tests.interop.sphereon.peer import Answer, install, sphereon
from tests.wallets import claims_of


@pytest.fixture(autouse=True)
def installed() -> None:
    try:
        install()
    except CannotInstall as refusal:
        if os.environ.get("CI") == "true":
            pytest.fail(str(refusal))
        pytest.skip(str(refusal))


async def offer(court: Court, **body: Any) -> dict[str, Any]:
    status, made = await court.site.api("POST", "/credential-offers", {"credential_configuration_ids": ["pid"]} | body)
    assert status == 201, made
    return made


def require_credential(court: Court, answer: Answer, token_type: str) -> None:
    """One credential of ours, bound to the wallet's key, by a token of this type."""
    assert answer.ok, answer.error
    assert answer.result["token_type"] == token_type
    (issued,) = answer.result["response"]["credentials"]
    claims = claims_of(issued["credential"].split("~")[0])
    assert claims["vct"] == "urn:eudi:pid:1"
    assert claims["cnf"]["jwk"] == answer.result["holder"]


async def test_sphereon_takes_an_offer_with_a_transaction_code(court: Court) -> None:
    made = await offer(court, tx_code=True)
    right = str(made["tx_code"])
    wrong = right[:-1] + str((int(right[-1]) + 1) % 10)
    refused = await sphereon("pre-authorized", uri=made["credential_offer_uri"], tx_code=wrong)
    assert not refused.ok
    answer = await sphereon("pre-authorized", uri=made["credential_offer_uri"], tx_code=right)
    require_credential(court, answer, "Bearer")
    again = await sphereon("pre-authorized", uri=made["credential_offer_uri"], tx_code=right)
    assert not again.ok


async def test_sphereon_takes_an_offer_with_dpop_where_that_is_demanded(court: Court) -> None:
    await court.configure(policy={"require_dpop": True})
    made = await offer(court, by_value=True)
    assert not (await sphereon("pre-authorized", uri=made["credential_offer_uri"])).ok
    require_credential(court, await sphereon("pre-authorized", uri=made["credential_offer_uri"], dpop=True), "DPoP")


async def test_sphereon_goes_the_way_of_the_authorization_code(court: Court) -> None:
    """Pushed, with PKCE and DPoP, a person signing in between."""
    await court.configure(policy={"require_par": True, "require_dpop": True})
    made = await offer(court, grant="authorization_code")
    begun = await sphereon(
        "authorize",
        uri=made["credential_offer_uri"],
        client_id="wallet",
        redirect_uri="https://wallet.example/cb",
    )
    assert begun.ok, begun.error
    assert set(answer_of(begun.result["url"])) == {"client_id", "request_uri"}
    landed = await Person(court.site.session, court.issuer).visit(begun.result["url"])
    answer = await sphereon("code", state=begun.result["state"], landed=landed, dpop=True)
    require_credential(court, answer, "DPoP")
    assert not (await sphereon("code", state=begun.result["state"], landed=landed, dpop=True)).ok
