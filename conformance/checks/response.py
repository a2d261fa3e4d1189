"""The verifier's judgement of a response (OpenID4VP 1.0, 8 and 14; RFC 9901, 7.3)."""

import secrets

from conformance import sd_jwt
from conformance.forging import resigned, turned_bit, with_issuer_jwt
from conformance.holding import Held, held
from conformance.jose import Key, b64u, compact_json, encrypt
from conformance.presenting import Presentation, plain_form
from conformance.registry import check
from conformance.session import Session
from conformance.verdict import Blocked, expect, expect_members, skip

YEAR = 365 * 86400


@check("response-direct-post")
async def honest_response_is_accepted(session: Session) -> None:
    """direct_post with an honest presentation: 200, JSON, and the verifier says it holds."""
    presentation = await Presentation.begin(session, "direct_post")
    await presentation.expect_accepted(await presentation.present(await held(session)))


@check("response-direct-post-jwt")
async def honest_encrypted_response_is_accepted(session: Session) -> None:
    """direct_post.jwt, A128GCM."""
    await _encrypted(session, "A128GCM")


@check("response-direct-post-jwt-a256gcm")
async def the_other_encoding_is_accepted(session: Session) -> None:
    """direct_post.jwt, A256GCM."""
    await _encrypted(session, "A256GCM")


async def _encrypted(session: Session, encoding: str) -> None:
    presentation = await Presentation.begin(session, "direct_post.jwt")
    parameters = presentation.parameters(presentation.presentation(await held(session)))
    response = encrypt(presentation.encryption_key(), encoding, compact_json(parameters))
    await presentation.expect_accepted(await presentation.respond({"response": response}))


@check("response-members")
async def answer_says_nothing_but_redirect_uri(session: Session) -> None:
    """The answer's members; redirect_uri, if any, is a URL."""
    presentation = await Presentation.begin(session)
    answer = await presentation.present(await held(session))
    expect(answer.status == 200, "HTTP 200", answer)
    expect_members(answer, ("redirect_uri",))
    redirect = answer.json().get("redirect_uri", "https://absent.example")
    expect(isinstance(redirect, str) and "://" in redirect, "redirect_uri, a URL", redirect)


@check("response-unknown-parameter")
async def unknown_parameters_are_ignored(session: Session) -> None:
    """A response parameter that nobody defined changes nothing."""
    presentation = await Presentation.begin(session)
    honest = presentation.presentation(await held(session))
    parameters = presentation.parameters(honest, undefined_parameter="x")
    await presentation.expect_accepted(await presentation.respond(presentation.form(parameters)))


@check("response-nonce")
async def another_nonce_is_refused(session: Session) -> None:
    """A KB-JWT with a nonce that was not asked for."""
    presentation = await Presentation.begin(session)
    await presentation.expect_refused(await presentation.present(await held(session), nonce=secrets.token_urlsafe(16)))


@check("response-nonce-of-another-request")
async def presentation_for_another_request_is_refused(session: Session) -> None:
    """What was made for one request, sent to another of the same verifier."""
    first, second = await Presentation.begin(session), await Presentation.begin(session)
    stolen = first.presentation(await held(session))
    await second.expect_refused(await second.respond(second.form(second.parameters(stolen))))


@check("response-audience")
async def another_audience_is_refused(session: Session) -> None:
    """A KB-JWT made for another verifier."""
    presentation = await Presentation.begin(session)
    answer = await presentation.present(await held(session), aud="x509_san_dns:other-verifier.example")
    await presentation.expect_refused(answer)


@check("response-audience-unprefixed")
async def audience_without_prefix_is_refused(session: Session) -> None:
    """The client identifier without its prefix is another identifier."""
    presentation = await Presentation.begin(session)
    prefix, colon, rest = str(presentation.claims.get("client_id")).partition(":")
    if not colon or prefix in {"https", "http"}:
        skip("the client identifier has no prefix")
    await presentation.expect_refused(await presentation.present(await held(session), aud=rest))


@check("response-sd-hash")
async def another_sd_hash_is_refused(session: Session) -> None:
    """A KB-JWT over other disclosures than those presented."""
    presentation = await Presentation.begin(session)
    answer = await presentation.present(await held(session), sd_hash=sd_jwt.digest("other"))
    await presentation.expect_refused(answer)


@check("response-sd-hash-missing")
async def sd_hash_is_required(session: Session) -> None:
    """A KB-JWT without sd_hash."""
    presentation = await Presentation.begin(session)
    await presentation.expect_refused(await presentation.present(await held(session), sd_hash=None))


