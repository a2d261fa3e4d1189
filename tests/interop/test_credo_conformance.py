"""The conformance suite against another vendor's verifier: it runs to its end, and finds what docs/conformance.md says."""

from pathlib import Path

import pytest

from conformance import authority
from conformance import plan as plans
from conformance.registry import load_checks
from tests.houses import free_port
from tests.interop.conformance import credo, examined

PLAN = "openid4vp-verifier"
FOUND = """
chain-end-entity-certifies chain-key-usage chain-leaf-is-authority credential-critical credential-member-twice
credential-self-made-did credential-unencoded disclosure-digest-twice disclosure-name-clash disclosure-name-dots
disclosure-name-sd disclosure-of-an-element disclosure-of-exp disclosure-twice disclosure-unused error-described
error-heard error-of-a-stranger form-as-json form-encrypted-for-plain form-large form-media-type form-no-store
form-plain-beside-encrypted jwe-alg-dir jwe-alg-password jwe-alg-wrapped jwe-ciphertext jwe-compressed-bomb
jwe-compression-unknown jwe-critical jwe-enc-unoffered jwe-epk-missing jwe-epk-off-curve jwe-epk-other-curve
jwe-header-changed jwe-kid-unknown jwe-payload-array jwe-payload-members jwe-payload-not-json jwe-state jwe-tag
jwe-to-another-request kb-alg-of-another-curve kb-critical kb-expired kb-iat-hours kb-iat-next-hour kb-iat-text
mdoc-algorithm-unprotected mdoc-cbor-deep mdoc-cbor-member-twice mdoc-chain-country mdoc-chain-usage
mdoc-critical mdoc-device-elements mdoc-element-twice mdoc-response-version refusal-no-store request-audience
request-no-store response-encrypted-to-another-key response-kb-iat-future response-kb-iat-past
response-not-an-array response-state return-code-fresh status-list-good status-list-redirect
status-unknown-mechanism token-and-error token-draft-submission token-member-twice transaction-data-unasked
transaction-state-missing transaction-state-of-another
"""
"""What is not as the specifications have it, in Credo 0.6.3."""
BUSY = {"status-list-bomb", "jwe-compressed-bomb", "form-large", "mdoc-cbor-deep"}
"""Checks that may leave it too busy, or without memory, to answer at all."""
RACES = {"transaction-parallel-answers"}
"""Checks that find something only when two answers meet."""
TARGET = """
name = "Credo 0.6.3"

[verifier]
accepted = "ResponseVerified"

[verifier.dcql_query]
credentials = [
  {{ id = "pid", format = "dc+sd-jwt", meta = {{ vct_values = ["urn:eudi:pid:1"] }}, claims = [{{ path = ["given_name"] }}, {{ path = ["family_name"] }}] }},
]

[verifier.request]
url = "{url}/admin/requests"
body = {{ dcql = "{{dcql_query}}", responseMode = "{{response_mode}}" }}
uri = "authorization_request"
id = "session"

[verifier.result]
method = "GET"
url = "{url}/admin/requests/{{id}}"
state = "state"

[verifier.variants]
x509_san_dns = {{ body = {{ signer = "x509_san_dns" }} }}
redirect_uri = {{ body = {{ signer = "none" }} }}
return = {{ body = {{ redirectUri = "https://verifier.example/done" }} }}

[credential]
authority = "authority.pem"
authority_key = "authority.key"
vct = "urn:eudi:pid:1"
claims = {{ given_name = "Erika", family_name = "Mustermann" }}

[mdoc]
authority = "authority.pem"
authority_key = "authority.key"
doctype = "org.iso.18013.5.1.mDL"
elements = {{ "org.iso.18013.5.1" = {{ given_name = "Erika", family_name = "Mustermann" }} }}

[hosting]
listen = "127.0.0.1:{port}"
url = "http://localhost:{port}"

[trust]
pem = "verifier.pem"
"""


@pytest.mark.usefixtures("credo_installed")
async def test_the_suite_runs_to_its_end_against_credo(tmp_path: Path) -> None:
    load_checks()
    authority.write(authority.create(), tmp_path)
    async with credo("verifier.mjs", tmp_path, "--trust", str(tmp_path / "authority.pem")) as ready:
        (tmp_path / "verifier.pem").write_text(ready["ca"])
        text = TARGET.format(url=f"http://localhost:{ready['port']}", port=free_port())
        findings = await examined(PLAN, tmp_path, text)
    assert set(findings) == {one.id for one in plans.load(PLAN).requirements}
    broken = {check for check, one in findings.items() if one["outcome"] == "error"}
    assert broken <= BUSY
    found = {check for check, one in findings.items() if one["outcome"] in ("failed", "warned")}
    assert found - BUSY - RACES == set(FOUND.split()) - BUSY
    honest = ("response-direct-post", "response-direct-post-jwt", "credential-accepted", "mdoc-accepted", "query-both")
    assert {findings[check]["outcome"] for check in honest} == {"passed"}
