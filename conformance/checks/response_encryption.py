"""Encrypted responses that are not what was asked for (OpenID4VP 1.0, 8.3; RFC 7516; RFC 8725)."""

from typing import Any

from conformance import jwe
from conformance.forging import bomb
from conformance.holding import held
from conformance.jose import Jwk, Key, compact_json, encrypt
from conformance.presenting import Presentation
from conformance.registry import check
from conformance.session import Session
from conformance.verdict import skip

MODE = "direct_post.jwt"


async def _begin(session: Session) -> tuple[Presentation, bytes, Jwk]:
    """A request, the plaintext of an honest response to it, and the key it goes to."""
    presentation = await Presentation.begin(session, MODE)
    honest = presentation.presentation(await held(session))
    return presentation, compact_json(presentation.parameters(honest)), presentation.encryption_key()


async def _refused(presentation: Presentation, response: str) -> None:
    await presentation.expect_refused(await presentation.respond({"response": response}))


async def _headed(session: Session, **header: Any) -> None:
    """Refused with these members in the JWE's header, otherwise honest."""
    presentation, plaintext, key = await _begin(session)
    await _refused(presentation, encrypt(key, presentation.encoding(), plaintext, header))


@check("jwe-apu-apv")
async def apu_and_apv_are_taken(session: Session) -> None:
    """An honest JWE with apu and apv, which go into the key."""
    presentation, plaintext, key = await _begin(session)
    response = encrypt(key, presentation.encoding(), plaintext, {"apu": "d2FsbGV0", "apv": "dmVyaWZpZXI"})
    await presentation.expect_accepted(await presentation.respond({"response": response}))


@check("jwe-typ")
async def a_typ_is_taken(session: Session) -> None:
    """An honest JWE with typ JWT and cty json."""
    presentation, plaintext, key = await _begin(session)
    response = encrypt(key, presentation.encoding(), plaintext, {"typ": "JWT", "cty": "json"})
    await presentation.expect_accepted(await presentation.respond({"response": response}))


@check("jwe-payload-members")
async def registered_claims_are_ignored(session: Session) -> None:
    """An honest JWE whose payload has iss, aud and exp beside the parameters."""
    presentation = await Presentation.begin(session, MODE)
    more = {"iss": "https://self-issued.me/v2", "aud": "x", "exp": session.now() + 600}
    answer = await presentation.answer_with(presentation.presentation(await held(session)), **more)
    await presentation.expect_accepted(answer)


@check("jwe-kid-unknown")
async def the_key_is_found_by_its_name(session: Session) -> None:
    """A JWE to the right key under a kid that the verifier never gave."""
    await _headed(session, kid="a-key-of-nobody")


@check("jwe-to-another-request")
async def a_key_is_of_one_request(session: Session) -> None:
    """An honest response encrypted to the key of another request."""
    presentation, plaintext, key = await _begin(session)
    other = (await Presentation.begin(session, MODE)).encryption_key()
    if (other["x"], other["y"]) == (key["x"], key["y"]):
        skip("the verifier uses one key for every request")
    await _refused(presentation, encrypt(other, presentation.encoding(), plaintext))


@check("jwe-alg-wrapped")
async def algorithm_is_the_one_offered(session: Session) -> None:
    """A JWE by ECDH-ES+A128KW, which the key does not name."""
    presentation, plaintext, key = await _begin(session)
    await _refused(presentation, jwe.wrapped(key, presentation.encoding(), plaintext))


@check("jwe-alg-dir")
async def a_shared_secret_is_not_made_up(session: Session) -> None:
    """A JWE with alg dir, its key the text of the public key."""
    presentation, plaintext, key = await _begin(session)
    await _refused(presentation, jwe.direct(compact_json(key), plaintext, {"kid": key.get("kid", "1")}))


@check("jwe-alg-password")
async def passwords_are_refused_unhashed(session: Session) -> None:
    """A JWE by PBES2 with two thousand million rounds: refused at once."""
    presentation, plaintext, key = await _begin(session)
    header = {"alg": "PBES2-HS256+A128KW", "p2s": "c2FsdHNhbHQ", "p2c": 2_000_000_000, "kid": key.get("kid", "1")}
    await _refused(presentation, jwe.sealed(header, b"w" * 24, bytes(16), plaintext))


@check("jwe-enc-unoffered")
async def encoding_is_one_of_those_offered(session: Session) -> None:
    """A JWE by A192GCM, which was not offered."""
    presentation, plaintext, key = await _begin(session)
    offered = presentation.claims.get("client_metadata", {}).get("encrypted_response_enc_values_supported", [])
    if "A192GCM" in offered:
        skip("the verifier offers A192GCM")
    await _refused(presentation, encrypt(key, "A192GCM", plaintext))