@check("response-kb-signature")
async def bad_key_binding_signature_is_refused(session: Session) -> None:
    """One bit of the KB-JWT's signature turned."""
    presentation = await Presentation.begin(session)
    head, _, binding = presentation.presentation(await held(session)).rpartition("~")
    await _refused(presentation, f"{head}~{turned_bit(binding)}")


@check("response-kb-other-key")
async def key_binding_of_another_key_is_refused(session: Session) -> None:
    """A KB-JWT that another key than cnf.jwk signed well."""
    presentation, mine = await Presentation.begin(session), await held(session)
    await _refused(presentation, presentation.presentation(Held(mine.credential, Key())))


@check("response-kb-missing")
async def key_binding_is_required(session: Session) -> None:
    """The SD-JWT without KB-JWT."""
    presentation = await Presentation.begin(session)
    await _refused(presentation, presentation.disclosed(await held(session)))


@check("response-kb-typ")
async def key_binding_typ_is_compared(session: Session) -> None:
    """A KB-JWT with typ JWT."""
    presentation, mine = await Presentation.begin(session), await held(session)
    claims = presentation.binding_claims()
    await _refused(presentation, sd_jwt.bind(presentation.disclosed(mine), mine.key, claims, {"typ": "JWT"}))


@check("response-kb-iat-past")
async def old_key_binding_is_refused(session: Session) -> None:
    """A KB-JWT made a year ago."""
    presentation = await Presentation.begin(session)
    answer = await presentation.present(await held(session), iat=session.now() - YEAR)
    await presentation.expect_refused(answer)


@check("response-kb-iat-future")
async def key_binding_of_the_future_is_refused(session: Session) -> None:
    """A KB-JWT made a year from now."""
    presentation = await Presentation.begin(session)
    answer = await presentation.present(await held(session), iat=session.now() + YEAR)
    await presentation.expect_refused(answer)


@check("response-issuer-signature")
async def bad_issuer_signature_is_refused(session: Session) -> None:
    """One bit of the issuer's signature turned; the KB-JWT is made over the result."""
    presentation, mine = await Presentation.begin(session), await held(session)
    forged = with_issuer_jwt(mine.credential, turned_bit(mine.credential.issuer_jwt))
    await _refused(presentation, presentation.presentation(Held(forged, mine.key)))


@check("response-issuer-unknown")
async def unknown_issuer_is_refused(session: Session) -> None:
    """The same claims, well signed, under a root that nobody trusts."""
    presentation, mine = await Presentation.begin(session), await held(session)
    await _refused(presentation, presentation.presentation(Held(resigned(mine.credential), mine.key)))


@check("response-issuer-chain-grafted")
async def signature_and_chain_belong_together(session: Session) -> None:
    """The trusted chain in the header, the forger's signature below it."""
    presentation, mine = await Presentation.begin(session), await held(session)
    forged = with_issuer_jwt(mine.credential, Key().jws(mine.credential.jws.header, mine.credential.payload))
    await _refused(presentation, presentation.presentation(Held(forged, mine.key)))


@check("response-claim-missing")
async def missing_claim_is_refused(session: Session) -> None:
    """An honest presentation with one claim of the query held back."""
    presentation, mine = await Presentation.begin(session), await held(session)
    hideable = {d.name for d in mine.credential.disclosures}
    asked = [entry["path"][0] for entry in presentation.query()["claims"] if entry["path"][0] in hideable]
    if not asked:
        skip("the query asks for no selectively disclosable claim")
    presented = presentation.disclosed(mine, without=asked[0])
    await _refused(presentation, sd_jwt.bind(presented, mine.key, presentation.binding_claims()))


@check("response-disclosure-forged")
async def forged_disclosure_is_refused(session: Session) -> None:
    """A disclosure with another value than the issuer signed; sd_hash is made over it."""
    presentation, mine = await Presentation.begin(session), await held(session)
    honest = sd_jwt.parse(presentation.disclosed(mine))
    if not honest.disclosures:
        skip("the query asks for no selectively disclosable claim")
    first, *others = honest.disclosures
    forged = b64u(compact_json([first.salt, first.name, "forged"] if first.name else [first.salt, "forged"]))
    presented = "~".join([honest.issuer_jwt, forged, *(d.text for d in others), ""])
    await _refused(presentation, sd_jwt.bind(presented, mine.key, presentation.binding_claims()))


