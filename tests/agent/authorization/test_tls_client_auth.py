"""tls_client_auth (RFC 8705, 2.1): a certificate names the client, and the tenant trusts its authority for clients."""

import base64
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agent.contracts.keys import Key
from protocols import x509
from tests.authorizing import REDIRECT, Person
from tests.courts import Court

METHOD = "tls_client_auth"
SUBJECT = {"common_name": "portal", "organization_name": "Example"}
DISTINGUISHED = {"tls_client_auth_subject_dn": "CN=portal,O=Example"}
SERVER_ONLY = ["server_auth"]
BEHIND_A_PROXY = pytest.mark.parametrize("settings", [{"client_certificate_header": "Client-Cert"}])


class Authority:
    """Certifies clients."""

    def __init__(self) -> None:
        self.key, now = Key(), datetime.now(UTC)
        times: dict[str, Any] = {"not_before": now - timedelta(days=9), "not_after": now + timedelta(days=9)}
        made = x509.prepare_ca({"common_name": "CA"}, self.key.jwk, algorithm="ES256", serial=os.urandom(16), **times)
        self.der = x509.seal(made, self.key.sign(made.payload))

    def certify(self, subject: dict[str, str] = SUBJECT, days: int = 1, **names: Any) -> dict[str, str]:
        """The header in which a proxy passes a certificate that ends in some days (RFC 9440)."""
        now = datetime.now(UTC)
        made = x509.prepare_leaf(
            dict(reversed(subject.items())),
            Key().jwk,
            algorithm="ES256",
            serial=os.urandom(16),
            not_before=now - timedelta(days=8),
            not_after=now + timedelta(days=days),
            issuer=self.der,
            **names,
        )
        der = x509.seal(made, self.key.sign(made.payload))
        return {"Client-Cert": f":{base64.b64encode(der).decode()}:"}


async def registered(court: Court, authority: Authority, role: str = "authenticate_client", **subject: str) -> Any:
    """The client of that certificate's subject, under an authority trusted for this role."""
    anchor = {"certificate": x509.render_pem(authority.der), "roles": [role], "name": "clients"}
    assert (await court.site.api("POST", "/trust-anchors", anchor))[0] == 201
    body = {"client_id": "portal", "name": "Portal", "method": METHOD, "redirect_uris": [REDIRECT]}
    status, answer = await court.site.api("POST", "/clients", body | (subject or DISTINGUISHED))
    assert status == 201, answer
    court.site.house.cache.clear()
    return court.client(client_id="portal")


@BEHIND_A_PROXY
async def test_a_certified_client_obtains_tokens_bound_to_its_certificate(court: Court) -> None:
    authority = Authority()
    client = await registered(court, authority)
    url = f"{court.site.url}/.well-known/oauth-authorization-server/t/alpha"
    shown = (await client.wallet.send("GET", url)).body
    assert METHOD in shown["token_endpoint_auth_methods_supported"]
    assert shown["tls_client_certificate_bound_access_tokens"] is True
    own = authority.certify()
    pushed = await client.push(own)
    assert pushed.status == 201, pushed
    code = (await Person(court.site.session, court.issuer).answer("portal", pushed.body["request_uri"]))["code"]
    answer = (await client.redeem(code, own)).body
    bearer = {"Authorization": f"Bearer {answer['access_token']}"}
    assert (await client.credential(answer["access_token"], bearer)).status == 401
    assert (await client.credential(answer["access_token"], bearer | authority.certify())).status == 401
    assert (await client.credential(answer["access_token"], bearer | own)).status == 200
    renewed = authority.certify()  # another key under the same name: the same client
    assert (await client.refresh(answer["refresh_token"], renewed)).status == 200


