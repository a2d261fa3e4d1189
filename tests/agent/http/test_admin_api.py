"""The admin API: default deny, closed bodies, idempotency, isolation, its description."""

import asyncio
from typing import Any

import pytest
from yarl import URL

from agent.http import admin_routes
from agent.http.public_routes import ROUTES as PUBLIC
from agent.http.vc_api_routes import ROUTES as VC_API
from agent.operations.administering import scopes
from tests.houses import Site

OFFER = {"credential_configuration_ids": ["pid"]}
ID = "00000000-0000-7000-8000-000000000000"


async def key_of(site: Site, role: str) -> str:
    status, made = await site.api("POST", "/api-keys", {"name": role, "role": role})
    assert status == 201
    return made["api_key"]


def filled(path: str) -> str:
    return "/".join(ID if part.startswith("{") else part for part in path.removeprefix("/api/v1").split("/"))


def test_every_admin_route_needs_a_scope_that_a_role_has() -> None:
    assert all(row.requires in scopes.EVERY for row in admin_routes.ROUTES)
    assert all(row.path.startswith("/api/v1/") for row in admin_routes.ROUTES)


def test_tenant_routes_are_public_on_purpose_and_none_is_below_the_admin_api() -> None:
    assert all(row.requires is None and "api/" not in row.path for row in PUBLIC if row not in VC_API)
    assert all(row.requires in scopes.EVERY and row.path.startswith("/vc-api/{suite}/") for row in VC_API)


async def test_every_route_refuses_who_has_no_key_a_wrong_key_or_the_wrong_role(site: Site) -> None:
    roles = {role: await key_of(site, role) for role in ("issuer", "verifier", "auditor")}
    roles["administrator"], roles["operator"] = site.alpha.api_key, site.operator_key
    granted = {**scopes.ROLES, "operator": scopes.OPERATOR}
    for row in admin_routes.ROUTES:
        path = filled(row.path)
        for wrong in ("nonsense", site.alpha.api_key[:-1] + ("0" if site.alpha.api_key[-1] != "0" else "1")):
            status, problem = await site.api(row.method, path, {}, wrong)
            assert (status, problem["code"]) == (401, "unauthorized"), row.path
        for role, key in roles.items():
            status, problem = await site.api(row.method, path, {"no": "such member"}, key)
            if row.requires in granted[role]:
                assert status not in (401, 403), (role, row.path, problem)
            else:
                assert (status, problem["code"]) == (403, "forbidden"), (role, row.path)


async def test_a_call_without_a_key_is_challenged(site: Site) -> None:
    async with site.session.get(f"{site.url}/api/v1/credentials") as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.content_type == "application/problem+json"


async def test_a_revoked_key_is_refused(site: Site) -> None:
    _, made = await site.api("POST", "/api-keys", {"name": "short", "role": "issuer"})
    assert (await site.api("DELETE", f"/api-keys/{made['id']}"))[0] == 204
    assert (await site.api("GET", "/credentials", key=made["api_key"]))[0] == 401
    assert (await site.api("DELETE", f"/api-keys/{made['id']}"))[0] == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/credential-offers", {**OFFER, "surprise": 1}),
        ("/credential-offers", {"credential_configuration_ids": []}),
        ("/credential-offers", {**OFFER, "tx_code": "maybe"}),
        ("/credential-offers", {**OFFER, "expires_in": 1}),
        ("/presentation-requests", {}),
        ("/trust-anchors", {"certificate": "x", "roles": ["king"]}),
        ("/api-keys", {"name": "x"}),
    ],
)
async def test_bodies_that_do_not_fit_are_refused_and_not_repeated(site: Site, path: str, body: Any) -> None:
    status, problem = await site.api("POST", path, body)
    assert (status, problem["code"]) == (422, "invalid_input")
    assert problem["errors"]


async def test_a_role_that_nobody_may_hand_out_is_refused(site: Site) -> None:
    status, problem = await site.api("POST", "/api-keys", {"name": "x", "role": "operator"})
    assert (status, problem["code"]) == (422, "unknown_role")


