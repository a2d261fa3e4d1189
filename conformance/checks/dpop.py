"""DPoP at the token endpoint, at PAR and at the credential endpoint (RFC 9449; FAPI 2.0 Security Profile, 5.3)."""

import hashlib
import hmac
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from multidict import CIMultiDict

from conformance.client import Client
from conformance.forging import turned_bit
from conformance.http import Answer
from conformance.jose import Key, b64u, compact_json, jwk_of, seal, thumbprint
from conformance.registry import check, check_each
from conformance.session import Session, standing
from conformance.verdict import expect, expect_client_error, expect_error, skip
from conformance.wallet import Issuance

HOUR = 3600
REFUSALS = frozenset({400, 401})


async def _bound(session: Session) -> Issuance:
    client = await Client.of(session, dpop=True)
    if not client.server.get("dpop_signing_alg_values_supported"):
        skip("the server announces no DPoP")
    issuance = await Issuance.by_code(session, client)
    if str(issuance.token["token_type"]).lower() != "dpop":
        skip("the token is not bound, dpop-token-type says so")
    return issuance


async def _asked(issuance: Issuance, headers: Any) -> Answer:
    return await issuance.post_credential(issuance.credential_request(await issuance.proof()), headers)


def _expect_refused(answer: Answer) -> None:
    """RFC 9449, 7.1: 401 with a challenge; 400 is taken too, as certification does."""
    expect(answer.status in REFUSALS, "HTTP 401 (or 400)", answer)
    expect(answer.status == 400 or answer.headers.get("WWW-Authenticate"), "a WWW-Authenticate header", "none")


def _times(session: Session, changes: dict[str, Any]) -> dict[str, Any]:
    """`iat` and its kin in a table are seconds from now."""
    moved = {
        name: session.now() + changes[name] for name in ("iat", "nbf", "exp") if isinstance(changes.get(name), int)
    }
    return {**changes, **moved}


REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "typ-missing": ("No typ.", {"header": {"typ": None}}),
    "typ": ("typ JWT instead of dpop+jwt.", {"header": {"typ": "JWT"}}),
    "alg-missing": ("No alg.", {"header": {"alg": None}}),
    "jwk-missing": ("No jwk in the header.", {"header": {"jwk": None}}),
    "jwk-empty": ("An empty jwk.", {"header": {"jwk": {}}}),
    "jwk-symmetric": ("A symmetric jwk.", {"header": {"jwk": {"kty": "oct", "k": "AAAA"}}}),
    "critical": ("A critical header parameter nobody defined.", {"header": {"crit": ["x"], "x": 1}}),
    "jti-missing": ("No jti.", {"jti": None}),
    "jti-number": ("jti, a number.", {"jti": 7}),
    "htm-missing": ("No htm.", {"htm": None}),
    "htm": ("htm GET at a POST.", {"htm": "GET"}),
    "htm-case": ("htm post: methods are case-sensitive.", {"htm": "post"}),
    "htu-missing": ("No htu.", {"htu": None}),
    "htu": ("htu of another endpoint.", {"htu": "https://other.example/credential"}),
    "htu-relative": ("htu without scheme and host.", {"htu": "/credential"}),
    "iat-missing": ("No iat.", {"iat": None}),
    "iat-past": ("iat an hour ago.", {"iat": -HOUR}),
    "iat-future": ("iat an hour ahead.", {"iat": HOUR}),
    "iat-text": ("iat as a string.", {"iat": "now"}),
    "exp-past": ("exp an hour ago.", {"exp": -HOUR}),
    "nbf-future": ("nbf an hour ahead.", {"nbf": HOUR}),
    "ath-missing": ("No ath beside an access token.", {"ath": None}),
    "ath": ("ath of another token.", {"ath": b64u(hashlib.sha256(b"another token").digest())}),
}


@check_each("dpop", REFUSED)
async def proof_is_refused(session: Session, changes: dict[str, Any]) -> None:
    issuance = await _bound(session)
    _expect_refused(await _asked(issuance, issuance.authorization(**_times(session, changes))))


ACCEPTED: dict[str, tuple[str, dict[str, Any]]] = {
    "honest": ("An honest proof.", {}),
    "iat-10-past": ("iat ten seconds ago.", {"iat": -10}),
    "iat-10-future": ("iat ten seconds ahead.", {"iat": 10}),
    "extra-claims": ("Claims nobody defined.", {"undefined": {"x": 1}}),
    "extra-header": ("A header parameter nobody defined, and a kid.", {"header": {"undefined": 1, "kid": "x"}}),
    "nbf-exp": ("nbf and exp that hold.", {"nbf": -60, "exp": 60}),
}


