"""The token endpoint by authorization code (RFC 6749, 4.1.3; RFC 7636, 4.6; OpenID4VCI 1.0, 6)."""

import secrets
from typing import Any

from conformance.client import Client, details
from conformance.registry import check, check_each
from conformance.session import Session, standing
from conformance.verdict import (
    expect,
    expect_client_error,
    expect_error,
    expect_json,
    expect_members,
    expect_no_store,
    expect_unauthorized,
)
from conformance.wallet import Issuance

MEMBERS = ("access_token", "token_type", "expires_in", "refresh_token", "scope", "authorization_details")


@check("code-redeemed")
async def code_is_redeemed(session: Session) -> None:
    """An honest exchange: 200, access_token, token_type, and a positive expires_in if any."""
    client = await Client.of(session)
    answer = await client.redeem(await client.code())
    expect_json(answer)
    expect(isinstance(answer.member("access_token"), str), "an access_token", answer)
    kind = str(answer.member("token_type"))
    expect(kind.lower() in {"bearer", "dpop"}, "token_type Bearer or DPoP", kind)
    lifetime = answer.json().get("expires_in", 1)
    expect(isinstance(lifetime, int) and lifetime > 0, "a positive expires_in", lifetime)


@check("code-no-store")
async def answer_is_not_stored(session: Session) -> None:
    """Cache-Control of the token response."""
    client = await Client.of(session)
    expect_no_store(await client.redeem(await client.code()))


@check("code-members")
async def answer_says_nothing_unknown(session: Session) -> None:
    """Members of the token response."""
    client = await Client.of(session)
    answer = await client.redeem(await client.code())
    expect_json(answer)
    expect_members(answer, MEMBERS)


@check("code-credential")
async def code_leads_to_a_credential(session: Session) -> None:
    """The whole flow by authorization code."""
    issuance = await Issuance.by_code(session)
    answer = await issuance.post_credential(issuance.credential_request(await issuance.proof()))
    expect(answer.status in {200, 202}, "HTTP 200 or 202", answer)


@check("code-single-use")
async def code_is_redeemed_once(session: Session) -> None:
    """The same code a second time."""
    client = await Client.of(session)
    code = await client.code()
    standing(await client.redeem(code), "access_token")
    expect_error(await client.redeem(code), "invalid_grant")


@check("code-replay-ends-token")
async def replay_ends_the_tokens(session: Session) -> None:
    """The access token of a code that was seen twice is revoked (RFC 6749, 4.1.2)."""
    client = await Client.of(session)
    issuance = await Issuance.by_code(session, client)
    code = await client.code()
    issuance.token = standing(await client.redeem(code), "access_token")
    await client.redeem(code)
    expect_unauthorized(await issuance.post_credential(issuance.credential_request(await issuance.proof())))


@check("code-kept-on-refusal")
async def refused_requests_do_not_burn_the_code(session: Session) -> None:
    """A wrong verifier, then the right one: somebody else's failure costs nobody their credential."""
    client = await Client.of(session)
    code = await client.code()
    await client.redeem(code, code_verifier="x" * 43)
    answer = await client.redeem(code)
    expect(answer.status == 200, "HTTP 200 for the right verifier", answer)


REFUSED: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "verifier-missing": ("No code_verifier.", {"code_verifier": None}, ("invalid_grant",)),
    "verifier-wrong": ("Another code_verifier of the right shape.", {"code_verifier": "x" * 43}, ("invalid_grant",)),
    "verifier-short": (
        "A code_verifier that is too short to be one.",
        {"code_verifier": "x"},
        ("invalid_grant", "invalid_request"),
    ),
    "redirect-uri-other": (
        "Another redirect_uri than that of the request.",
        {"redirect_uri": "https://wallet.example/another"},
        ("invalid_grant", "invalid_request"),
    ),
}


@check_each("code", REFUSED)
async def exchange_is_refused(session: Session, changes: dict[str, Any], codes: tuple[str, ...]) -> None:
    client = await Client.of(session)
    expect_error(await client.redeem(await client.code(), **changes), *codes)


@check("code-verifier-challenge")
async def challenge_is_no_verifier(session: Session) -> None:
    """The code_challenge as verifier, which a server that forgets to hash would take."""
    client = await Client.of(session)
    expect_error(await client.redeem(await client.code(), code_verifier=client.challenge), "invalid_grant")


@check("code-of-another-client")
async def code_is_its_clients(session: Session) -> None:
    """A code redeemed by another client that knows the verifier."""
    client, other = await Client.of(session), await Client.other(session)
    code = await client.code()
    other.verifier, other.redirect_uri = client.verifier, client.redirect_uri
    expect_client_error(await other.redeem(code), "invalid_grant", "invalid_client")


@check("code-client-missing")
async def client_is_named(session: Session) -> None:
    """A token request that names no client in any way."""
    client = await Client.of(session)
    code = await client.code()
    client.provider = None
    expect_client_error(await client.redeem(code, client_id=None), "invalid_client", "invalid_request", "invalid_grant")


