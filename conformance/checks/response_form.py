"""How a response may come, and how not (OpenID4VP 1.0, 8.1, 8.2 and 8.5; RFC 6749, 3.2)."""

import asyncio
import secrets
from typing import Any
from urllib.parse import quote, urlencode

from conformance.holding import Held, held
from conformance.http import Answer
from conformance.jose import Key, compact_json, encrypt
from conformance.presenting import Presentation, plain_form
from conformance.registry import check
from conformance.session import Session
from conformance.verdict import Blocked, expect, expect_no_store, skip

LARGE = 4 * 1024 * 1024


async def _token(session: Session, token: Any) -> None:
    """Refused with this vp_token; what is text is sent as it is."""
    presentation = await Presentation.begin(session)
    await presentation.expect_refused(await presentation.answer_with("", vp_token=token))


async def _honest(session: Session) -> tuple[Presentation, str]:
    presentation = await Presentation.begin(session)
    return presentation, presentation.presentation(await held(session))


# vp_token (8.1)


@check("token-not-json")
async def vp_token_is_json(session: Session) -> None:
    """vp_token that is the presentation itself, as in old drafts."""
    presentation, honest = await _honest(session)
    await presentation.expect_refused(await presentation.answer_with("", vp_token=honest))


@check("token-array")
async def vp_token_is_no_array(session: Session) -> None:
    """vp_token that is an array of presentations, as in old drafts."""
    presentation, honest = await _honest(session)
    await presentation.expect_refused(await presentation.answer_with("", vp_token=[honest]))


@check("token-empty-object")
async def vp_token_has_what_was_asked(session: Session) -> None:
    """vp_token that is an empty object."""
    await _token(session, {})


@check("token-empty-array")
async def a_query_has_a_presentation(session: Session) -> None:
    """An empty array for the query."""
    presentation = await Presentation.begin(session)
    await _token(session, {presentation.query()["id"]: []})


@check("token-number")
async def a_presentation_is_text(session: Session) -> None:
    """A number for a presentation."""
    presentation = await Presentation.begin(session)
    await _token(session, {presentation.query()["id"]: [42]})


@check("token-empty-text")
async def a_presentation_is_not_empty(session: Session) -> None:
    """An empty text for a presentation."""
    presentation = await Presentation.begin(session)
    await _token(session, {presentation.query()["id"]: [""]})


@check("token-null")
async def a_query_is_not_answered_by_null(session: Session) -> None:
    """null for the query's presentations."""
    presentation = await Presentation.begin(session)
    await _token(session, {presentation.query()["id"]: None})


@check("token-unasked-beside")
async def only_what_was_asked_is_answered(session: Session) -> None:
    """An honest answer, and one beside it to a query that nobody made."""
    presentation, honest = await _honest(session)
    token = {**presentation.vp_token(honest), "not-asked": [honest]}
    await presentation.expect_refused(await presentation.answer_with("", vp_token=token))


@check("token-id-other-case")
async def ids_are_compared_exactly(session: Session) -> None:
    """The query's id in the other case."""
    presentation, honest = await _honest(session)
    other = presentation.query()["id"].swapcase()
    if other == presentation.query()["id"]:
        skip("the query's id has no letters")
    await presentation.expect_refused(await presentation.answer_with("", vp_token={other: [honest]}))


@check("token-member-twice")
async def a_query_is_answered_once(session: Session) -> None:
    """vp_token with the query's id twice, as text that JSON parsers read differently."""
    presentation, honest = await _honest(session)
    one = compact_json(presentation.query()["id"]) + b":" + compact_json([honest])
    await presentation.expect_refused(await _raw_token(presentation, b"{" + one + b"," + one + b"}"))


@check("token-deep")
async def depth_is_bounded(session: Session) -> None:
    """vp_token of ten thousand arrays in one another: 4xx, and the server lives."""
    presentation = await Presentation.begin(session)
    answer = await _raw_token(presentation, b"[" * 10_000 + b"]" * 10_000)
    expect(400 <= answer.status < 500, "HTTP 4xx", f"HTTP {answer.status}")


