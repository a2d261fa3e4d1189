"""The house with its keys and key-encryption keys in a token instead of files."""

import secrets
from typing import Any

import pytest

from protocols.jose.jwk import verify_signature
from tests.houses import Site
from tests.softhsm import SoftHsm


@pytest.fixture
def settings(softhsm: SoftHsm) -> dict[str, Any]:
    own, kek = (softhsm.token(f"{name} {secrets.token_hex(4)}") for name in ("keys", "kek"))
    sections = {"PKCS11": own, "KEK": kek}
    named = {f"{section}_{name.upper()}": value for section, found in sections.items() for name, value in found.items()}
    return {"key_store": "pkcs11", "kek_store": "pkcs11", "plugin_settings": tuple(sorted(named.items()))}


async def test_a_tenant_whose_keys_are_in_a_token_offers_and_signs(site: Site) -> None:
    scope = await site.scope()
    for key in scope.catalogue.keys:
        assert key.handle.store == "pkcs11"
    issuer = scope.catalogue.key("issuer")
    assert verify_signature(issuer.jwk, "ES256", b"message", await scope.keys.sign(issuer.handle, b"message"))
    status, offer = await site.api("POST", "/credential-offers", {"credential_configuration_ids": ["pid"]})
    assert status == 201, offer
    files = {path.name for path in site.house.config.home.iterdir()}
    assert not {name for name in files if name.startswith(("keys.", "kek."))}
