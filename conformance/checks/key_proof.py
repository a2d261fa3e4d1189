"""Key proofs of type jwt (OpenID4VCI 1.0, 8.2 and Appendix F)."""

import hashlib
import hmac
import secrets

from conformance.forging import turned_bit
from conformance.http import Answer
from conformance.jose import Key, compact_json, seal
from conformance.registry import check
from conformance.session import Session, standing
from conformance.verdict import expect_error, skip
from conformance.wallet import Issuance


async def _ready(session: Session) -> Issuance:
    issuance = await Issuance.authorized(session)
    if "proof_types_supported" not in issuance.configuration:
        skip(f"configuration {issuance.configuration_id} asks for no key proof")
    return issuance


async def _asked_with(issuance: Issuance, proof: str) -> Answer:
    return await issuance.post_credential(issuance.credential_request(proof))


@check("proof-missing")
async def proof_is_required(session: Session) -> None:
    """No proofs member."""
    issuance = await _ready(session)
    expect_error(await issuance.post_credential(issuance.credential_request()), "invalid_proof")


@check("proof-list-empty")
async def an_empty_list_is_no_proof(session: Session) -> None:
    """proofs with an empty jwt array."""
    issuance = await _ready(session)
    request = issuance.credential_request(proofs={"jwt": []})
    expect_error(await issuance.post_credential(request), "invalid_proof", "invalid_credential_request")


@check("proof-two-types")
async def proofs_are_of_one_type(session: Session) -> None:
    """An honest jwt proof beside a second proof type."""
    issuance = await _ready(session)
    request = issuance.credential_request(proofs={"jwt": [await issuance.proof()], "attestation": ["e30.e30.e30"]})
    expect_error(await issuance.post_credential(request), "invalid_proof", "invalid_credential_request")


@check("proof-type-unknown")
async def unknown_proof_type_is_refused(session: Session) -> None:
    """Only a proof type that nobody defined."""
    issuance = await _ready(session)
    request = issuance.credential_request(proofs={"made-up": [await issuance.proof()]})
    expect_error(await issuance.post_credential(request), "invalid_proof", "invalid_credential_request")


@check("proof-typ")
async def typ_is_compared(session: Session) -> None:
    """typ JWT instead of openid4vci-proof+jwt."""
    issuance = await _ready(session)
    claims = issuance.proof_claims(await issuance.nonce())
    expect_error(
        await _asked_with(issuance, issuance.key.jws(issuance.proof_header(typ="JWT"), claims)), "invalid_proof"
    )


@check("proof-audience")
async def audience_is_compared(session: Session) -> None:
    """aud of another issuer."""
    issuance = await _ready(session)
    claims = issuance.proof_claims(await issuance.nonce(), aud="https://other-issuer.example")
    expect_error(await _asked_with(issuance, issuance.key.jws(issuance.proof_header(), claims)), "invalid_proof")


@check("proof-audience-missing")
async def audience_is_required(session: Session) -> None:
    """No aud."""
    issuance = await _ready(session)
    claims = issuance.proof_claims(await issuance.nonce(), aud=None)
    expect_error(await _asked_with(issuance, issuance.key.jws(issuance.proof_header(), claims)), "invalid_proof")


@check("proof-iat-missing")
async def iat_is_required(session: Session) -> None:
    """No iat."""
    issuance = await _ready(session)
    claims = issuance.proof_claims(await issuance.nonce(), iat=None)
    expect_error(await _asked_with(issuance, issuance.key.jws(issuance.proof_header(), claims)), "invalid_proof")


@check("proof-algorithm-none")
async def unsigned_proof_is_refused(session: Session) -> None:
    """alg none with an empty signature."""
    issuance = await _ready(session)
    claims = issuance.proof_claims(await issuance.nonce())
    proof = seal(issuance.proof_header(alg="none"), claims, lambda _: b"")
    expect_error(await _asked_with(issuance, proof), "invalid_proof")


@check("proof-algorithm-symmetric")
async def symmetric_proof_is_refused(session: Session) -> None:
    """HS256, keyed with the public key that the header carries."""
    issuance = await _ready(session)
    claims, public = issuance.proof_claims(await issuance.nonce()), compact_json(issuance.key.jwk)
    proof = seal(issuance.proof_header(alg="HS256"), claims, lambda m: hmac.digest(public, m, hashlib.sha256))
    expect_error(await _asked_with(issuance, proof), "invalid_proof")


@check("proof-signature")
async def signature_is_verified(session: Session) -> None:
    """One bit of the signature turned."""
    issuance = await _ready(session)
    expect_error(await _asked_with(issuance, turned_bit(await issuance.proof())), "invalid_proof")


@check("proof-other-key")
async def signature_is_of_the_named_key(session: Session) -> None:
    """A good signature of another key than the header names."""
    issuance = await _ready(session)
    proof = Key().jws(issuance.proof_header(), issuance.proof_claims(await issuance.nonce()))
    expect_error(await _asked_with(issuance, proof), "invalid_proof")


@check("proof-no-key")
async def proof_names_its_key(session: Session) -> None:
    """None of jwk, kid and x5c in the header."""
    issuance = await _ready(session)
    header = issuance.proof_header(jwk=None, kid=None)
    proof = issuance.key.jws(header, issuance.proof_claims(await issuance.nonce()))
    expect_error(await _asked_with(issuance, proof), "invalid_proof")


@check("proof-private-key")
async def private_key_is_refused(session: Session) -> None:
    """The whole private key in the header's jwk."""
    issuance = await _ready(session)
    header = issuance.proof_header(jwk=issuance.key.private_jwk, kid=None)
    proof = issuance.key.jws(header, issuance.proof_claims(await issuance.nonce()))
    expect_error(await _asked_with(issuance, proof), "invalid_proof")


@check("proof-nonce-missing")
async def nonce_is_required(session: Session) -> None:
    """No nonce in the proof of an issuer that has a nonce endpoint."""
    issuance = await _ready(session)
    if "nonce_endpoint" not in issuance.issuer:
        skip("the issuer has no nonce_endpoint")
    proof = issuance.key.jws(issuance.proof_header(), issuance.proof_claims(None))
    expect_error(await _asked_with(issuance, proof), "invalid_proof", "invalid_nonce")


@check("proof-nonce-made-up")
async def made_up_nonce_is_refused(session: Session) -> None:
    """A nonce that nobody issued, of the usual length."""
    issuance = await _ready(session)
    made_up = secrets.token_urlsafe(len(await issuance.nonce() or "") * 3 // 4)
    proof = issuance.key.jws(issuance.proof_header(), issuance.proof_claims(made_up))
    expect_error(await _asked_with(issuance, proof), "invalid_nonce")


@check("proof-nonce-reused")
async def nonce_is_used_once(session: Session) -> None:
    """Two issuances, one nonce: the second is refused."""
    first, second = await _ready(session), await _ready(session)
    nonce = await first.nonce()
    standing(await _asked_with(first, first.key.jws(first.proof_header(), first.proof_claims(nonce))), "credentials")
    again = second.key.jws(second.proof_header(), second.proof_claims(nonce))
    expect_error(await _asked_with(second, again), "invalid_nonce")


@check("proof-not-a-jwt")
async def noise_is_no_proof(session: Session) -> None:
    """A string that is no JWT at all."""
    issuance = await _ready(session)
    expect_error(await _asked_with(issuance, "not-a-jwt"), "invalid_proof")