async def _raw_token(presentation: Presentation, token: bytes) -> Answer:
    """A response with a vp_token that is these bytes."""
    state = presentation.claims.get("state")
    if presentation.claims.get("response_mode") == "direct_post.jwt":
        stated = b',"state":' + compact_json(state) if state is not None else b""
        body = b'{"vp_token":' + token + stated + b"}"
        response = encrypt(presentation.encryption_key(), presentation.encoding(), body)
        return await presentation.respond({"response": response})
    return await presentation.respond({"vp_token": token.decode(), **({"state": state} if state else {})})


@check("token-and-error")
async def a_token_is_no_error(session: Session) -> None:
    """A response with vp_token and error."""
    presentation, honest = await _honest(session)
    await presentation.expect_refused(await presentation.answer_with(honest, error="access_denied"))


@check("token-draft-submission")
async def presentation_submission_changes_nothing(session: Session) -> None:
    """An honest response that still has a presentation_submission, an unknown parameter now."""
    presentation, honest = await _honest(session)
    submission = {"id": "1", "definition_id": "1", "descriptor_map": []}
    await presentation.expect_accepted(await presentation.answer_with(honest, presentation_submission=submission))


# The form (8.2)


@check("form-as-json")
async def a_form_is_no_json(session: Session) -> None:
    """An honest response as application/json."""
    presentation, honest = await _honest(session)
    body = compact_json(presentation.form(presentation.parameters(honest)))
    await presentation.expect_refused(await presentation.respond_raw(body, "application/json"))


@check("form-media-type")
async def media_type_is_looked_at(session: Session) -> None:
    """An honest form under text/plain, which any web page may post anywhere."""
    presentation, honest = await _honest(session)
    body = urlencode(presentation.form(presentation.parameters(honest))).encode()
    await presentation.expect_refused(await presentation.respond_raw(body, "text/plain"))


@check("form-in-query")
async def parameters_are_in_the_body(session: Session) -> None:
    """An honest response in the query of the response_uri, with an empty body."""
    presentation, honest = await _honest(session)
    form = {"state": str(presentation.claims.get("state", ""))}
    if presentation.claims.get("response_mode") == "direct_post.jwt":
        form = presentation.form(presentation.parameters(honest))
    else:
        form |= {"vp_token": compact_json(presentation.vp_token(honest)).decode()}
    url = f"{presentation.response_uri()}?{urlencode(form)}"
    await presentation.expect_refused(await session.http.post(url, form={}))


@check("form-parameter-twice")
async def a_parameter_stands_once(session: Session) -> None:
    """An honest form with each parameter twice."""
    presentation, honest = await _honest(session)
    pairs = [*presentation.form(presentation.parameters(honest)).items()] * 2
    await presentation.expect_refused(await presentation.respond_raw(urlencode(pairs).encode()))


@check("form-not-utf8")
async def a_form_is_utf8(session: Session) -> None:
    """A form of bytes that are no UTF-8: 4xx."""
    presentation = await Presentation.begin(session)
    state = quote(str(presentation.claims.get("state", "")))
    answer = await presentation.respond_raw(f"state={state}&vp_token=".encode() + b"\xff\xfe%FF")
    await presentation.expect_refused(answer)


@check("form-large")
async def a_form_is_bounded(session: Session) -> None:
    """A form of four MiB: 4xx, and the server lives."""
    presentation = await Presentation.begin(session)
    state = quote(str(presentation.claims.get("state", "")))
    answer = await presentation.respond_raw(f"state={state}&vp_token={'x' * LARGE}".encode())
    await presentation.expect_refused(answer)


@check("form-no-body")
async def a_response_has_a_body(session: Session) -> None:
    """A POST without a body."""
    presentation = await Presentation.begin(session)
    await presentation.expect_refused(await presentation.respond_raw(b""))


@check("form-no-store")
async def answers_are_not_cached(session: Session) -> None:
    """Cache-Control of the answer to an honest response."""
    presentation, honest = await _honest(session)
    expect_no_store(await presentation.answer_with(honest))