@check("response-replay")
async def response_is_taken_once(session: Session) -> None:
    """The same accepted response a second time."""
    presentation = await Presentation.begin(session)
    form = presentation.form(presentation.parameters(presentation.presentation(await held(session))))
    first = await presentation.respond(form)
    if first.status != 200:
        raise Blocked(f"the first response: {first}")
    again = await presentation.respond(form)
    expect(400 <= again.status < 500, "a refusal of the second, HTTP 4xx", again)
    state = await presentation.state()
    expect(state is None or state in session.target.accepted, "the first verdict to stand", state)


@check("response-state")
async def another_state_is_refused(session: Session) -> None:
    """state that was not sent."""
    presentation = await Presentation.begin(session)
    if "state" not in presentation.claims:
        skip("the request has no state")
    honest = presentation.presentation(await held(session))
    parameters = presentation.parameters(honest, state=secrets.token_urlsafe(16))
    await presentation.expect_refused(await presentation.respond(presentation.form(parameters)))


@check("response-query-id")
async def answer_to_another_query_is_refused(session: Session) -> None:
    """vp_token keyed by an id that the query does not have."""
    presentation = await Presentation.begin(session)
    token = {"not-asked": [presentation.presentation(await held(session))]}
    await _refused_token(presentation, token)


@check("response-not-an-array")
async def presentation_outside_an_array_is_refused(session: Session) -> None:
    """vp_token with a string where an array of presentations belongs."""
    presentation = await Presentation.begin(session)
    token = {presentation.query()["id"]: presentation.presentation(await held(session))}
    await _refused_token(presentation, token)


@check("response-two-presentations")
async def second_presentation_is_refused(session: Session) -> None:
    """Two presentations for a query that does not allow multiple."""
    presentation = await Presentation.begin(session)
    one = presentation.presentation(await held(session))
    await _refused_token(presentation, {presentation.query()["id"]: [one, one]})


@check("response-empty")
async def empty_form_is_refused(session: Session) -> None:
    """A form without vp_token, error or response."""
    presentation = await Presentation.begin(session)
    answer = await presentation.respond({"state": str(presentation.claims.get("state", ""))})
    await presentation.expect_refused(answer)


@check("response-plain-for-encrypted")
async def plain_response_is_refused_where_encrypted_is_asked(session: Session) -> None:
    """An honest response in the clear to a direct_post.jwt request."""
    presentation = await Presentation.begin(session, "direct_post.jwt")
    parameters = presentation.parameters(presentation.presentation(await held(session)))
    await presentation.expect_refused(await presentation.respond(plain_form(parameters)))


@check("response-encrypted-to-another-key")
async def response_to_another_key_is_refused(session: Session) -> None:
    """An honest response encrypted to a key of the wallet's own under the verifier's kid."""
    presentation = await Presentation.begin(session, "direct_post.jwt")
    parameters = presentation.parameters(presentation.presentation(await held(session)))
    wrong = {**Key().jwk, "kid": presentation.encryption_key().get("kid", "x")}
    response = encrypt(wrong, presentation.encoding(), compact_json(parameters))
    await presentation.expect_refused(await presentation.respond({"response": response}))


@check("response-refusal-json")
async def refusal_is_400_and_json(session: Session) -> None:
    """The status and media type of a refusal."""
    presentation = await Presentation.begin(session)
    answer = await presentation.present(await held(session), nonce="wrong")
    expect(answer.status == 400, "HTTP 400", answer)
    expect(answer.media_type == "application/json", "Content-Type application/json", answer)
    expect(isinstance(answer.json().get("error"), str), "an error code", answer)


@check("response-refusal-oracle")
async def refusals_are_all_alike(session: Session) -> None:
    """Three faults, one answer: what was wrong is for the verifier's operator, not for who sent it."""
    mine, seen = await held(session), set()
    forged = Held(with_issuer_jwt(mine.credential, turned_bit(mine.credential.issuer_jwt)), mine.key)
    for faulty, claims in ((mine, {"nonce": "wrong"}), (mine, {"aud": "wrong"}), (forged, {})):
        presentation = await Presentation.begin(session)
        answer = await presentation.present(faulty, **claims)
        if answer.status == 200:
            raise Blocked("a faulty response was accepted")
        seen.add((answer.status, answer.member("error"), answer.member("error_description")))
    expect(len(seen) == 1, "the same refusal for each fault", "; ".join(map(str, sorted(seen, key=str))))


async def _refused(presentation: Presentation, presented: str) -> None:
    await presentation.expect_refused(await presentation.respond(presentation.form(presentation.parameters(presented))))


async def _refused_token(presentation: Presentation, token: object) -> None:
    parameters = presentation.parameters("", vp_token=token)
    await presentation.expect_refused(await presentation.respond(presentation.form(parameters)))
