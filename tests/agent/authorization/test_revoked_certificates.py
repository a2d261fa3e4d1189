"""Who is known by a certificate is so until its authority revokes it: clients and wallet providers alike."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import RawTestServer

from protocols import x509
from tests.authorizing import REDIRECT, WalletProvider
from tests.courts import Court
from tests.houses import Clock
from tests.revoking_authorities import PORT, Authority


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"client_certificate_header": "Client-Cert", "fetch_allow": f"localhost:{PORT}"}


@pytest_asyncio.fixture
async def authority(
    court: Court, clock: Clock, aiohttp_raw_server: Callable[..., Awaitable[RawTestServer]]
) -> AsyncIterator[Authority]:
    """Trusted to certify clients and wallet providers."""
    other = Authority(clock)
    await aiohttp_raw_server(other.serve, port=PORT)
    for role in ("authenticate_client", "attest_wallet"):
        anchor = {"certificate": x509.render_pem(other.certificate), "roles": [role], "name": role}
        assert (await court.site.api("POST", "/trust-anchors", anchor))[0] == 201
    yield other


async def test_a_client_whose_certificate_was_revoked_is_refused(
    court: Court, clock: Clock, authority: Authority
) -> None:
    body = {"client_id": "portal", "name": "Portal", "method": "tls_client_auth", "redirect_uris": [REDIRECT]}
    assert (await court.site.api("POST", "/clients", body | {"tls_client_auth_subject_dn": "CN=Leaf"}))[0] == 201
    court.site.house.cache.clear()
    certificate = authority.leaf(b"2" * 8)
    headers = {"Client-Cert": f":{base64.b64encode(certificate).decode()}:"}
    client = court.client(client_id="portal")
    assert (await client.push(headers)).status == 201
    authority.revoked = (certificate,)
    clock.forward(minutes=11)
    refused = await client.push(headers)
    assert (refused.status, refused.error) == (401, "invalid_client")


async def test_a_wallet_whose_provider_was_revoked_or_cannot_be_asked_about_is_refused(
    court: Court, authority: Authority
) -> None:
    provider = WalletProvider()
    certificate = authority.leaf(b"3" * 8, jwk=provider.key.jwk)
    provider.x5c = [base64.b64encode(certificate).decode()]
    court.provider = provider
    assert (await court.attested().push()).status == 201
    authority.status = 503
    court.site.house.cache.clear()
    assert (await court.attested().push()).error == "invalid_client_attestation"
    authority.status, authority.revoked = 200, (certificate,)
    assert (await court.attested().push()).error == "invalid_client_attestation"
    authority.revoked = ()
    court.site.house.cache.clear()
    assert (await court.attested().push()).status == 201
