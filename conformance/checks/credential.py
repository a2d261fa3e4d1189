"""Credential endpoint: access, request and response (OpenID4VCI 1.0, 8)."""

from urllib.parse import urlencode

from conformance import sd_jwt
from conformance.jose import Key
from conformance.registry import check
from conformance.session import Session
from conformance.verdict import expect, expect_error, expect_json, expect_members, expect_unauthorized
from conformance.wallet import Issuance, credential_of

MEMBERS = ("credentials", "transaction_id", "notification_id", "interval")


@check("credential-issued")
async def credential_is_issued(session: Session) -> None:
    """An honest request: 200, application/json, credentials as an array of objects with the credential as a string."""
    issuance = await Issuance.authorized(session)
    answer = await issuance.post_credential(issuance.credential_request(await issuance.proof()))
    expect_json(answer)
    listed = answer.member("credentials")
    good = isinstance(listed, list) and len(listed) == 1 and isinstance(listed[0], dict)
    expect(good and isinstance(listed[0].get("credential"), str), "one credential for one proof, as a string", answer)


@check("credential-with-tx-code")
async def credential_is_issued_after_a_tx_code(session: Session) -> None:
    """The whole flow of an offer with transaction code."""
    issuance = await Issuance.authorized(session, "offer_with_tx_code")
    answer = await issuance.post_credential(issuance.credential_request(await issuance.proof()))
    expect_json(answer)
    expect(answer.member("credentials"), "credentials", answer)


@check("credential-members")
async def answer_says_nothing_unknown(session: Session) -> None:
    """Members of the credential response; a c_nonce here is a leftover of older drafts."""
    issuance = await Issuance.authorized(session)
    answer = await issuance.post_credential(issuance.credential_request(await issuance.proof()))
    expect_json(answer)
    expect_members(answer, MEMBERS)


@check("credential-date")
async def answer_is_dated(session: Session) -> None:
    """The Date header, which proxies like to strip."""
    issuance = await Issuance.authorized(session)
    answer = await issuance.post_credential(issuance.credential_request(await issuance.proof()))
    expect(answer.headers.get("Date"), "a Date header", "none")


@check("credential-unknown-member")
async def unknown_members_are_ignored(session: Session) -> None:
    """A request member that nobody defined changes nothing."""
    issuance = await Issuance.authorized(session)
    request = issuance.credential_request(await issuance.proof(), undefined_member={"x": 1})
    answer = await issuance.post_credential(request)
    expect(answer.status == 200, "HTTP 200, the member ignored", answer)


@check("credential-no-token")
async def token_is_required(session: Session) -> None:
    """An honest request without Authorization header."""
    issuance = await Issuance.authorized(session)
    request = issuance.credential_request(await issuance.proof())
    expect_unauthorized(await issuance.post_credential(request, headers={}))


@check("credential-token-unknown")
async def made_up_token_is_refused(session: Session) -> None:
    """The access token with its characters reversed: right length, right alphabet, never issued."""
    issuance = await Issuance.authorized(session)
    request = issuance.credential_request(await issuance.proof())
    made_up = issuance.authorization(token=issuance.token["access_token"][::-1])
    expect_unauthorized(await issuance.post_credential(request, headers=made_up))


@check("credential-token-in-query")
async def token_in_the_query_is_refused(session: Session) -> None:
    """The right token, but where it lands in logs."""
    issuance = await Issuance.authorized(session)
    request = issuance.credential_request(await issuance.proof())
    url = f"{issuance.issuer['credential_endpoint']}?{urlencode({'access_token': issuance.token['access_token']})}"
    answer = await issuance.post_credential(request, headers={}, url=url)
    expect(answer.status in {400, 401}, "HTTP 400 or 401", answer)


@check("credential-token-in-body")
async def token_in_the_body_is_refused(session: Session) -> None:
    """The right token as a member of the request."""
    issuance = await Issuance.authorized(session)
    token = issuance.token["access_token"]
    request = issuance.credential_request(await issuance.proof(), access_token=token)
    answer = await issuance.post_credential(request, headers={})
    expect(answer.status in {400, 401}, "HTTP 400 or 401", answer)


@check("credential-configuration-unknown")
async def unknown_configuration_is_named_as_such(session: Session) -> None:
    """A credential_configuration_id that no metadata lists, with an honest proof."""
    issuance = await Issuance.authorized(session)
    unknown = {"credential_configuration_id": "urn:example:no-such-configuration", "credential_identifier": None}
    request = issuance.credential_request(await issuance.proof(), **unknown)
    expect_error(await issuance.post_credential(request), "unknown_credential_configuration")


@check("credential-configuration-before-proof")
async def unknown_configuration_is_found_before_a_bad_proof(session: Session) -> None:
    """Two faults at once: the answer names the configuration, whatever the proof is."""
    issuance = await Issuance.authorized(session)
    unknown = {"credential_configuration_id": "urn:example:no-such-configuration", "credential_identifier": None}
    answer = await issuance.post_credential(issuance.credential_request("e30.e30.e30", **unknown))
    expect_error(answer, "unknown_credential_configuration")


@check("credential-identifier-and-configuration")
async def both_names_are_refused(session: Session) -> None:
    """credential_identifier and credential_configuration_id exclude each other."""
    issuance = await Issuance.authorized(session)
    both = {"credential_configuration_id": issuance.configuration_id, "credential_identifier": "x"}
    request = issuance.credential_request(await issuance.proof(), **both)
    expect_error(await issuance.post_credential(request), "invalid_credential_request", "unknown_credential_identifier")


@check("credential-names-nothing")
async def a_request_names_what_it_wants(session: Session) -> None:
    """Neither credential_identifier nor credential_configuration_id."""
    issuance = await Issuance.authorized(session)
    neither = {"credential_configuration_id": None, "credential_identifier": None}
    request = issuance.credential_request(await issuance.proof(), **neither)
    expect_error(await issuance.post_credential(request), "invalid_credential_request")


@check("credential-not-json")
async def what_is_not_json_is_refused(session: Session) -> None:
    """A body that is a JSON string, not an object."""
    issuance = await Issuance.authorized(session)
    endpoint, headers = issuance.issuer["credential_endpoint"], issuance.authorization()
    answer = await session.http.post(endpoint, json="not an object", headers=headers)
    expect_error(answer, "invalid_credential_request")


@check("credential-proof-and-proofs")
async def singular_proof_never_wins(session: Session) -> None:
    """`proof`, of older drafts, beside `proofs`, each of another key: refused, or bound to the key of `proofs`."""
    issuance = await Issuance.authorized(session)
    request = issuance.credential_request(await issuance.proof())
    other = Key()
    header = issuance.proof_header(jwk=other.jwk, kid=None)
    old = {"proof_type": "jwt", "jwt": other.jws(header, issuance.proof_claims(await issuance.nonce()))}
    answer = await issuance.post_credential({**request, "proof": old})
    if answer.status == 200:
        bound = sd_jwt.parse(credential_of(answer)).payload.get("cnf", {}).get("jwk", {})
        expect(bound.get("x") == issuance.key.jwk["x"], "a credential bound to the key of `proofs`", "another key")
    else:
        expect_error(answer, "invalid_proof", "invalid_credential_request")
