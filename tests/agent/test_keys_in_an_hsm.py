"""The house with its keys and key-encryption keys in a token instead of files, for all tenants or for one purpose."""

import secrets
from typing import Any

import pytest

from agent.operations.administering.document_signers import IACA, SIGNER
from protocols.jose.jwk import verify_signature
from tests.houses import PERSON, Site
from tests.softhsm import SoftHsm
from tests.wallets import Wallet

OFFER = {"credential_configuration_ids": ["pid"], "claims": PERSON}


def sections(softhsm: SoftHsm, *names: str) -> tuple[tuple[str, str], ...]:
    """Settings of plugins, each with a token of its own."""
    found = {name: softhsm.token(f"{name} {secrets.token_hex(4)}") for name in names}
    return tuple(sorted((f"{name}_{key.upper()}", value) for name, one in found.items() for key, value in one.items()))


class TestForAll:
    """Everything in tokens."""

    @pytest.fixture
    def settings(self, softhsm: SoftHsm) -> dict[str, Any]:
        found = sections(softhsm, "PKCS11", "KEK")
        return {"key_store": "pkcs11", "kek_store": "pkcs11", "plugin_settings": found}

    async def test_a_tenant_whose_keys_are_in_a_token_offers_and_signs(self, site: Site) -> None:
        scope = await site.scope()
        for key in scope.catalogue.keys:
            assert key.handle.store == "pkcs11"
        issuer = scope.catalogue.key("issuer")
        assert verify_signature(issuer.jwk, "ES256", b"message", await scope.keys.sign(issuer.handle, b"message"))
        made = await Wallet(site.session).obtain(
            (await site.api("POST", "/credential-offers", OFFER))[1]["credential_offer_uri"]
        )
        assert made.status == 200
        files = {path.name for path in site.house.config.home.iterdir()}
        assert not {name for name in files if name.startswith(("keys.", "kek."))}


class TestForOnePurpose:
    """The issuer's key in a token, the others where this server keeps keys by default."""

    @pytest.fixture
    def settings(self, softhsm: SoftHsm) -> dict[str, Any]:
        return {"plugins": "key_stores:askar,pkcs11", "plugin_settings": sections(softhsm, "PKCS11")}

    async def test_a_tenant_chooses_its_store_by_purpose(self, site: Site) -> None:
        body = {"name": "gamma", "display_name": "Gamma", "key_stores": {"issuer": "pkcs11", "messaging": "pkcs11"}}
        status, made = await site.api("POST", "/tenants", body, site.operator_key)
        assert status == 201, made
        scope = await site.house.scope_of("gamma", (await site.scope()).principal)
        stores = {key.purpose: key.handle.store for key in scope.catalogue.keys}
        assert [stores[one] for one in ("ca", "issuer", "verifier", "audit")] == ["askar", "pkcs11", "askar", "askar"]
        elsewhere = ("ca", "verifier", "audit", IACA, SIGNER)
        assert {store for purpose, store in stores.items() if purpose not in elsewhere} == {"pkcs11"}
        _, offer = await site.api("POST", "/credential-offers", OFFER, made["api_key"])
        assert (await Wallet(site.session).obtain(offer["credential_offer_uri"])).status == 200

    @pytest.mark.parametrize(
        ("stores", "refusal"), [({"issuer": "vault"}, 400), ({"archive": "askar"}, 400), ({"issuer": ""}, 422)]
    )
    async def test_a_store_that_is_not_on_is_refused_before_a_key_is_made(
        self, site: Site, stores: dict[str, str], refusal: int
    ) -> None:
        body = {"name": "delta", "display_name": "Delta", "key_stores": stores}
        status, answer = await site.api("POST", "/tenants", body, site.operator_key)
        assert status == refusal, answer
        _, listed = await site.api("GET", "/tenants", key=site.operator_key)
        assert [one["name"] for one in listed["items"]] == ["alpha", "beta"]
