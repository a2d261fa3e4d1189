"""A tenant's IACA and document signer: followed in time, once however many do it, made where they lack."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
import pytest_asyncio

from agent.operations.administering.create_tenant import UnknownTemplate, create_tenant
from agent.operations.administering.document_signers import renew
from agent.operations.issuing.make_credentials import begins
from agent.scope import Scope
from agent.scope.administering import CreatedTenant, CreateTenant
from protocols.x509 import load_certificate
from tests.houses import Site


@pytest_asyncio.fixture
async def motor(site: Site) -> CreatedTenant:
    return await create_tenant(
        await site.house.control(), CreateTenant("motor", "Motor", country="DE", configurations=("mdl", "pid_mdoc"))
    )


async def fresh(site: Site, tenant: CreatedTenant) -> Scope:
    """The tenant's world as it is now."""
    site.house.cache.clear()
    return await site.scope(tenant)


def later(scope: Scope, days: float) -> Scope:
    moment = scope.now() + timedelta(days=days)
    return replace(scope, now=lambda: moment)


async def keys(site: Site, tenant: CreatedTenant, purpose: str) -> list[tuple[str, bool, bool]]:
    """(state, whether it follows another, whether it has an end) of every key of the purpose, oldest first."""
    admin = await site.database.connect_admin()
    try:
        rows = await admin.fetch(
            "SELECT state, rotation_of, expires_at FROM agent.key_pairs WHERE tenant_id = $1 AND purpose = $2 ORDER BY id",
            tenant.id,
            purpose,
        )
    finally:
        await admin.close()
    return [(row["state"], row["rotation_of"] is not None, row["expires_at"] is not None) for row in rows]


async def test_a_signer_is_followed_before_its_longest_document_would_outlive_it(
    site: Site, motor: CreatedTenant
) -> None:
    scope = await fresh(site, motor)
    assert not await renew(scope)
    assert not await renew(later(scope, 457 - 122))
    assert await renew(later(scope, 457 - 119))  # ninety days of a licence, and thirty
    assert await keys(site, motor, "document_signer") == [("retiring", False, False), ("active", True, True)]
    assert await keys(site, motor, "iaca") == [("active", False, False)]
    new = (await fresh(site, motor)).catalogue.key("document_signer")
    certificate = load_certificate(new.x5c[0])
    assert certificate.not_after - certificate.not_before == timedelta(days=457)
    assert certificate.issuer == load_certificate(scope.catalogue.key("iaca").x5c[0]).subject


async def test_a_document_is_not_dated_before_the_certificate_that_signs_it(site: Site, motor: CreatedTenant) -> None:
    """Its time is rounded down to the day, which may be before a signer that was made today."""
    assert await renew(later(await fresh(site, motor), 457 - 119))
    scope = later(await fresh(site, motor), 457 - 119)
    signer = load_certificate(scope.catalogue.key("document_signer").x5c[0])
    assert begins(scope, scope.catalogue.configurations["mdl"]) >= signer.not_before


async def test_an_authority_is_followed_while_its_signers_still_hold(site: Site, motor: CreatedTenant) -> None:
    scope = await fresh(site, motor)
    before = load_certificate(scope.catalogue.key("iaca").x5c[0])
    assert await renew(later(scope, 8 * 365))
    assert await keys(site, motor, "iaca") == [("retiring", False, False), ("active", True, True)]
    after = await fresh(site, motor)
    new = load_certificate(after.catalogue.key("iaca").x5c[0])
    assert new.subject == before.subject
    assert {before.der, new.der} <= {one.certificate for one in after.catalogue.anchors}


async def test_two_processes_that_renew_at_once_make_one_signer(site: Site, motor: CreatedTenant) -> None:
    scope = await fresh(site, motor)
    done = await asyncio.gather(*(renew(scope, at_once=True) for _ in range(3)))
    assert sorted(done) == [False, False, True]
    assert [state for state, _, _ in await keys(site, motor, "document_signer")] == ["retiring", "active"]


async def test_a_tenant_of_before_gets_its_authority_from_the_worker(site: Site) -> None:
    admin = await site.database.connect_admin()
    try:
        removed = "DELETE FROM agent.key_pairs WHERE tenant_id = $1 AND purpose IN ('iaca', 'document_signer')"
        await admin.execute(removed, site.alpha.id)
    finally:
        await admin.close()
    site.house.cache.clear()
    assert (await site.api("GET", "/document-signing"))[0] == 404
    for tenant in (site.alpha, site.beta):
        scope = await site.scope(tenant)
        await asyncio.gather(*(renew(scope) for _ in range(2)))
    site.house.cache.clear()
    assert (await site.api("GET", "/document-signing"))[0] == 200
    assert [state for state, _, _ in await keys(site, site.alpha, "iaca")] == ["active"]
    assert [state for state, _, _ in await keys(site, site.beta, "iaca")] == ["active"]


async def test_a_tenant_begins_with_configurations_that_there_are(site: Site) -> None:
    with pytest.raises(UnknownTemplate):
        await create_tenant(await site.house.control(), CreateTenant("other", "Other", configurations=("mdl", "moon")))
    body = {"name": "other", "display_name": "Other", "country": "de"}
    assert (await site.api("POST", "/tenants", body, key=site.operator_key))[0] == 422
    body = {"name": "other", "display_name": "Other", "country": "AT", "configurations": ["pid_mdoc"]}
    status, made = await site.api("POST", "/tenants", body, key=site.operator_key)
    assert status == 201
    _, found = await site.api("GET", "/document-signing", key=made["api_key"])
    assert found["iaca"]["subject"].endswith("C=AT")


async def test_who_may_only_read_renews_nothing(site: Site) -> None:
    _, made = await site.api("POST", "/api-keys", {"name": "reader", "role": "verifier"})
    assert (await site.api("GET", "/document-signing", key=made["api_key"]))[0] == 200
    assert (await site.api("POST", "/document-signing/renew", {}, key=made["api_key"]))[0] == 403