@check_each("dpop-accepts", ACCEPTED)
async def proof_is_taken(session: Session, changes: dict[str, Any]) -> None:
    issuance = await _bound(session)
    answer = await _asked(issuance, issuance.authorization(**_times(session, changes)))
    expect(answer.status in {200, 202}, "HTTP 200 or 202", answer)


SPELLED: dict[str, tuple[str, str]] = {
    "htu-query": ("htu with a query, which does not count.", "?x=1"),
    "htu-fragment": ("htu with a fragment, which does not count.", "#x"),
    "htu-upper-case": ("Scheme and host of htu in upper case.", ""),
}


@check_each("dpop-accepts", SPELLED)
async def address_is_normalized(session: Session, more: str) -> None:
    issuance = await _bound(session)
    url = issuance.issuer["credential_endpoint"] + more
    if not more:
        parts = urlsplit(url)
        url = urlunsplit((parts.scheme.upper(), parts.netloc.upper(), *parts[2:]))
    answer = await _asked(issuance, issuance.authorization(htu=url))
    expect(answer.status in {200, 202}, "HTTP 200 or 202", answer)


@check("dpop-alg-none")
async def unsigned_proof_is_refused(session: Session) -> None:
    """alg none and an empty signature."""
    issuance = await _bound(session)
    headers = issuance.authorization(header={"alg": "none"})
    headers["DPoP"] = headers["DPoP"].rpartition(".")[0] + "."
    _expect_refused(await _asked(issuance, headers))


@check("dpop-alg-symmetric")
async def symmetric_proof_is_refused(session: Session) -> None:
    """alg HS256 with the public key as the secret."""
    issuance = await _bound(session)
    assert issuance.client
    assert issuance.client.key
    secret = compact_json(issuance.client.key.jwk)
    headers = issuance.authorization(header={"alg": "HS256"})
    message = headers["DPoP"].rpartition(".")[0]
    headers["DPoP"] = f"{message}.{b64u(hmac.digest(secret, message.encode(), 'sha256'))}"
    _expect_refused(await _asked(issuance, headers))


@check("dpop-alg-rs256")
async def weak_algorithm_is_refused(session: Session) -> None:
    """RS256 with a good signature of its own key, where it is not announced."""
    issuance = await _bound(session)
    if "RS256" in issuance.server.get("dpop_signing_alg_values_supported", []):
        skip("the server announces RS256")
    private = rsa.generate_private_key(65537, 2048)
    token, url = str(issuance.token["access_token"]), str(issuance.issuer["credential_endpoint"])
    claims = {"jti": "rs256", "htm": "POST", "htu": url, "iat": session.now()}
    claims["ath"] = b64u(hashlib.sha256(token.encode()).digest())
    header = {"alg": "RS256", "typ": "dpop+jwt", "jwk": jwk_of(private.public_key())}
    signed = seal(header, claims, lambda message: private.sign(message, padding.PKCS1v15(), hashes.SHA256()))
    _expect_refused(await _asked(issuance, {"Authorization": f"DPoP {token}", "DPoP": signed}))


@check("dpop-signature")
async def signature_is_checked(session: Session) -> None:
    """One bit of the signature turned."""
    issuance = await _bound(session)
    headers = issuance.authorization()
    headers["DPoP"] = turned_bit(headers["DPoP"])
    _expect_refused(await _asked(issuance, headers))


@check("dpop-private-key")
async def private_key_is_refused(session: Session) -> None:
    """The whole private key in the header's jwk."""
    issuance = await _bound(session)
    assert issuance.client
    assert issuance.client.key
    _expect_refused(await _asked(issuance, issuance.authorization(header={"jwk": issuance.client.key.private_jwk})))


@check("dpop-other-key")
async def key_is_the_tokens(session: Session) -> None:
    """A good proof of another key than the token's: who stole the token has no more."""
    issuance = await _bound(session)
    assert issuance.client
    issuance.client.key = Key()
    _expect_refused(await _asked(issuance, issuance.authorization()))


@check("dpop-signed-by-another")
async def signer_is_the_jwk(session: Session) -> None:
    """The token's jwk in the header, signed by another key."""
    issuance = await _bound(session)
    _expect_refused(await _asked(issuance, issuance.authorization(by=Key())))


@check("dpop-missing")
async def proof_is_required(session: Session) -> None:
    """A bound token without proof."""
    issuance = await _bound(session)
    headers = issuance.authorization()
    _expect_refused(await _asked(issuance, {"Authorization": headers["Authorization"]}))


@check("dpop-bearer")
async def bound_token_is_no_bearer_token(session: Session) -> None:
    """A bound token under the Bearer scheme, without proof (RFC 9449, 7.2)."""
    issuance = await _bound(session)
    _expect_refused(await _asked(issuance, {"Authorization": f"Bearer {issuance.token['access_token']}"}))


