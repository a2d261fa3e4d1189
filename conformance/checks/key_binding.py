"""The KB-JWT of a presentation, wrong in one thing each time (RFC 9901, 7.3; OpenID4VP 1.0, B.3.6 and 14.1)."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from conformance import sd_jwt
from conformance.holding import fresh, held
from conformance.jose import Key, compact_json, seal
from conformance.presenting import Presentation
from conformance.registry import check
from conformance.session import Session
from conformance.verdict import skip


async def _changed(session: Session, **claims: Any) -> None:
    """Refused with these claims in the KB-JWT."""
    presentation = await Presentation.begin(session)
    await presentation.expect_refused(await presentation.present(await held(session), **claims))


async def _headed(session: Session, header: Mapping[str, Any], key: Key | None = None) -> None:
    """Refused with this header on the KB-JWT."""
    presentation, mine = await Presentation.begin(session), await held(session)
    shown = sd_jwt.bind(presentation.disclosed(mine), key or mine.key, presentation.binding_claims(), header)
    await presentation.expect_refused(await presentation.answer_with(shown))


def _claims(presentation: Presentation, shown: str) -> dict[str, Any]:
    return {"sd_hash": sd_jwt.digest(shown), **presentation.binding_claims()}


@check("kb-nonce-missing")
async def nonce_is_required(session: Session) -> None:
    """A KB-JWT without nonce."""
    await _changed(session, nonce=None)


@check("kb-nonce-other-case")
async def nonce_is_compared_exactly(session: Session) -> None:
    """A KB-JWT with the nonce in the other case: upper for lower, lower for upper."""
    presentation = await Presentation.begin(session)
    nonce = str(presentation.claims.get("nonce"))
    if nonce == nonce.swapcase():
        skip("the nonce has no letters")
    await presentation.expect_refused(await presentation.present(await held(session), nonce=nonce.swapcase()))


@check("kb-nonce-beginning")
async def nonce_is_compared_whole(session: Session) -> None:
    """A KB-JWT with all of the nonce but its last character."""
    presentation = await Presentation.begin(session)
    nonce = str(presentation.claims.get("nonce"))
    await presentation.expect_refused(await presentation.present(await held(session), nonce=nonce[:-1]))


@check("kb-audience-missing")
async def audience_is_required(session: Session) -> None:
    """A KB-JWT without aud."""
    await _changed(session, aud=None)


@check("kb-audience-origin")
async def audience_is_no_origin(session: Session) -> None:
    """A KB-JWT made for the verifier's origin, as the Digital Credentials API has it, in a response that is posted."""
    presentation = await Presentation.begin(session)
    origin = "/".join(presentation.response_uri().split("/")[:3])
    await presentation.expect_refused(await presentation.present(await held(session), aud=f"origin:{origin}"))


@check("kb-audience-response-uri")
async def audience_is_no_address(session: Session) -> None:
    """A KB-JWT whose aud is the response_uri."""
    presentation = await Presentation.begin(session)
    answer = await presentation.present(await held(session), aud=presentation.response_uri())
    await presentation.expect_refused(answer)


@check("kb-audience-other-prefix")
async def prefix_belongs_to_the_audience(session: Session) -> None:
    """A KB-JWT for the same identifier under another client identifier prefix."""
    presentation = await Presentation.begin(session)
    prefix, colon, rest = str(presentation.claims.get("client_id")).partition(":")
    if not colon:
        skip("the client identifier has no prefix")
    other = "x509_san_dns" if prefix != "x509_san_dns" else "x509_hash"
    await presentation.expect_refused(await presentation.present(await held(session), aud=f"{other}:{rest}"))


@check("kb-iat-missing")
async def iat_is_required(session: Session) -> None:
    """A KB-JWT without iat."""
    await _changed(session, iat=None)


@check("kb-iat-text")
async def iat_is_a_number(session: Session) -> None:
    """A KB-JWT whose iat is a text."""
    await _changed(session, iat=str(session.now()))


@check("kb-iat-hours")
async def hours_are_too_long(session: Session) -> None:
    """A KB-JWT made three hours ago: the window is of minutes."""
    await _changed(session, iat=session.now() - 3 * 3600)


@check("kb-iat-next-hour")
async def an_hour_ahead_is_too_far(session: Session) -> None:
    """A KB-JWT made in an hour from now."""
    await _changed(session, iat=session.now() + 3600)


@check("kb-clock-behind")
async def a_slow_verifier_clock_is_tolerated(session: Session) -> None:
    """A KB-JWT made five seconds from now, as a wallet makes it whose clock is a little ahead."""
    presentation = await Presentation.begin(session)
    await presentation.expect_accepted(await presentation.present(await held(session), iat=session.now() + 5))


@check("kb-unknown-claim")
async def unknown_claims_are_ignored(session: Session) -> None:
    """A KB-JWT with a claim that nobody defined, well signed."""
    presentation = await Presentation.begin(session)
    await presentation.expect_accepted(await presentation.present(await held(session), undefined_claim="x"))