@check("jwe-compressed-bomb")
async def compressed_text_is_bounded(session: Session) -> None:
    """A JWE with zip DEF that holds 256 MiB of zeros: refused, and the server lives."""
    presentation, _, key = await _begin(session)
    await _refused(presentation, encrypt(key, presentation.encoding(), bomb(), {"zip": "DEF"}))


@check("jwe-compression-unknown")
async def unknown_compression_is_refused(session: Session) -> None:
    """A JWE whose zip nobody defined."""
    await _headed(session, zip="UNDEFINED")


@check("jwe-critical")
async def unknown_critical_header_is_refused(session: Session) -> None:
    """A JWE with a critical header parameter that nobody defined."""
    await _headed(session, crit=["undefined"], undefined=True)


@check("jwe-tag")
async def tampered_tag_is_refused(session: Session) -> None:
    """A JWE with one bit of its tag turned."""
    presentation, plaintext, key = await _begin(session)
    await _refused(presentation, jwe.turned(encrypt(key, presentation.encoding(), plaintext), 4))


@check("jwe-ciphertext")
async def tampered_ciphertext_is_refused(session: Session) -> None:
    """A JWE with one bit of its ciphertext turned."""
    presentation, plaintext, key = await _begin(session)
    await _refused(presentation, jwe.turned(encrypt(key, presentation.encoding(), plaintext), 3))


@check("jwe-header-changed")
async def header_is_authenticated(session: Session) -> None:
    """A JWE whose header got a member after it was made."""
    presentation, plaintext, key = await _begin(session)
    await _refused(presentation, jwe.reheaded(encrypt(key, presentation.encoding(), plaintext), {"cty": "json"}))


@check("jwe-epk-off-curve")
async def point_off_the_curve_is_refused(session: Session) -> None:
    """A JWE whose epk is no point of the curve, which would tell of the verifier's key bit by bit."""
    presentation, plaintext, key = await _begin(session)
    epk = {**Key().jwk, "y": Key().jwk["y"]}
    await _refused(presentation, jwe.reheaded(encrypt(key, presentation.encoding(), plaintext), {"epk": epk}))


@check("jwe-epk-other-curve")
async def curve_of_the_ephemeral_key_is_the_same(session: Session) -> None:
    """A JWE whose epk is on P-384."""
    presentation, plaintext, key = await _begin(session)
    other = jwe.p384()
    await _refused(presentation, jwe.reheaded(encrypt(key, presentation.encoding(), plaintext), {"epk": other}))


@check("jwe-epk-missing")
async def ephemeral_key_is_required(session: Session) -> None:
    """A JWE without epk."""
    presentation, plaintext, key = await _begin(session)
    await _refused(presentation, jwe.reheaded(encrypt(key, presentation.encoding(), plaintext), {"epk": None}))


@check("jwe-parts")
async def a_jwe_has_five_parts(session: Session) -> None:
    """A JWE of four parts."""
    presentation, plaintext, key = await _begin(session)
    await _refused(presentation, encrypt(key, presentation.encoding(), plaintext).rpartition(".")[0])


@check("jwe-signed-instead")
async def signed_is_not_encrypted(session: Session) -> None:
    """A JWS of the response where a JWE belongs."""
    presentation, plaintext, _ = await _begin(session)
    await _refused(presentation, Key().jws({"typ": "JWT"}, plaintext))


@check("jwe-payload-array")
async def payload_is_an_object(session: Session) -> None:
    """A JWE of a JSON array."""
    presentation, _, key = await _begin(session)
    await _refused(presentation, encrypt(key, presentation.encoding(), b"[]"))


@check("jwe-payload-not-json")
async def payload_is_json(session: Session) -> None:
    """A JWE of a form."""
    presentation, _, key = await _begin(session)
    await _refused(presentation, encrypt(key, presentation.encoding(), b"vp_token=x&state=y"))


@check("jwe-state")
async def state_in_the_jwe_is_compared(session: Session) -> None:
    """A JWE with a state that was not sent, beside the right one in the clear."""
    presentation = await Presentation.begin(session, MODE)
    if "state" not in presentation.claims:
        skip("the request has no state")
    form = presentation.form(presentation.parameters(presentation.presentation(await held(session)), state="wrong"))
    await presentation.expect_refused(await presentation.respond({**form, "state": presentation.claims["state"]}))