@check("dpop-bearer-with-proof")
async def scheme_is_dpop(session: Session) -> None:
    """A bound token under the Bearer scheme, with a good proof."""
    issuance = await _bound(session)
    headers = issuance.authorization() | {"Authorization": f"Bearer {issuance.token['access_token']}"}
    _expect_refused(await _asked(issuance, headers))


@check("dpop-two-headers")
async def proof_is_one(session: Session) -> None:
    """Two DPoP headers, both good (RFC 9449, 4.3, 1)."""
    issuance = await _bound(session)
    headers = CIMultiDict(issuance.authorization())
    headers.add("DPoP", issuance.authorization()["DPoP"])
    _expect_refused(await _asked(issuance, headers))


@check("dpop-malformed")
async def noise_is_no_proof(session: Session) -> None:
    """A DPoP header that is no JWT."""
    issuance = await _bound(session)
    _expect_refused(await _asked(issuance, issuance.authorization() | {"DPoP": "not-a-jwt"}))


@check("dpop-replay")
async def proof_is_used_once(session: Session) -> None:
    """The same proof with a second request."""
    issuance = await _bound(session)
    headers = issuance.authorization()
    first = await _asked(issuance, headers)
    expect(first.status in {200, 202}, "HTTP 200 or 202 for the first", first)
    _expect_refused(await _asked(issuance, headers))


@check("dpop-nonce-made-up")
async def nonces_are_the_servers(session: Session) -> None:
    """A nonce that nobody issued: use_dpop_nonce with a nonce to use, or the nonce is not looked at."""
    issuance = await _bound(session)
    answer = await _asked(issuance, issuance.authorization(nonce="made-up"))
    if answer.status in {200, 202}:
        skip("the server uses no nonces")
    challenge = answer.headers.get("WWW-Authenticate", "")
    expect(answer.status == 401 and "use_dpop_nonce" in challenge, "401 use_dpop_nonce in WWW-Authenticate", answer)
    nonce = answer.headers.get("DPoP-Nonce")
    expect(nonce, "a DPoP-Nonce header", "none")
    again = await _asked(issuance, issuance.authorization(nonce=nonce))
    expect(again.status in {200, 202}, "HTTP 200 or 202 with the nonce that was given", again)


@check("dpop-challenge")
async def challenge_names_dpop(session: Session) -> None:
    """WWW-Authenticate of a refused proof: the DPoP scheme (RFC 9449, 7.1)."""
    issuance = await _bound(session)
    answer = await _asked(issuance, issuance.authorization(htm="GET"))
    challenge = answer.headers.get("WWW-Authenticate", "")
    expect(challenge.lower().startswith("dpop"), "WWW-Authenticate: DPoP", challenge or "none")


@check("dpop-notification")
async def every_resource_wants_a_proof(session: Session) -> None:
    """The notification endpoint with the bound token and no proof."""
    issuance = await _bound(session)
    answer = await issuance.post_credential(issuance.credential_request(await issuance.proof()))
    named = standing(answer, "credentials").get("notification_id")
    if named is None:
        skip("no notification_id was returned")
    alone = {"Authorization": f"DPoP {issuance.token['access_token']}"}
    refused = await issuance.notify({"notification_id": named, "event": "credential_accepted"}, alone)
    _expect_refused(refused)


# The token endpoint and PAR (RFC 9449, 5 and 10)


@check("dpop-announced")
async def algorithms_are_announced(session: Session) -> None:
    """dpop_signing_alg_values_supported: ES256, PS256, EdDSA or Ed25519 among them, nothing symmetric, not none."""
    listed = (await session.server()).get("dpop_signing_alg_values_supported")
    expect(isinstance(listed, list) and listed, "a non-empty array", listed)
    names = set(listed or [])
    expect(names & {"ES256", "PS256", "EdDSA", "Ed25519"}, "one of ES256, PS256, EdDSA, Ed25519", sorted(names))
    expect(not [n for n in names if n == "none" or n.startswith("HS")], "no none and nothing symmetric", sorted(names))


@check("dpop-token-type")
async def proof_binds_the_token(session: Session) -> None:
    """A token request with a proof: token_type DPoP."""
    client = await Client.of(session, dpop=True)
    token = await client.token()
    expect(str(token["token_type"]).lower() == "dpop", "token_type DPoP", token["token_type"])


AT_TOKEN: dict[str, tuple[str, dict[str, Any]]] = {
    name: (REFUSED[name][0], REFUSED[name][1])
    for name in ("typ", "jwk-missing", "jti-missing", "htm", "htu", "iat-missing", "iat-past", "iat-future")
}


