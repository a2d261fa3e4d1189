"""What tests of the verifier share: asking, answering, and credentials to answer with."""

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.houses import Site
from tests.wallets import Wallet, b64, claims_of, encrypt

NAMES = {"given_name", "family_name"}
PAYMENT = "org.example.payment"


def credential_query(query_id: str = "pid", **changes: Any) -> dict[str, Any]:
    claims = [{"path": ["given_name"]}, {"path": ["family_name"]}]
    return {
        "id": query_id,
        "format": "dc+sd-jwt",
        "meta": {"vct_values": ["urn:eudi:pid:1"]},
        "claims": claims,
        **changes,
    }


def query(**changes: Any) -> dict[str, Any]:
    return {"credentials": [credential_query(**changes)]}


async def ask(site: Site, dcql: Any = None, **body: Any) -> dict[str, Any]:
    status, made = await site.api("POST", "/presentation-requests", {"dcql_query": dcql or query(), **body})
    assert status == 201, made
    return made


async def result(site: Site, made: Mapping[str, Any]) -> dict[str, Any]:
    status, found = await site.api("GET", f"/presentation-requests/{made['presentation_id']}")
    assert status == 200
    return found


async def obtain(site: Site, wallet: Wallet) -> str:
    _, made = await site.api("POST", "/credential-offers", {"credential_configuration_ids": ["pid"]})
    return (await wallet.obtain(made["credential_offer_uri"])).body["credentials"][0]["credential"]


def parameters(link: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}


async def configure(site: Site, **settings: Any) -> None:
    """Set, and taken up by this process."""
    status, problem = await site.api("PATCH", "/verifier", settings)
    assert status == 204, problem
    scope = await site.scope()
    site.house.cache.forget_tenant(scope.tenant.id)


def hashes(*texts: str) -> list[str]:
    return [b64(hashlib.sha256(text.encode()).digest()) for text in texts]


def digital_answer(
    wallet: Wallet, credential: str, asked: Mapping[str, Any], origin: str, **changes: Any
) -> dict[str, Any]:
    """What a wallet returns over the Digital Credentials API for {protocol, data}."""
    request = digital_parameters(asked)
    (wanted,) = request["dcql_query"]["credentials"]
    presented = wallet.presentation(credential, {**request, "client_id": ""}, NAMES, aud=f"origin:{origin}", **changes)
    answer = {"vp_token": {wanted["id"]: [presented]}}
    if request["response_mode"] == "dc_api":
        return answer
    return {"response": encrypt(request["client_metadata"], answer)}


def digital_parameters(asked: Mapping[str, Any]) -> dict[str, Any]:
    if asked["protocol"] == "openid4vp-v1-unsigned":
        return dict(asked["data"])
    signed = asked["data"]["request"]
    return claims_of(signed if isinstance(signed, str) else f".{signed['payload']}.")
