"""Pushed Authorization Requests (RFC 9126; FAPI 2.0 Security Profile; OpenID4VCI 1.0, 5)."""

from typing import Any

from conformance.client import Client, details
from conformance.registry import check, check_each
from conformance.session import Session, standing
from conformance.verdict import expect, expect_client_error, expect_error, expect_json, expect_members, expect_no_store

SHORTEST, LONGEST = 5, 600
NAMELESS = details("urn:example:no-such-configuration")


@check("par-created")
async def request_is_taken(session: Session) -> None:
    """An honest push: 201, application/json, request_uri and expires_in."""
    answer = await (await Client.of(session)).push()
    expect_json(answer, 201)
    expect(isinstance(answer.member("request_uri"), str), "a request_uri", answer)
    lifetime = answer.member("expires_in")
    expect(isinstance(lifetime, int) and lifetime > 0, "a positive expires_in", lifetime)


@check("par-lifetime")
async def request_ends_soon(session: Session) -> None:
    """expires_in leaves time to sign in and little more: 5 to 600 seconds."""
    lifetime = standing(await (await Client.of(session)).push(), "request_uri").get("expires_in")
    expect(isinstance(lifetime, int) and SHORTEST <= lifetime <= LONGEST, "5 to 600 seconds", lifetime)


@check("par-no-store")
async def answer_is_not_stored(session: Session) -> None:
    """Cache-Control of the answer."""
    expect_no_store(await (await Client.of(session)).push())


@check("par-members")
async def answer_says_nothing_unknown(session: Session) -> None:
    """request_uri and expires_in, and nothing else."""
    expect_members(await (await Client.of(session)).push(), ("request_uri", "expires_in"))


@check("par-entropy")
async def request_uris_cannot_be_guessed(session: Session) -> None:
    """Two pushes: different request_uris, the part that differs long enough for 128 bits."""
    client = await Client.of(session)
    uris = [str(standing(await client.push(), "request_uri")["request_uri"]) for _ in range(2)]
    expect(uris[0] != uris[1], "another request_uri each time", "the same twice")
    secret = min(len(uri.rpartition(":")[2].rpartition("/")[2]) for uri in uris)
    expect(secret >= 22, "at least 22 characters that differ", f"{secret} characters")


@check("par-unknown-parameter")
async def unknown_parameters_are_ignored(session: Session) -> None:
    """A parameter that nobody defined changes nothing."""
    answer = await (await Client.of(session)).push(undefined_parameter="x")
    expect(answer.status == 201, "HTTP 201, the parameter ignored", answer)


@check("par-scope-unknown-beside")
async def unknown_scopes_are_ignored(session: Session) -> None:
    """A scope nobody defined beside a known one (OpenID4VCI 1.0, 5.1.2)."""
    client = await Client.of(session)
    answer = await client.push(scope=f"{client.scope} undefined-scope") if client.scope else await client.push()
    expect(answer.status == 201, "HTTP 201, the unknown scope ignored", answer)


@check("par-details")
async def authorization_details_are_taken(session: Session) -> None:
    """authorization_details of type openid_credential instead of scope."""
    client = await Client.of(session)
    answer = await client.push(scope=None, authorization_details=details(client.configuration_id))
    expect(answer.status == 201, "HTTP 201", answer)


@check("par-get")
async def only_post_pushes(session: Session) -> None:
    """GET at the endpoint."""
    client = await Client.of(session)
    url = client.endpoint("pushed_authorization_request_endpoint")
    answer = await session.http.call("GET", url, params=await client.asked())
    expect(400 <= answer.status < 500, "HTTP 4xx, 405 best", answer)


@check("par-json")
async def only_forms_are_pushed(session: Session) -> None:
    """The parameters as a JSON object."""
    client = await Client.of(session)
    url = client.endpoint("pushed_authorization_request_endpoint")
    answer = await session.http.post(url, json=await client.asked(), headers=await client.headers(url))
    expect(400 <= answer.status < 500, "HTTP 4xx", answer)


@check("par-twice")
async def parameters_are_not_repeated(session: Session) -> None:
    """redirect_uri twice (RFC 6749, 3.1)."""
    client = await Client.of(session)
    url = client.endpoint("pushed_authorization_request_endpoint")
    form = [*(await client.asked()).items(), ("redirect_uri", client.redirect_uri)]
    answer = await session.http.call("POST", url, data=form, headers=await client.headers(url))
    expect_error(answer, "invalid_request")


