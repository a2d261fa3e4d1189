"""What a target file can say of an issuer, and what comes of it."""

import pytest

from conformance import target
from conformance.__main__ import main
from conformance.browser import forms_of

PAGE = """
<form method="post" action="/sign-in">
<input type="hidden" name="csrf" value="abc">
<input id="username" name="email" value="erika@example.org"><input id="password" name="secret" value="filled in">
<button id="sign-in">Sign in</button>
</form>
"""


def test_an_empty_field_keeps_what_the_page_put_there() -> None:
    form = forms_of(PAGE)[0]
    assert form.filled({"username": "", "password": "", "absent": "text"}) == {}
    assert form.filled({"username": "max@example.org", "password": ""}) == {"email": "max@example.org"}
    assert {**form.values, **form.filled({"username": ""})}["email"] == "erika@example.org"


def test_the_demo_tenants_target_signs_in_with_the_account_on_its_page() -> None:
    issuing = target.load("chancery").issuing
    assert issuing.unregistered_clients
    assert issuing.sign_in
    assert forms_of(PAGE)[0].filled(issuing.sign_in.fields) == {}


def test_a_link_without_a_request_is_attested_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["attestation", "openid4vp://?client_id=redirect_uri:https://verifier.example"]) == 2
    assert capsys.readouterr() == ("", "conformance: the link has no request_uri\n")
