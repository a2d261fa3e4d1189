"""The issuer's keys change while what they signed lives on; types have an address with metadata, or a URN."""

import asyncio
import base64
import hashlib
import json
from typing import Any

import pytest
from cryptography import x509

from tests.agent.operations.test_offers import offer, second_configuration
from tests.courts import Court
from tests.houses import Site
from tests.wallets import Wallet, b64, claims_of, header_of


@pytest.fixture
def wallet(site: Site) -> Wallet:
    return Wallet(site.session)


async def issued(site: Site, wallet: Wallet) -> str:
    answer = await wallet.obtain((await offer(site))["credential_offer_uri"])
    assert answer.status == 200, answer
    return str(answer.body["credentials"][0]["credential"])


async def verified(site: Site, wallet: Wallet, credential: str, vct: str = "urn:eudi:pid:1") -> Any:
    meta = {"vct_values": [vct]}
    query = {"credentials": [{"id": "a", "format": "dc+sd-jwt", "meta": meta, "claims": [{"path": ["given_name"]}]}]}
    _, made = await site.api("POST", "/presentation-requests", {"dcql_query": query})
    await wallet.present(made["authorization_request_uri"], credential, {"given_name"})
    return (await site.api("GET", f"/presentation-requests/{made['presentation_id']}"))[1]["state"]


def leaf_key(credential: str) -> dict[str, str]:
    certificate = x509.load_der_x509_certificate(base64.b64decode(header_of(credential)["x5c"][0]))
    numbers: Any = certificate.public_key().public_numbers()  # type: ignore[union-attr]
    return {"x": b64(numbers.x.to_bytes(32, "big")), "y": b64(numbers.y.to_bytes(32, "big"))}


async def jwks(site: Site, wallet: Wallet) -> list[dict[str, Any]]:
    found = await wallet.send("GET", f"{site.url}/.well-known/oauth-authorization-server/t/alpha")
    answer = await wallet.send("GET", found.body["jwks_uri"])
    assert answer.headers["Content-Type"] == "application/jwk-set+json"
    metadata = await wallet.send("GET", f"{site.url}/.well-known/jwt-vc-issuer/t/alpha")
    assert metadata.body == {"issuer": site.alpha.credential_issuer, "jwks": answer.body}
    return list(answer.body["keys"])


async def test_a_rotated_key_signs_no_more_and_stays_published(site: Site, wallet: Wallet) -> None:
    before = await issued(site, wallet)
    (first,) = await jwks(site, wallet)
    assert leaf_key(before) == {"x": first["x"], "y": first["y"]}
    status, made = await site.api("POST", "/keys", {})
    assert (status, made["state"]) == (201, "active")
    site.house.cache.clear()
    after = await issued(site, wallet)
    now, old = await jwks(site, wallet)
    assert old == first
    assert now["kid"] == made["kid"]
    assert leaf_key(after) == {"x": now["x"], "y": now["y"]}
    assert set(now) == {"kty", "crv", "x", "y", "kid", "alg", "use"}
    assert await verified(site, wallet, before) == await verified(site, wallet, after) == "verified"
    listed = (await site.api("GET", "/keys"))[1]["items"]
    assert sorted(one["state"] for one in listed if one["purpose"] == "issuer") == ["active", "retiring"]
    signed = await wallet.send(
        "GET", f"{site.url}/.well-known/openid-credential-issuer/t/alpha", headers={"Accept": "application/jwt"}
    )
    assert leaf_key(signed.body) == leaf_key(after)


async def test_a_key_that_is_retired_is_published_no_more(site: Site, wallet: Wallet) -> None:
    await site.api("POST", "/keys", {"purpose": "issuer"})
    site.house.cache.clear()
    keys = {one["state"]: one for one in (await site.api("GET", "/keys"))[1]["items"] if one["purpose"] == "issuer"}
    assert (await site.api("DELETE", f"/keys/{keys['active']['id']}"))[0] == 404
    assert (await site.api("DELETE", f"/keys/{keys['retiring']['id']}", key=site.beta.api_key))[0] == 404
    assert (await site.api("DELETE", f"/keys/{keys['retiring']['id']}"))[0] == 204
    site.house.cache.clear()
    assert [one["kid"] for one in await jwks(site, wallet)] == [keys["active"]["kid"]]
    assert (await site.api("DELETE", f"/keys/{keys['retiring']['id']}"))[0] == 404


async def test_the_overlap_ends_by_itself(site: Site, wallet: Wallet) -> None:
    _, made = await site.api("POST", "/keys", {"overlap": 0})
    site.house.cache.clear()
    assert [one["kid"] for one in await jwks(site, wallet)] == [made["kid"]]


async def test_two_rotations_at_once_make_one_key(site: Site) -> None:
    answers = await asyncio.gather(*(site.api("POST", "/keys", {}) for _ in range(4)))
    assert sorted(status for status, _ in answers) == [201, 409, 409, 409]
    assert (await site.api("POST", "/keys", {"purpose": "ca"}))[0] == 422