@check("code-unknown")
async def made_up_code_is_refused(session: Session) -> None:
    """A code that nobody issued."""
    expect_error(await (await Client.of(session)).redeem(secrets.token_urlsafe(32)), "invalid_grant")


@check("code-missing")
async def code_is_required(session: Session) -> None:
    """The grant type without its code."""
    expect_error(await (await Client.of(session)).redeem(None), "invalid_request")


@check("code-get")
async def only_post_gets_tokens(session: Session) -> None:
    """GET at the token endpoint with everything right in the query."""
    client = await Client.of(session)
    url = client.endpoint("token_endpoint")
    answer = await session.http.call("GET", url, params=client.code_form(await client.code()))
    expect(400 <= answer.status < 500, "HTTP 4xx, 405 best", answer)


@check("code-twice-in-form")
async def parameters_are_not_repeated(session: Session) -> None:
    """code twice (RFC 6749, 3.2)."""
    client = await Client.of(session)
    code = await client.code()
    url = client.endpoint("token_endpoint")
    form = [*client.code_form(code).items(), ("code", code)]
    expect_error(await session.http.call("POST", url, data=form, headers=await client.headers(url)), "invalid_request")


@check("code-unknown-parameter")
async def unknown_parameters_are_ignored(session: Session) -> None:
    """A parameter that nobody defined changes nothing."""
    client = await Client.of(session)
    answer = await client.redeem(await client.code(), undefined_parameter="x")
    expect(answer.status == 200, "HTTP 200, the parameter ignored", answer)


@check("code-scope-granted")
async def scope_says_what_was_granted(session: Session) -> None:
    """A scope nobody defined beside a known one: the token response states the known one alone, if any."""
    client = await Client.of(session)
    token = await client.token(scope=f"{client.scope} undefined-scope" if client.scope else None)
    granted = str(token.get("scope", client.scope)).split(" ")
    expect("undefined-scope" not in granted, f"scope {client.scope}", granted)


@check("code-details")
async def details_come_back(session: Session) -> None:
    """authorization_details asked for: in the token response, with type, configuration and credential_identifiers."""
    client = await Client.of(session)
    token = await client.token(scope=None, authorization_details=details(client.configuration_id))
    granted = token.get("authorization_details")
    expect(isinstance(granted, list) and len(granted) == 1, "one entry in authorization_details", granted)
    assert isinstance(granted, list)
    entry: dict[str, Any] = granted[0]
    expect(entry.get("type") == "openid_credential", "type openid_credential", entry.get("type"))
    named = entry.get("credential_configuration_id")
    expect(named == client.configuration_id, f"configuration {client.configuration_id}", named)
    identifiers = entry.get("credential_identifiers")
    good = isinstance(identifiers, list) and identifiers and all(isinstance(one, str) for one in identifiers)
    expect(good, "a non-empty array of credential_identifiers", identifiers)


async def _by_details(session: Session) -> Issuance:
    client = await Client.of(session)
    asked = details(client.configuration_id)
    return await Issuance.by_code(session, client, scope=None, authorization_details=asked)


@check("code-details-credential")
async def identifier_gets_the_credential(session: Session) -> None:
    """A Credential Request by credential_identifier."""
    issuance = await _by_details(session)
    answer = await issuance.post_credential(issuance.credential_request(await issuance.proof()))
    expect(answer.status in {200, 202}, "HTTP 200 or 202", answer)


@check("code-details-identifier-unknown")
async def unknown_identifier_is_named_as_such(session: Session) -> None:
    """A credential_identifier that was not given out."""
    issuance = await _by_details(session)
    request = issuance.credential_request(await issuance.proof(), credential_identifier="no-such-identifier")
    expect_error(await issuance.post_credential(request), "unknown_credential_identifier")


@check("code-details-configuration")
async def identifiers_have_to_be_used(session: Session) -> None:
    """credential_configuration_id where credential_identifiers were given out (8.2)."""
    issuance = await _by_details(session)
    named = {"credential_identifier": None, "credential_configuration_id": issuance.configuration_id}
    request = issuance.credential_request(await issuance.proof(), **named)
    expect_error(await issuance.post_credential(request), "invalid_credential_request")


@check("code-scope-configuration-unknown")
async def token_is_for_what_was_asked(session: Session) -> None:
    """A credential_identifier where none were given out."""
    issuance = await Issuance.by_code(session)
    named = {"credential_identifier": "no-such-identifier", "credential_configuration_id": None}
    request = issuance.credential_request(await issuance.proof(), **named)
    expect_error(await issuance.post_credential(request), "unknown_credential_identifier", "invalid_credential_request")


@check("code-token-other-scheme")
async def scheme_is_case_insensitive(session: Session) -> None:
    """The scheme of the Authorization header in another case (RFC 9110, 11.1)."""
    issuance = await Issuance.by_code(session)
    headers = issuance.authorization()
    scheme, _, value = headers["Authorization"].partition(" ")
    headers["Authorization"] = f"{scheme.swapcase()} {value}"
    answer = await issuance.post_credential(issuance.credential_request(await issuance.proof()), headers)
    expect(answer.status in {200, 202}, "HTTP 200 or 202", answer)