@check("kb-expired")
async def exp_counts_where_it_stands(session: Session) -> None:
    """A KB-JWT that says itself that it is past its exp."""
    await _changed(session, exp=session.now() - 3600)


@check("kb-sd-hash-of-issuer-jwt")
async def sd_hash_covers_the_disclosures(session: Session) -> None:
    """sd_hash over the issuer-signed JWT alone, without the disclosures."""
    mine = await held(session)
    await _changed(session, sd_hash=sd_jwt.digest(mine.credential.issuer_jwt + "~"))


@check("kb-disclosure-added")
async def disclosures_are_bound(session: Session) -> None:
    """A disclosure of the credential put in after the holder signed for fewer."""
    presentation, mine = await Presentation.begin(session), await held(session)
    more = presentation.disclosed(mine)
    fewer = "~".join([more.split("~")[0], *more.split("~")[2:]])
    binding = sd_jwt.bind(fewer, mine.key, presentation.binding_claims()).rsplit("~", 1)[1]
    if fewer == more:
        skip("the query asks for no selectively disclosable claim")
    await presentation.expect_refused(await presentation.answer_with(f"{more}{binding}"))


@check("kb-typ-missing")
async def typ_is_required(session: Session) -> None:
    """A KB-JWT without typ."""
    presentation, mine = await Presentation.begin(session), await held(session)
    shown = presentation.disclosed(mine)
    binding = seal({"alg": "ES256"}, _claims(presentation, shown), mine.key.sign)
    await presentation.expect_refused(await presentation.answer_with(shown + binding))


@check("kb-typ-of-a-credential")
async def a_credential_is_no_key_binding(session: Session) -> None:
    """A KB-JWT with the typ of a credential."""
    await _headed(session, {"typ": "dc+sd-jwt"})


@check("kb-alg-none")
async def unsigned_key_binding_is_refused(session: Session) -> None:
    """A KB-JWT with alg none and no signature."""
    presentation, mine = await Presentation.begin(session), await held(session)
    shown = presentation.disclosed(mine)
    binding = seal({"alg": "none", "typ": "kb+jwt"}, _claims(presentation, shown), lambda _: b"")
    await presentation.expect_refused(await presentation.answer_with(shown + binding))


@check("kb-alg-symmetric")
async def public_keys_are_no_secrets(session: Session) -> None:
    """A KB-JWT by HS256, its key the text of the public cnf.jwk."""
    presentation, mine = await Presentation.begin(session), await held(session)
    shown, secret = presentation.disclosed(mine), compact_json(mine.key.jwk)
    binding = seal(
        {"alg": "HS256", "typ": "kb+jwt"},
        _claims(presentation, shown),
        lambda message: hmac.digest(secret, message, hashlib.sha256),
    )
    await presentation.expect_refused(await presentation.answer_with(shown + binding))


@check("kb-alg-of-another-curve")
async def algorithm_fits_the_key(session: Session) -> None:
    """A KB-JWT that names ES384, signed by the P-256 key of cnf."""
    await _headed(session, {"alg": "ES384"})


@check("kb-jwk-header")
async def a_key_in_the_header_is_not_believed(session: Session) -> None:
    """A KB-JWT of another key, which its header carries."""
    other = Key()
    await _headed(session, {"jwk": other.jwk}, other)


@check("kb-critical")
async def unknown_critical_header_is_refused(session: Session) -> None:
    """A KB-JWT with a critical header parameter that nobody defined."""
    await _headed(session, {"crit": ["undefined"], "undefined": True})


@check("kb-payload-not-object")
async def claims_are_an_object(session: Session) -> None:
    """A KB-JWT whose payload is a JSON array."""
    presentation, mine = await Presentation.begin(session), await held(session)
    binding = mine.key.jws({"typ": "kb+jwt"}, ["no claims"])
    await presentation.expect_refused(await presentation.answer_with(presentation.disclosed(mine) + binding))


@check("kb-signature-zero")
async def a_signature_of_zeros_is_refused(session: Session) -> None:
    """A KB-JWT whose ECDSA signature is r = s = 0."""
    presentation, mine = await Presentation.begin(session), await held(session)
    shown = presentation.disclosed(mine)
    binding = seal({"alg": "ES256", "typ": "kb+jwt"}, _claims(presentation, shown), lambda _: bytes(64))
    await presentation.expect_refused(await presentation.answer_with(shown + binding))


@check("kb-twice")
async def one_key_binding_ends_a_presentation(session: Session) -> None:
    """Two KB-JWTs behind one another."""
    presentation, mine = await Presentation.begin(session), await held(session)
    whole = presentation.presentation(mine)
    binding = whole.rsplit("~", 1)[1]
    await presentation.expect_refused(await presentation.answer_with(f"{whole}~{binding}"))


@check("kb-of-another-credential")
async def key_binding_is_of_this_credential(session: Session) -> None:
    """The KB-JWT of another credential of the wallet's, of another key."""
    presentation, mine = await Presentation.begin(session), await held(session)
    other = presentation.presentation(await fresh(session)).rsplit("~", 1)[1]
    await presentation.expect_refused(await presentation.answer_with(presentation.disclosed(mine) + other))