@check("form-redirect-not-mirrored")
async def the_answer_leads_nowhere_the_wallet_said(session: Session) -> None:
    """A redirect_uri in the response: the answer does not lead there."""
    presentation, honest = await _honest(session)
    answer = await presentation.answer_with(honest, redirect_uri="https://thief.example/")
    expect("thief.example" not in str(answer.member("redirect_uri")), "no redirect_uri of the wallet's", "its own")


@check("form-plain-beside-encrypted")
async def encrypted_and_plain_do_not_mix(session: Session) -> None:
    """An honest encrypted response with a vp_token in the clear beside it."""
    presentation = await Presentation.begin(session, "direct_post.jwt")
    parameters = presentation.parameters(presentation.presentation(await held(session)))
    form = {**presentation.form(parameters), **plain_form(parameters)}
    await presentation.expect_refused(await presentation.respond(form))


@check("form-encrypted-for-plain")
async def encrypted_response_is_refused_where_plain_is_asked(session: Session) -> None:
    """An encrypted response to a direct_post request, which has no key."""
    presentation = await Presentation.begin(session, "direct_post")
    parameters = presentation.parameters(presentation.presentation(await held(session)))
    response = encrypt(Key().jwk, "A128GCM", compact_json(parameters))
    await presentation.expect_refused(await presentation.respond({"response": response}))


# Transactions (8.2, 14.1)


@check("transaction-unknown")
async def made_up_transaction_is_refused(session: Session) -> None:
    """An honest response to a response_uri whose last characters are changed, with a state of nobody's."""
    presentation, honest = await _honest(session)
    uri = presentation.response_uri()
    presentation.claims["response_uri"] = uri[:-4] + ("AAAA" if not uri.endswith("AAAA") else "BBBB")
    answer = await presentation.answer_with(honest, state=secrets.token_urlsafe(16))
    expect(400 <= answer.status < 500, "HTTP 4xx", answer)


@check("transaction-state-missing")
async def state_is_required(session: Session) -> None:
    """An honest response without the state that was sent."""
    presentation, honest = await _honest(session)
    if "state" not in presentation.claims:
        skip("the request has no state")
    await presentation.expect_refused(await presentation.answer_with(honest, state=None))


@check("transaction-state-of-another")
async def state_is_of_this_transaction(session: Session) -> None:
    """An honest response with the state of another request of the same verifier."""
    presentation, honest = await _honest(session)
    other = (await Presentation.begin(session)).claims.get("state")
    if other is None:
        skip("the request has no state")
    await presentation.expect_refused(await presentation.answer_with(honest, state=other))


@check("transaction-second-answer")
async def a_transaction_is_answered_once(session: Session) -> None:
    """A second honest answer, made anew, to a request that was answered."""
    presentation, mine = await Presentation.begin(session), await held(session)
    first = await presentation.present(mine)
    if first.status != 200:
        raise Blocked(f"the first response: {first}")
    second = await presentation.present(mine, iat=session.now() - 1)
    expect(400 <= second.status < 500, "HTTP 4xx for the second answer", second)


@check("transaction-parallel-answers")
async def of_parallel_answers_one_is_taken(session: Session) -> None:
    """Six honest answers at once: one is accepted."""
    presentation, honest = await _honest(session)
    forms = [presentation.form(presentation.parameters(honest)) for _ in range(6)]
    answers = await asyncio.gather(*map(presentation.respond, forms))
    good = [answer.status for answer in answers if answer.status == 200]
    expect(len(good) == 1, "one HTTP 200", f"{len(good)} of {len(answers)}")


@check("transaction-request-gone")
async def answered_request_is_not_served(session: Session) -> None:
    """request_uri after the answer: 4xx, for who comes now would answer in vain."""
    presentation, mine = await Presentation.begin(session), await held(session)
    first = await presentation.present(mine)
    if first.status != 200:
        raise Blocked(f"the response: {first}")
    uri = presentation.request.parameters().get("request_uri", "")
    again = await session.http.get(uri)
    expect(400 <= again.status < 500, "HTTP 4xx", f"HTTP {again.status}")


# Errors of the wallet (8.5)


