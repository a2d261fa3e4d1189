"""Client authentication by private_key_jwt (RFC 7523, 3; FAPI 2.0 Security Profile, 5.3.2.1)."""

from typing import Any

from conformance.client import Client
from conformance.forging import turned_bit
from conformance.jose import Key
from conformance.registry import check, check_each
from conformance.session import Session, standing
from conformance.verdict import expect, expect_client_error

CODES = ("invalid_client", "invalid_request")
HOUR = 3600


@check("assertion-accepted")
async def key_authenticates(session: Session) -> None:
    """An honest assertion at PAR and at the token endpoint: a token."""
    client = await Client.keyed(session)
    answer = await client.redeem(await client.code())
    expect(answer.status == 200, "HTTP 200", answer)


@check("assertion-announced")
async def method_is_announced(session: Session) -> None:
    """token_endpoint_auth_methods_supported and token_endpoint_auth_signing_alg_values_supported."""
    server = (await Client.keyed(session)).server
    methods = server.get("token_endpoint_auth_methods_supported", [])
    expect("private_key_jwt" in methods, "private_key_jwt announced", methods)
    listed = server.get("token_endpoint_auth_signing_alg_values_supported")
    good = isinstance(listed, list) and listed and not any(one == "none" or one.startswith("HS") for one in listed)
    expect(good, "asymmetric algorithms announced", listed)


REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "audience": ("aud of another server.", {"aud": "https://other.example"}),
    "audience-missing": ("No aud.", {"aud": None}),
    "iss": ("iss of another client.", {"iss": "https://nobody.example"}),
    "sub": ("sub of another client.", {"sub": "https://nobody.example"}),
    "exp-missing": ("No exp.", {"exp": None}),
    "exp-past": ("exp an hour ago.", {"exp": -HOUR}),
    "exp-far": ("exp a year ahead.", {"exp": 8766 * HOUR}),
    "jti-missing": ("No jti.", {"jti": None}),
    "nbf-future": ("nbf an hour ahead.", {"nbf": HOUR}),
    "typ": ("typ dpop+jwt: a JWT made for something else.", {"header": {"typ": "dpop+jwt"}}),
    "algorithm-none": ("alg none in the header.", {"header": {"alg": "none"}}),
}


@check_each("assertion", REFUSED)
async def assertion_is_refused(session: Session, changes: dict[str, Any]) -> None:
    client = await Client.keyed(session)
    moved = {n: session.now() + v for n, v in changes.items() if n in {"exp", "nbf"} and isinstance(v, int)}
    expect_client_error(await client.push(**client.assertion(**{**changes, **moved})), *CODES)


@check("assertion-audience-token-endpoint")
async def audience_is_the_issuer_alone(session: Session) -> None:
    """aud of the token endpoint, which FAPI 2.0 no longer takes."""
    client = await Client.keyed(session)
    assertion = client.assertion(aud=client.endpoint("token_endpoint"))
    expect_client_error(await client.push(**assertion), *CODES)


@check("assertion-signature")
async def signature_is_checked(session: Session) -> None:
    """One bit of the signature turned."""
    client = await Client.keyed(session)
    assertion = client.assertion()
    assertion["client_assertion"] = turned_bit(assertion["client_assertion"])
    expect_client_error(await client.push(**assertion), *CODES)


@check("assertion-other-key")
async def key_is_the_registered_one(session: Session) -> None:
    """Signed by a key that nobody registered."""
    client = await Client.keyed(session)
    expect_client_error(await client.push(**client.assertion(by=Key())), *CODES)


@check("assertion-replay")
async def assertion_is_used_once(session: Session) -> None:
    """The same assertion a second time."""
    client = await Client.keyed(session)
    assertion = client.assertion()
    standing(await client.push(**assertion), "request_uri")
    expect_client_error(await client.push(**assertion), *CODES)


@check("assertion-missing")
async def registered_method_is_required(session: Session) -> None:
    """No assertion from the client that registered a key."""
    client = await Client.keyed(session)
    client.secret = None
    expect_client_error(await client.push(), *CODES)


@check("assertion-missing-at-token")
async def token_request_is_authenticated(session: Session) -> None:
    """A code of the client that registered a key, redeemed without assertion."""
    client = await Client.keyed(session)
    code = await client.code()
    client.secret = None
    expect_client_error(await client.redeem(code), *CODES)


@check("assertion-type")
async def type_is_compared(session: Session) -> None:
    """A client_assertion_type nobody defined."""
    client = await Client.keyed(session)
    assertion = client.assertion() | {"client_assertion_type": "urn:example:undefined"}
    expect_client_error(await client.push(**assertion), *CODES)


@check("assertion-of-another-client")
async def assertion_is_the_clients(session: Session) -> None:
    """A good assertion beside another client_id."""
    client = await Client.keyed(session)
    expect_client_error(await client.push(**client.assertion(), client_id="https://nobody.example"), *CODES)