@check_each("dpop-token", AT_TOKEN)
async def token_request_is_refused(session: Session, changes: dict[str, Any]) -> None:
    client = await Client.of(session, dpop=True)
    code = await client.code()
    headers = await client.headers(client.endpoint("token_endpoint"), **_times(session, changes))
    expect_error(await client.redeem(code, headers), "invalid_dpop_proof", "invalid_request")


@check("dpop-token-signature")
async def token_request_is_signed(session: Session) -> None:
    """One bit of the signature turned, at the token endpoint."""
    client = await Client.of(session, dpop=True)
    code = await client.code()
    headers = await client.headers(client.endpoint("token_endpoint"))
    headers["DPoP"] = turned_bit(headers["DPoP"])
    expect_error(await client.redeem(code, headers), "invalid_dpop_proof", "invalid_request")


@check("dpop-token-private-key")
async def token_request_shows_no_private_key(session: Session) -> None:
    """The whole private key in the header's jwk, at the token endpoint."""
    client = await Client.of(session, dpop=True)
    code = await client.code()
    assert client.key
    shown = {"header": {"jwk": client.key.private_jwk}}
    headers = await client.headers(client.endpoint("token_endpoint"), **shown)
    expect_error(await client.redeem(code, headers), "invalid_dpop_proof", "invalid_request")


@check("dpop-token-two-headers")
async def token_request_has_one_proof(session: Session) -> None:
    """Two DPoP headers at the token endpoint."""
    client = await Client.of(session, dpop=True)
    code = await client.code()
    url = client.endpoint("token_endpoint")
    headers = await client.headers(url)
    headers.add("DPoP", client.dpop(url))
    expect_error(await client.redeem(code, headers), "invalid_dpop_proof", "invalid_request")


@check("dpop-token-replay")
async def token_proof_is_used_once(session: Session) -> None:
    """The proof of one token request with another code's."""
    client = await Client.of(session, dpop=True)
    first, second = await client.code(), await client.code()
    url = client.endpoint("token_endpoint")
    headers = await client.headers(url)
    standing(await client.redeem(first, headers), "access_token")
    again = await client.headers(url)
    again["DPoP"] = headers["DPoP"]
    expect_client_error(await client.redeem(second, again), "invalid_dpop_proof", "invalid_request", "invalid_client")


@check("dpop-code-bound")
async def code_is_bound_by_the_push(session: Session) -> None:
    """A code whose request was pushed with a proof, redeemed with another key (RFC 9449, 10)."""
    client = await Client.of(session, dpop=True)
    client.endpoint("pushed_authorization_request_endpoint")
    code = await client.code()
    client.key = Key()
    expect_error(await client.redeem(code), "invalid_dpop_proof", "invalid_grant", "invalid_request")


@check("dpop-code-bound-missing")
async def bound_code_needs_a_proof(session: Session) -> None:
    """A code whose request was pushed with a proof, redeemed without any."""
    client = await Client.of(session, dpop=True)
    client.endpoint("pushed_authorization_request_endpoint")
    code = await client.code()
    client.key = None
    expect_error(await client.redeem(code), "invalid_dpop_proof", "invalid_grant", "invalid_request")


@check("dpop-jkt")
async def thumbprint_binds_the_code(session: Session) -> None:
    """dpop_jkt of a key, and the code redeemed with a proof of it: a token."""
    client = await Client.of(session, dpop=True)
    key = client.key
    assert key
    client.key = None
    code = await client.code(dpop_jkt=b64u(thumbprint(key.jwk)))
    client.key = key
    answer = await client.redeem(code)
    expect(answer.status == 200, "HTTP 200", answer)


@check("dpop-jkt-other-key")
async def thumbprint_is_compared(session: Session) -> None:
    """dpop_jkt of one key, and the code redeemed with a proof of another."""
    client = await Client.of(session, dpop=True)
    key, client.key = client.key, None
    code = await client.code(dpop_jkt=b64u(thumbprint(Key().jwk)))
    client.key = key
    expect_error(await client.redeem(code), "invalid_dpop_proof", "invalid_grant", "invalid_request")


@check("dpop-jkt-mismatch")
async def push_agrees_with_its_proof(session: Session) -> None:
    """dpop_jkt of another key than that of the proof beside it."""
    client = await Client.of(session, dpop=True)
    answer = await client.push(dpop_jkt=b64u(thumbprint(Key().jwk)))
    expect_error(answer, "invalid_dpop_proof", "invalid_request")


@check("dpop-par-bad")
async def push_checks_its_proof(session: Session) -> None:
    """A push with a proof for another method."""
    client = await Client.of(session, dpop=True)
    url = client.endpoint("pushed_authorization_request_endpoint")
    expect_error(await client.push(await client.headers(url, htm="GET")), "invalid_dpop_proof", "invalid_request")