REFUSED: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "request-uri": ("A push that holds a request_uri.", {"request_uri": "urn:x:y"}, ("invalid_request",)),
    "pkce-missing": (
        "Neither code_challenge nor its method.",
        {"code_challenge": None, "code_challenge_method": None},
        ("invalid_request",),
    ),
    "pkce-challenge-missing": ("code_challenge_method alone.", {"code_challenge": None}, ("invalid_request",)),
    "pkce-method-missing": (
        "code_challenge without its method, which would mean plain.",
        {"code_challenge_method": None},
        ("invalid_request",),
    ),
    "pkce-plain": ("code_challenge_method plain.", {"code_challenge_method": "plain"}, ("invalid_request",)),
    "pkce-method-unknown": (
        "A code_challenge_method nobody defined.",
        {"code_challenge_method": "S1"},
        ("invalid_request",),
    ),
    "pkce-challenge-short": ("A code_challenge of one character.", {"code_challenge": "x"}, ("invalid_request",)),
    "redirect-uri-missing": ("No redirect_uri.", {"redirect_uri": None}, ("invalid_request",)),
    "redirect-uri-fragment": (
        "A redirect_uri with a fragment.",
        {"redirect_uri": "https://wallet.example/cb#f"},
        ("invalid_request",),
    ),
    "redirect-uri-relative": ("A redirect_uri without scheme and host.", {"redirect_uri": "/cb"}, ("invalid_request",)),
    "redirect-uri-script": (
        "A redirect_uri that is a script.",
        {"redirect_uri": "javascript:alert(1)"},
        ("invalid_request",),
    ),
    "response-type-missing": ("No response_type.", {"response_type": None}, ("invalid_request",)),
    "response-type-token": (
        "response_type token.",
        {"response_type": "token"},
        ("unsupported_response_type", "invalid_request"),
    ),
    "response-type-id-token": (
        "response_type code id_token.",
        {"response_type": "code id_token"},
        ("unsupported_response_type", "invalid_request"),
    ),
    "scope-unknown": ("Only a scope nobody defined.", {"scope": "undefined-scope"}, ("invalid_scope",)),
    "details-not-json": (
        "authorization_details that are no JSON.",
        {"scope": None, "authorization_details": "["},
        ("invalid_authorization_details", "invalid_request"),
    ),
    "details-no-array": (
        "authorization_details as an object.",
        {"scope": None, "authorization_details": "{}"},
        ("invalid_authorization_details", "invalid_request"),
    ),
    "details-type-unknown": (
        "authorization_details of a type nobody defined.",
        {"scope": None, "authorization_details": '[{"type": "undefined"}]'},
        ("invalid_authorization_details", "invalid_request"),
    ),
    "details-configuration-unknown": (
        "A credential_configuration_id that no metadata lists.",
        {"scope": None, "authorization_details": NAMELESS},
        ("invalid_authorization_details", "invalid_request", "invalid_scope"),
    ),
    "issuer-state-unknown": (
        "An issuer_state that no offer gave.",
        {"issuer_state": "made-up-issuer-state"},
        ("invalid_request", "access_denied"),
    ),
}


@check_each("par", REFUSED)
async def push_is_refused(session: Session, changes: dict[str, Any], codes: tuple[str, ...]) -> None:
    expect_error(await (await Client.of(session)).push(**changes), *codes)


@check("par-redirect-uri-unregistered")
async def redirect_uri_is_compared(session: Session) -> None:
    """A redirect_uri that a registered client did not register."""
    client = await Client.of(session)
    if client.provider:
        client.redirect_uri = "https://user@wallet.example/cb"  # an attested wallet may push any, but not such a one
    else:
        client.require_registration()
        client.redirect_uri += "/other"
    expect_error(await client.push(), "invalid_request", "invalid_redirect_uri")


@check("par-client-unknown")
async def client_is_known(session: Session) -> None:
    """A client_id nobody registered or attested, without credentials."""
    client = await Client.of(session)
    client.require_registration()
    client.client_id, client.provider = "https://nobody.example/no-such-client", None
    answer = await client.push()
    expect_client_error(answer, "invalid_client", "unauthorized_client", "invalid_request")


@check("par-client-missing")
async def client_is_named(session: Session) -> None:
    """No client_id, and nothing else that names a client."""
    client = await Client.of(session)
    client.provider = None
    expect_client_error(await client.push(client_id=None), "invalid_client", "invalid_request")
