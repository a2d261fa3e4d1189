"""What HAIP 1.0 takes over from the FAPI 2.0 Security Profile, and no other check looks at (HAIP 1.0, 4)."""

from conformance.browser import parameters_of
from conformance.checks.client_attestation import attested
from conformance.client import POP, Client
from conformance.registry import check
from conformance.session import Session, standing
from conformance.verdict import expect, expect_client_error, expect_error

AHEAD, TOO_FAR = 10, 90
PREFLIGHT = {"Origin": "https://other.example", "Access-Control-Request-Method": "GET"}


@check("fapi-refresh-again")
async def refresh_may_be_retried(session: Session) -> None:
    """The same refresh token a second time, as after an answer that got lost: another access token."""
    client = await Client.of(session)
    token = await client.refreshable()
    standing(await client.refresh(token), "access_token")
    answer = await client.refresh(token)
    expect(answer.status == 200 and answer.member("access_token"), "HTTP 200 with an access_token", answer)


@check("fapi-password-grant")
async def passwords_are_not_taken(session: Session) -> None:
    """grant_type password: refused, and not announced."""
    client = await attested(session)
    announced = client.server.get("grant_types_supported", [])
    expect("password" not in announced, "no password in grant_types_supported", announced)
    form = {"grant_type": "password", "username": "erika", "password": "x", "client_id": client.client_id}
    expect_error(await client.send(client.endpoint("token_endpoint"), form), "unsupported_grant_type")


@check("fapi-clock-ahead")
async def clocks_may_differ(session: Session) -> None:
    """Proof of possession and DPoP proof ten seconds ahead: a pushed request."""
    client = await attested(session)
    answer = await client.push(await _headers(client, AHEAD, iat=session.now() + AHEAD))
    expect(answer.status == 201, "HTTP 201", answer)


@check("fapi-clock-too-far-ahead")
async def clocks_may_not_differ_much(session: Session) -> None:
    """A proof of possession ninety seconds ahead: refused."""
    client = await attested(session)
    answer = await client.push(await _headers(client, TOO_FAR))
    expect_client_error(
        answer, "invalid_client", "invalid_request", "invalid_client_attestation", "use_fresh_attestation"
    )


async def _headers(client: Client, ahead: int, **dpop: int) -> dict[str, str]:
    """Those of a push, with a proof of possession that is so many seconds ahead; `dpop`: the same for its proof."""
    moment, challenge = client.session.now() + ahead, await client.attestation_challenge()
    headers = await client.headers(client.endpoint("pushed_authorization_request_endpoint"), **dpop)
    return {**headers, POP: client.pop(iat=moment, challenge=challenge)}


@check("fapi-redirect-uri-plain-http")
async def answers_travel_encrypted(session: Session) -> None:
    """A redirect_uri of the http scheme that is not of this machine: refused at the push."""
    client = await attested(session)
    answer = await client.push(redirect_uri="http://wallet.example/cb")
    expect_client_error(answer, "invalid_request", "invalid_redirect_uri")


@check("haip-redirect-uri-query")
async def query_of_the_redirect_uri_stays(session: Session) -> None:
    """A redirect_uri with a query: the answer has it, and code, state and iss behind it."""
    client = await attested(session)
    answer = await client.answered(redirect_uri=f"{client.redirect_uri}?dummy1=lorem&dummy2=ipsum")
    found, wanted = parameters_of(answer), {"dummy1": "lorem", "dummy2": "ipsum"}
    kept = wanted.items() <= found.items() and {"code", "state", "iss"} <= found.keys()
    expect(kept, "dummy1, dummy2, code, state and iss", ", ".join(found))


@check("fapi-authorize-no-cors")
async def scripts_have_no_business_there(session: Session) -> None:
    """A preflight and a GET of another origin at the authorization endpoint: no Access-Control-Allow-Origin."""
    client = await Client.of(session)
    link = await client.link()
    for method, headers in (("OPTIONS", PREFLIGHT), ("GET", {"Origin": PREFLIGHT["Origin"]})):
        answer = await session.http.call(method, link, headers=headers)
        allowed = answer.headers.get("Access-Control-Allow-Origin")
        expect(allowed is None, f"no Access-Control-Allow-Origin for {method}", allowed)
