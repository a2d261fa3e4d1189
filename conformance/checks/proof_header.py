"""Key proofs of type jwt with one member wrong (OpenID4VCI 1.0, appendix F.1 and F.4)."""

from typing import Any

from conformance.jose import b64u
from conformance.registry import check_each
from conformance.session import Session
from conformance.verdict import expect_error, skip
from conformance.wallet import Issuance

HOUR = 3600
OFF_CURVE = {"kty": "EC", "crv": "P-256", "x": b64u(bytes(31) + b"\1"), "y": b64u(bytes(31) + b"\1")}

REFUSED: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "typ-missing": ("No typ.", {"typ": None}, {}),
    "jwk-and-kid": ("jwk and kid in one header.", {"kid": "did:jwk:e30#0"}, {}),
    "jwk-and-x5c": ("jwk and x5c in one header.", {"x5c": ["AAAA"]}, {}),
    "jwk-empty": ("An empty jwk.", {"jwk": {}}, {}),
    "jwk-off-curve": ("A jwk that is not on its curve.", {"jwk": OFF_CURVE}, {}),
    "jwk-symmetric": ("A symmetric jwk.", {"jwk": {"kty": "oct", "k": "AAAA"}}, {}),
    "kid-unresolvable": ("kid alone, of no key that anybody knows.", {"jwk": None, "kid": "no-such-key"}, {}),
    "x5c-broken": ("x5c alone, with no certificate in it.", {"jwk": None, "x5c": ["AAAA"]}, {}),
    "critical": ("A critical header parameter nobody defined.", {"crit": ["x"], "x": 1}, {}),
    "algorithm-unknown": ("alg that no metadata lists.", {"alg": "XS256"}, {}),
    "iat-past": ("iat a day ago.", {}, {"iat": -24 * HOUR}),
    "iat-future": ("iat an hour ahead.", {}, {"iat": HOUR}),
    "iat-text": ("iat as a string.", {}, {"iat": "now"}),
    "exp-past": ("exp an hour ago.", {}, {"exp": -HOUR}),
    "nonce-number": ("nonce, a number.", {}, {"nonce": 7}),
}


@check_each("proof", REFUSED)
async def proof_is_refused(session: Session, header: dict[str, Any], claims: dict[str, Any]) -> None:
    issuance = await Issuance.authorized(session)
    if "proof_types_supported" not in issuance.configuration:
        skip(f"configuration {issuance.configuration_id} asks for no key proof")
    moved = {n: session.now() + v for n, v in claims.items() if n in {"iat", "exp"} and isinstance(v, int)}
    made = issuance.proof_claims(await issuance.nonce(), **{**claims, **moved})
    proof = issuance.key.jws(issuance.proof_header(**header), made)
    expect_error(await issuance.post_credential(issuance.credential_request(proof)), "invalid_proof", "invalid_nonce")


ARRAYS: dict[str, tuple[str, Any]] = {
    "list-of-objects": ("proofs.jwt with an object in it.", [{}]),
    "list-text": ("proofs.jwt as a string.", "e30.e30.e30"),
    "list-null": ("proofs.jwt with null in it.", [None]),
}


@check_each("proof", ARRAYS)
async def proofs_are_strings(session: Session, proofs: Any) -> None:
    issuance = await Issuance.authorized(session)
    answer = await issuance.post_credential(issuance.credential_request(proofs={"jwt": proofs}))
    expect_error(answer, "invalid_proof", "invalid_credential_request")