async def test_an_idempotency_key_makes_one_offer_of_many_calls(site: Site) -> None:
    calls = [site.api("POST", "/credential-offers", OFFER, None, **{"Idempotency-Key": "k1"}) for _ in range(8)]
    answers = await asyncio.gather(*calls)
    made = {body["issuance_id"] for status, body in answers if status == 201}
    assert len(made) == 1
    assert {status for status, _ in answers} <= {201, 409}
    again = await site.api("POST", "/credential-offers", OFFER, None, **{"Idempotency-Key": "k1"})
    assert again == (201, next(body for status, body in answers if status == 201))
    other = {**OFFER, "tx_code": True}
    status, problem = await site.api("POST", "/credential-offers", other, None, **{"Idempotency-Key": "k1"})
    assert (status, problem["code"]) == (422, "idempotency_key_reused")
    status, body = await site.api("POST", "/credential-offers", OFFER, site.beta.api_key, **{"Idempotency-Key": "k1"})
    assert status == 201
    assert body["issuance_id"] not in made


async def test_a_failed_call_leaves_its_idempotency_key_free(site: Site) -> None:
    bad = {"credential_configuration_ids": ["unknown"]}
    assert (await site.api("POST", "/credential-offers", bad, None, **{"Idempotency-Key": "k2"}))[0] == 422
    assert (await site.api("POST", "/credential-offers", OFFER, None, **{"Idempotency-Key": "k2"}))[0] == 201


async def test_one_tenant_cannot_reach_anothers_things(site: Site) -> None:
    _, made = await site.api("POST", "/credential-offers", OFFER)
    assert (await site.api("GET", f"/credential-offers/{made['issuance_id']}", key=site.beta.api_key))[0] == 404
    assert (await site.api("POST", f"/credentials/{made['issuance_id']}/revoke", {}, site.beta.api_key))[0] == 404


async def test_the_operator_makes_tenants_that_work_at_once(site: Site) -> None:
    body = {"name": "gamma", "display_name": "Gamma"}
    status, made = await site.api("POST", "/tenants", body, site.operator_key)
    assert status == 201
    assert made["credential_issuer"] == f"{site.url}/t/gamma"
    assert (await site.api("POST", "/tenants", body, site.operator_key))[0] == 409
    claims = {**OFFER, "claims": {"given_name": "Ada"}}
    assert (await site.api("POST", "/credential-offers", claims, made["api_key"]))[0] == 201
    _, listed = await site.api("GET", "/tenants", key=site.operator_key)
    assert [one["name"] for one in listed["items"]] == ["alpha", "beta", "gamma"]


async def test_something_that_is_no_ca_is_not_trusted(site: Site) -> None:
    leaf = (await site.scope()).catalogue.key("issuer").x5c[0]
    from protocols import x509

    status, _ = await site.api("POST", "/trust-anchors", {"certificate": x509.render_pem(leaf)})
    assert status == 400
    assert (await site.api("POST", "/trust-anchors", {"certificate": "rubbish"}))[0] == 400


async def test_the_description_is_valid_openapi_and_names_every_route(site: Site) -> None:
    from openapi_spec_validator import validate

    async with site.session.get(f"{site.url}/api/openapi.json") as answer:
        assert answer.status == 200
        described = await answer.json()
    validate(described)
    assert described["openapi"].startswith("3.1")
    rows = {(row.path, row.method.lower()) for row in admin_routes.ROUTES}
    assert rows == {(path, method) for path, methods in described["paths"].items() for method in methods}


async def test_unknown_paths_and_methods(site: Site) -> None:
    assert (await site.api("GET", "/nowhere"))[0] == 404
    assert (await site.api("PUT", "/credentials"))[0] == 405
    async with site.session.get(URL(f"{site.url}/t/alpha/%2e%2e/beta/token", encoded=True)) as answer:
        assert answer.status == 404


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(site: Site) -> None:
    async with site.session.post(f"{site.url}/t/alpha/token", data=b"x" * 1_000_001) as answer:
        assert answer.status == 413


async def test_lists_have_cursors(site: Site) -> None:
    _, listed = await site.api("GET", "/credentials")
    assert listed == {"items": [], "next": None}
    assert (await site.api("GET", "/credentials?after=rubbish"))[0] == 404
