"""Token endpoint, pre-authorized code (OpenID4VCI 1.0, 6; RFC 6749, 5)."""

import secrets

from conformance.registry import check
from conformance.session import Session
from conformance.verdict import expect, expect_error, expect_json, expect_members, expect_no_store
from conformance.wallet import Issuance

MEMBERS = ("access_token", "token_type", "expires_in", "refresh_token", "scope", "authorization_details")
CODE = "pre-authorized_code"


@check("token-issued")
async def code_is_redeemed(session: Session) -> None:
    """Redeem a code as an honest wallet: 200, access_token, token_type, and a positive expires_in if any."""
    issuance = await Issuance.begin(session)
    answer = await issuance.post_token(issuance.token_form())
    expect_json(answer)
    token = answer.json()
    expect(isinstance(token.get("access_token"), str) and token["access_token"], "an access_token", "none")
    kind = str(token.get("token_type"))
    expect(kind.lower() in {"bearer", "dpop"}, "token_type Bearer or DPoP", kind)
    lifetime = token.get("expires_in", 1)
    expect(isinstance(lifetime, int) and lifetime > 0, "a positive expires_in", lifetime)


@check("token-no-store")
async def answer_is_not_stored(session: Session) -> None:
    """Cache-Control of the token response."""
    issuance = await Issuance.begin(session)
    answer = await issuance.post_token(issuance.token_form())
    expect_json(answer)
    expect_no_store(answer)


@check("token-members")
async def answer_says_nothing_unknown(session: Session) -> None:
    """Members of the token response; a c_nonce here is a leftover of older drafts."""
    issuance = await Issuance.begin(session)
    answer = await issuance.post_token(issuance.token_form())
    expect_json(answer)
    expect_members(answer, MEMBERS)


@check("token-entropy")
async def tokens_cannot_be_guessed(session: Session) -> None:
    """Two access tokens differ and are long enough for 128 bits."""
    tokens = [str((await Issuance.authorized(session)).token["access_token"]) for _ in range(2)]
    expect(tokens[0] != tokens[1], "another access token each time", "the same token twice")
    expect(
        min(map(len, tokens)) >= 22, "access tokens of at least 22 characters", f"{min(map(len, tokens))} characters"
    )


@check("token-with-tx-code")
async def code_and_tx_code_are_redeemed(session: Session) -> None:
    """The right transaction code gets a token."""
    issuance = await Issuance.begin(session, "offer_with_tx_code")
    answer = await issuance.post_token(issuance.token_form(tx_code=issuance.tx_code))
    expect_json(answer)
    expect(answer.member("access_token"), "an access_token", answer)


@check("token-tx-code-missing")
async def tx_code_is_required(session: Session) -> None:
    """No transaction code where the offer asks for one."""
    issuance = await Issuance.begin(session, "offer_with_tx_code")
    expect_error(await issuance.post_token(issuance.token_form(tx_code=None)), "invalid_request")


@check("token-tx-code-wrong")
async def tx_code_is_compared(session: Session) -> None:
    """A transaction code of the right shape with its last character changed (1.1 names it invalid_tx_code)."""
    issuance = await Issuance.begin(session, "offer_with_tx_code")
    right = issuance.tx_code or "0"
    wrong = right[:-1] + ("1" if right[-1] != "1" else "2")
    expect_error(await issuance.post_token(issuance.token_form(tx_code=wrong)), "invalid_grant", "invalid_tx_code")


@check("token-tx-code-unexpected")
async def tx_code_is_refused_where_none_is_asked(session: Session) -> None:
    """A transaction code for an offer without one."""
    issuance = await Issuance.begin(session)
    expect_error(await issuance.post_token(issuance.token_form(tx_code="1234")), "invalid_request")


@check("token-code-single-use")
async def code_is_redeemed_once(session: Session) -> None:
    """The same code a second time."""
    issuance = await Issuance.authorized(session)
    expect_error(await issuance.post_token(issuance.token_form()), "invalid_grant")


@check("token-code-unknown")
async def made_up_code_is_refused(session: Session) -> None:
    """A code that nobody issued."""
    issuance = await Issuance.begin(session)
    made_up = issuance.token_form(**{CODE: secrets.token_urlsafe(32)})
    expect_error(await issuance.post_token(made_up), "invalid_grant")


@check("token-code-missing")
async def code_is_required(session: Session) -> None:
    """The grant type without its code."""
    issuance = await Issuance.begin(session)
    expect_error(await issuance.post_token(issuance.token_form(**{CODE: None})), "invalid_request")


@check("token-grant-type-unknown")
async def unknown_grant_is_refused(session: Session) -> None:
    """A grant type that nobody defined."""
    issuance = await Issuance.begin(session)
    form = issuance.token_form(grant_type="urn:example:made-up")
    expect_error(await issuance.post_token(form), "unsupported_grant_type")


@check("token-unknown-parameter")
async def unknown_parameters_are_ignored(session: Session) -> None:
    """A parameter that nobody defined changes nothing."""
    issuance = await Issuance.begin(session)
    answer = await issuance.post_token(issuance.token_form(undefined_parameter="x"))
    expect(answer.status == 200, "HTTP 200, the parameter ignored", answer)


@check("token-error-shape")
async def error_is_shaped_as_oauth_says(session: Session) -> None:
    """Members, character set and caching of an error response."""
    issuance = await Issuance.begin(session)
    answer = await issuance.post_token(issuance.token_form(**{CODE: secrets.token_urlsafe(32)}))
    expect(answer.status == 400 and answer.media_type == "application/json", "HTTP 400 with JSON", answer)
    expect_members(answer, ("error", "error_description", "error_uri"))
    for value in answer.json().values():
        plain = isinstance(value, str) and all(" " <= c <= "~" and c not in '"\\' for c in value)
        expect(plain, "printable ASCII without quotes and backslashes", value)
    expect_no_store(answer)


@check("token-code-kept-on-refusal")
async def refused_requests_do_not_burn_the_code(session: Session) -> None:
    """One mistyped transaction code, then the right one: the person may try again."""
    issuance = await Issuance.begin(session, "offer_with_tx_code")
    await issuance.post_token(issuance.token_form(tx_code=(issuance.tx_code or "0")[:-1] + "x"))
    answer = await issuance.post_token(issuance.token_form())
    expect(answer.status == 200, "HTTP 200 for the right code after one mistake", answer)
