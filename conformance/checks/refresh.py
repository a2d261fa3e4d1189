"""Refresh tokens (RFC 6749, 6; RFC 9700, 4.14)."""

import secrets

from conformance.client import Client, details
from conformance.jose import Key
from conformance.registry import check
from conformance.session import Session, standing
from conformance.verdict import (
    expect,
    expect_client_error,
    expect_error,
    expect_json,
    expect_no_store,
    expect_unauthorized,
    skip,
)
from conformance.wallet import Issuance


async def _rotated(session: Session) -> tuple[Client, str, str]:
    """A client, its first refresh token, and the second."""
    client = await Client.of(session)
    first = await client.refreshable()
    second = standing(await client.refresh(first), "access_token").get("refresh_token")
    if second in {None, first}:
        skip("the server does not rotate refresh tokens")
    return client, first, str(second)


@check("refresh-token")
async def token_is_refreshed(session: Session) -> None:
    """A refresh token gets another access token."""
    client = await Client.of(session)
    answer = await client.refresh(await client.refreshable())
    expect_json(answer)
    expect(isinstance(answer.member("access_token"), str), "an access_token", answer)


@check("refresh-no-store")
async def answer_is_not_stored(session: Session) -> None:
    """Cache-Control of the answer to a refresh."""
    client = await Client.of(session)
    expect_no_store(await client.refresh(await client.refreshable()))


@check("refresh-announced")
async def grant_is_announced(session: Session) -> None:
    """Who gives refresh tokens says so in grant_types_supported."""
    client = await Client.of(session)
    await client.refreshable()
    grants = client.server.get("grant_types_supported", [])
    expect("refresh_token" in grants, "refresh_token in grant_types_supported", grants)


@check("refresh-credential")
async def refreshed_token_gets_a_credential(session: Session) -> None:
    """A credential by the refreshed access token."""
    client = await Client.of(session)
    issuance = await Issuance.by_code(session, client)
    if "refresh_token" not in issuance.token:
        skip("the server gives no refresh tokens")
    issuance.token = standing(await client.refresh(issuance.token["refresh_token"]), "access_token")
    answer = await issuance.post_credential(issuance.credential_request(await issuance.proof()))
    expect(answer.status in {200, 202}, "HTTP 200 or 202", answer)


@check("refresh-bound-or-rotated")
async def stolen_token_is_noticed(session: Session) -> None:
    """A public client's refresh token is bound to a key, or it changes with each use (RFC 9700, 2.2.2)."""
    client = await Client.of(session)
    first = await client.refreshable()
    second = standing(await client.refresh(first), "access_token").get("refresh_token", first)
    expect(second != first or client.key or client.provider, "another refresh token", "the same again")


@check("refresh-spent")
async def spent_token_is_refused(session: Session) -> None:
    """A refresh token after the next but one was given: refused."""
    client, first, second = await _rotated(session)
    standing(await client.refresh(second), "access_token")
    expect_error(await client.refresh(first), "invalid_grant")


@check("refresh-family")
async def replay_ends_the_family(session: Session) -> None:
    """After an old refresh token was seen again, the newest is refused too (RFC 9700, 4.14.2)."""
    client, first, second = await _rotated(session)
    third = standing(await client.refresh(second), "refresh_token")["refresh_token"]
    await client.refresh(first)
    expect_error(await client.refresh(third), "invalid_grant")


@check("refresh-family-access")
async def replay_ends_the_access_token(session: Session) -> None:
    """After an old refresh token was seen again, the family's access token is refused too."""
    client, first, second = await _rotated(session)
    issuance = await Issuance.by_code(session, client)
    issuance.token = standing(await client.refresh(second), "access_token")
    await client.refresh(first)
    request = issuance.credential_request(await issuance.proof())
    expect_unauthorized(await issuance.post_credential(request))


@check("refresh-of-another-client")
async def token_is_its_clients(session: Session) -> None:
    """A refresh token used by another client."""
    client, other = await Client.of(session), await Client.other(session)
    token = await client.refreshable()
    other.key = client.key
    expect_client_error(await other.refresh(token), "invalid_grant", "invalid_client")


@check("refresh-unknown")
async def made_up_token_is_refused(session: Session) -> None:
    """A refresh token that nobody issued."""
    client = await Client.of(session)
    await client.refreshable()
    expect_error(await client.refresh(secrets.token_urlsafe(52)), "invalid_grant")


@check("refresh-missing")
async def refresh_token_is_required(session: Session) -> None:
    """The grant type without its token."""
    client = await Client.of(session)
    await client.refreshable()
    expect_error(await client.refresh(None), "invalid_request")


@check("refresh-access-token")
async def access_token_does_not_refresh(session: Session) -> None:
    """The access token where the refresh token belongs."""
    client = await Client.of(session)
    token = await client.token()
    if "refresh_token" not in token:
        skip("the server gives no refresh tokens")
    expect_error(await client.refresh(token["access_token"]), "invalid_grant")


@check("refresh-scope-more")
async def scope_does_not_grow(session: Session) -> None:
    """A scope that was not granted at first (RFC 6749, 6)."""
    client = await Client.of(session)
    token = await client.refreshable()
    answer = await client.refresh(token, scope=f"{client.scope} undefined-scope")
    expect_error(answer, "invalid_scope", "invalid_request")


@check("refresh-details")
async def identifiers_stay(session: Session) -> None:
    """authorization_details after a refresh: the same credential_identifiers."""
    client = await Client.of(session)
    token = await client.token(scope=None, authorization_details=details(client.configuration_id))
    if "refresh_token" not in token:
        skip("the server gives no refresh tokens")
    again = standing(await client.refresh(token["refresh_token"]), "access_token")
    found = again.get("authorization_details", token.get("authorization_details"))
    expect(found == token.get("authorization_details"), "the same authorization_details", found)


@check("refresh-other-key")
async def bound_token_stays_bound(session: Session) -> None:
    """A refresh token got with a DPoP key, used with another one (RFC 9449, 5)."""
    client = await Client.of(session, dpop=True)
    token = await client.refreshable()
    client.key = Key()
    expect_client_error(await client.refresh(token), "invalid_grant", "invalid_dpop_proof")