async def publish(site: Site, **body: Any) -> tuple[int, Any]:
    status, made = await site.api(
        "POST", "/credential-types", {"credential_configuration_id": "pid", "name": "pid-1", **body}
    )
    site.house.cache.clear()
    return status, made


async def test_a_type_is_hosted_at_its_vct_with_integrity(site: Site, wallet: Wallet) -> None:
    status, made = await publish(site, title="PID", description="Who somebody is")
    vct = f"{site.alpha.credential_issuer}/types/pid-1"
    assert (status, made["vct"]) == (201, vct)
    async with site.session.get(vct) as answer:
        data = await answer.read()
        assert answer.content_type == "application/json"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    credential = await issued(site, wallet)
    claims = claims_of(credential.split("~")[0])
    assert claims["vct"] == vct
    assert claims["vct#integrity"] == made["integrity"] == f"sha256-{digest}"
    document = json.loads(data)
    assert (document["vct"], document["name"], document["description"]) == (vct, "PID", "Who somebody is")
    assert {one["locale"] for one in document["display"]} == {"en", "de"}
    assert document["display"][0]["rendering"] == {"simple": {"background_color": "#1f3a5f"}}
    by_path = {tuple(one["path"]): one for one in document["claims"]}
    assert by_path["given_name",]["sd"] == "always"
    assert by_path["address", "locality"]["sd"] == "never"
    assert by_path["given_name",]["display"][0] == {"locale": "en", "label": "Given name"}
    metadata = await wallet.metadata(site.alpha.credential_issuer)
    assert metadata["credential_configurations_supported"]["pid"]["vct"] == vct
    assert await verified(site, wallet, credential, vct) == "verified"


async def test_a_published_document_is_never_another(site: Site) -> None:
    assert (await publish(site))[0] == 201
    assert (await publish(site, title="Other"))[0] == 409
    assert (await publish(site, name="pid-2", title="Other"))[0] == 201
    for name in ("pid-1", "pid-2"):
        async with site.session.get(f"{site.alpha.credential_issuer}/types/{name}") as answer:
            assert answer.status == 200
    async with site.session.get(f"{site.beta.credential_issuer}/types/pid-1") as answer:
        assert answer.status == 404


async def test_the_tenant_chooses_between_urn_and_address(site: Site, wallet: Wallet) -> None:
    _, made = await publish(site)

    async def choose(vct: str) -> int:
        status, _ = await site.api("PATCH", "/credential-configurations/pid", {"vct": vct})
        site.house.cache.clear()
        return status

    assert await choose("urn:eudi:pid:1") == 204
    claims = claims_of((await issued(site, wallet)).split("~")[0])
    assert claims["vct"] == "urn:eudi:pid:1"
    assert "vct#integrity" not in claims
    assert await choose(made["vct"]) == 204
    assert claims_of((await issued(site, wallet)).split("~")[0])["vct"] == made["vct"]
    assert await choose("urn:nobody:1") == 404
    assert (await site.api("PATCH", "/credential-configurations/none", {"vct": made["vct"]}))[0] == 422


async def test_a_type_extends_another_with_its_integrity(site: Site) -> None:
    _, parent = await publish(site)
    await second_configuration(site)
    body = {"credential_configuration_id": "pid2", "name": "student", "extends": parent["vct"]}
    status, child = await site.api("POST", "/credential-types", body)
    assert status == 201, child
    async with site.session.get(child["vct"]) as answer:
        document = await answer.json()
    assert (document["extends"], document["extends#integrity"]) == (parent["vct"], parent["integrity"])
    unknown = {**body, "name": "other", "extends": f"{site.alpha.credential_issuer}/types/none"}
    assert (await site.api("POST", "/credential-types", unknown))[0] == 404
    foreign = {**body, "name": "foreign", "extends": "https://types.example/1", "extends_integrity": "sha256-AAAA"}
    status, made = await site.api("POST", "/credential-types", foreign)
    assert status == 201, made
    async with site.session.get(made["vct"]) as answer:
        assert (await answer.json())["extends#integrity"] == "sha256-AAAA"


@pytest.mark.parametrize(
    "body", [{"name": "../x"}, {"name": ""}, {"name": "a/b"}, {"extends": "no uri"}, {"extends_integrity": "md5-x"}]
)
async def test_types_that_cannot_be_published(site: Site, body: Any) -> None:
    assert (await publish(site, **body))[0] == 422


async def test_keys_and_types_are_changed_with_authority_alone(court: Court) -> None:
    site = court.site
    _, answer = await site.api("POST", "/api-keys", {"name": "issuer", "role": "issuer"})
    for method, path, body in (
        ("POST", "/keys", {}),
        ("GET", "/keys", None),
        ("POST", "/credential-types", {"credential_configuration_id": "pid", "name": "x"}),
        ("PATCH", "/credential-configurations/pid", {"vct": "urn:eudi:pid:1"}),
    ):
        assert (await site.api(method, path, body, key=answer["api_key"]))[0] == 403