@BEHIND_A_PROXY
async def test_a_certificate_that_does_not_prove_the_client_is_refused(court: Court) -> None:
    authority, stranger = Authority(), Authority()
    client = await registered(court, authority)
    refused = {
        "no certificate": {},
        "another subject": authority.certify({**SUBJECT, "common_name": "other"}),
        "more than the subject": authority.certify({**SUBJECT, "country_name": "ZZ"}),
        "less than the subject": authority.certify({"common_name": "portal"}),
        "the subject as a DNS name": authority.certify({"common_name": "other"}, dns=["portal"]),
        "a chain to nobody": stranger.certify(),
        "expired": authority.certify(days=-1),
        "for servers only": authority.certify(extended_key_usage=SERVER_ONLY),
        "the authority's own": {"Client-Cert": f":{base64.b64encode(authority.der).decode()}:"},
    }
    for fault, headers in refused.items():
        answer = await client.push(headers)
        assert (answer.status, answer.error) == (401, "invalid_client"), fault
    assert (await client.push(authority.certify(extended_key_usage=["client_auth"]))).status == 201


@BEHIND_A_PROXY
@pytest.mark.parametrize("role", ["attest_wallet", "issue"])
async def test_an_authority_trusted_for_something_else_certifies_no_clients(court: Court, role: str) -> None:
    authority = Authority()
    client = await registered(court, authority, role)
    assert (await client.push(authority.certify())).error == "invalid_client"


@BEHIND_A_PROXY
@pytest.mark.parametrize(
    ("subject", "fitting", "other"),
    [
        ({"tls_client_auth_san_dns": "Portal.example"}, {"dns": ["portal.example"]}, {"dns": ["a.portal.example"]}),
        ({"tls_client_auth_san_uri": "urn:portal"}, {"uris": ["urn:portal"]}, {"uris": ["urn:portal:x"]}),
        (
            {"tls_client_auth_subject_dn": "cn=Portal,o=EXAMPLE"},
            {},
            {"subject": {"common_name": "x"}},
        ),
    ],
)
async def test_every_kind_of_subject(court: Court, subject: Any, fitting: Any, other: Any) -> None:
    authority = Authority()
    client = await registered(court, authority, **subject)
    assert (await client.push(authority.certify(**other))).error == "invalid_client"
    assert (await client.push(authority.certify(**fitting))).status == 201


@BEHIND_A_PROXY
async def test_a_method_and_its_subject_go_together(court: Court) -> None:
    body = {"client_id": "portal", "name": "Portal", "redirect_uris": [REDIRECT]}
    for wrong in (
        {"method": METHOD},
        {"method": METHOD, **DISTINGUISHED, "tls_client_auth_san_dns": "portal.example"},
        {"method": METHOD, "tls_client_auth_subject_dn": "portal"},
        {"method": METHOD, "tls_client_auth_subject_dn": ""},
        {"method": METHOD, "tls_client_auth_san_ip": "portal"},
        {"method": "none", **DISTINGUISHED},
    ):
        status, answer = await court.site.api("POST", "/clients", body | wrong)
        assert status in (400, 422), (wrong, answer)


@BEHIND_A_PROXY
async def test_a_client_known_by_its_key_is_not_believed_for_its_name(court: Court) -> None:
    """Whoever is certified under the name of a client that registered a key is not that client."""
    authority = Authority()
    await registered(court, authority)
    body = {"client_id": "own", "name": "Own", "method": "self_signed_tls_client_auth", "jwks": [Key().jwk]}
    assert (await court.site.api("POST", "/clients", {**body, "redirect_uris": [REDIRECT]}))[0] == 201
    own = court.client(client_id="own")
    assert (await own.push(authority.certify({"common_name": "own"}))).error == "invalid_client"
    assert (await court.client(client_id="wallet").push(authority.certify())).error == "invalid_client"
    assert (await court.client(client_id="nobody").push(authority.certify())).error == "invalid_client"


async def test_without_a_proxy_nobody_is_registered_for_it(court: Court) -> None:
    body = {"client_id": "portal", "name": "Portal", "method": METHOD, "redirect_uris": [REDIRECT], **DISTINGUISHED}
    assert (await court.site.api("POST", "/clients", body))[0] == 422