def _error(presentation: Presentation, code: str, **more: Any) -> dict[str, str]:
    """An error in the form that the mode has: an encrypted response may tell it so."""
    state = presentation.claims.get("state")
    parameters = {"error": code, **({"state": state} if state else {}), **more}
    return presentation.form(parameters)


@check("error-heard")
async def wallet_error_is_heard(session: Session) -> None:
    """error=access_denied with its state: 200 and JSON."""
    presentation = await Presentation.begin(session)
    answer = await presentation.respond(_error(presentation, "access_denied"))
    expect(answer.status == 200, "HTTP 200", answer)
    expect(answer.media_type == "application/json", "Content-Type application/json", answer)


@check("error-not-accepted")
async def wallet_error_is_no_presentation(session: Session) -> None:
    """What the verifier says after error=access_denied."""
    presentation = await Presentation.begin(session)
    await presentation.respond(_error(presentation, "access_denied"))
    state = await presentation.state()
    if state is None:
        skip("the target file has no [verifier.result]")
    expect(state not in session.target.accepted, "the verifier not to accept", state)


@check("error-unknown-code")
async def unknown_error_breaks_nothing(session: Session) -> None:
    """An error code that nobody defined: no 5xx."""
    presentation = await Presentation.begin(session)
    answer = await presentation.respond(_error(presentation, "undefined_error"))
    expect(answer.status < 500, "HTTP 200 or 4xx", f"HTTP {answer.status}")


@check("error-described")
async def error_description_is_taken(session: Session) -> None:
    """error with error_description and error_uri: 200."""
    presentation = await Presentation.begin(session)
    more = {"error_description": "The person said no.", "error_uri": "https://wallet.example/errors/1"}
    answer = await presentation.respond(_error(presentation, "access_denied", **more))
    expect(answer.status == 200, "HTTP 200", answer)


@check("error-of-a-stranger")
async def error_without_state_ends_nothing(session: Session) -> None:
    """error with a state of nobody's, then the honest answer: that is still taken."""
    presentation, mine = await Presentation.begin(session), await held(session)
    if "state" not in presentation.claims:
        skip("the request has no state")
    form = {"error": "access_denied", "state": secrets.token_urlsafe(16)}
    await presentation.respond(form)
    await presentation.expect_accepted(await presentation.present(mine))


@check("error-empty")
async def an_error_has_a_code(session: Session) -> None:
    """error without a value: no answer that the verifier counts as one."""
    presentation = await Presentation.begin(session)
    form = {"error": "", "state": str(presentation.claims.get("state", ""))}
    await presentation.expect_refused(await presentation.respond(form))


# What a refusal tells (D23)


@check("refusal-no-store")
async def refusals_are_not_cached(session: Session) -> None:
    """Cache-Control of a refusal."""
    presentation = await Presentation.begin(session)
    expect_no_store(await presentation.present(await held(session), nonce="wrong"))


@check("refusal-shows-nothing")
async def refusal_repeats_nothing(session: Session) -> None:
    """A refusal repeats neither the holder's claims nor what was wrong with them."""
    presentation, mine = await Presentation.begin(session), await held(session)
    answer = await presentation.present(Held(mine.credential, Key()))
    claims = [str(d.value) for d in mine.credential.disclosures if isinstance(d.value, str) and len(d.value) > 3]
    repeated = [value for value in claims if value in answer.text()]
    told = [word for word in ("Traceback", "nonce", "sd_hash", "signature", "cnf") if word in answer.text()]
    expect(not repeated, "no claim of the holder's", "one")
    expect(not told, "no word of which check failed", ", ".join(told))


@check("refusal-unencrypted")
async def refusal_is_plain_json(session: Session) -> None:
    """The refusal of an encrypted response: JSON, not a JWE."""
    presentation = await Presentation.begin(session, "direct_post.jwt")
    answer = await presentation.present(await held(session), nonce="wrong")
    expect(answer.status == 400, "HTTP 400", answer)
    expect(answer.media_type == "application/json", "Content-Type application/json", answer)
    expect(isinstance(answer.json().get("error"), str), "an error code", answer)
