"""A bug for each check of what a verifier believes: most of a verifier's bugs look alike from outside, it says yes."""

import json
import secrets
import time
from collections.abc import Mapping
from typing import Any

from conformance import authority, forging
from conformance.authority import Wish, der
from conformance.jose import Key
from tests.faults.front import (
    Answered,
    Asked,
    Bug,
    Forward,
    accepts,
    always,
    decoded,
    header,
    jwt,
    member,
    refuses,
    repeats,
    status,
    turned,
)
from tests.faults.issuer import stranger
from tests.faults.verifier import KEY, POINT, authorization_request, encoding, metadata, request

QUERIED = {"id": "pid", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:eudi:pid:1"]}}


def certified(**wish: Any) -> Bug:
    """The request under a certificate of this kind, which it was not signed with."""
    leaf = authority.create().certify(Key(), Wish(**wish))
    return jwt(lambda head, _: head.update(x5c=[forging.b64(one) for one in der([leaf])]))


def queried(**members: Any) -> Bug:
    """A credential query of these members."""
    return request(dcql_query={"credentials": [{**QUERIED, **members}]})


def bound(asked: Asked) -> dict[str, Any]:
    """The claims of the first presentation's KB-JWT."""
    token = json.loads(asked.form.get("vp_token", "{}"))
    (shown,) = next(iter(token.values()), ["~e30.e30."])
    claims: dict[str, Any] = decoded(shown.rsplit("~", 1)[1].split(".")[1])
    return claims


def another_nonce(_head: dict[str, Any], claims: dict[str, Any]) -> None:
    claims["nonce"] = secrets.token_urlsafe(16)


async def ends_on_any_error(asked: Asked, forward: Forward, memory: dict[str, Any]) -> Answered:
    """Whoever posts an error ends the transaction."""
    if asked.target in memory:
        return memory[asked.target]
    answer = await forward(asked)
    if "error" in asked.form:
        memory[asked.target] = answer
    return answer


async def mirrors(asked: Asked, forward: Forward, _memory: dict[str, Any]) -> Answered:
    """The wallet says where the browser goes."""
    answer = await forward(asked)
    found = asked.form.get("redirect_uri")
    return answer.with_json({"redirect_uri": found}) if found and answer.good else answer


async def repeats_the_claims(asked: Asked, forward: Forward, _memory: dict[str, Any]) -> Answered:
    """What was presented, in the answer."""
    answer = await forward(asked)
    return answer.with_json({"given_name": "Erika", "family_name": "Mustermann"}) if answer.good else answer


def says(word: str) -> Bug:
    """A refusal that tells what was wrong."""
    return always(lambda answer: answer if answer.good else answer.with_json({**answer.json, "detail": word}))


def link(change: Mapping[str, str | None]) -> tuple[str, Bug]:
    return "make-request", authorization_request(**change)


def keys(**members: Any) -> tuple[str, Bug]:
    """The encryption key with other members."""
    return "request-object", metadata(jwks={"keys": [{**KEY, **POINT, **members}]})


ACCEPTING = """
token-not-json token-array token-empty-object token-empty-array token-number token-empty-text token-null
token-unasked-beside token-id-other-case token-member-twice token-and-error
form-as-json form-media-type form-in-query form-parameter-twice form-not-utf8 form-large form-no-body
form-plain-beside-encrypted form-encrypted-for-plain
transaction-unknown transaction-state-missing transaction-state-of-another transaction-second-answer
transaction-parallel-answers error-empty
jwe-kid-unknown jwe-to-another-request jwe-alg-wrapped jwe-alg-dir jwe-alg-password jwe-enc-unoffered
jwe-compressed-bomb jwe-compression-unknown jwe-critical jwe-tag jwe-ciphertext jwe-header-changed jwe-epk-off-curve
jwe-epk-other-curve jwe-epk-missing jwe-parts jwe-signed-instead jwe-payload-array jwe-payload-not-json jwe-state
kb-nonce-missing kb-nonce-other-case kb-nonce-beginning kb-audience-missing kb-audience-origin
kb-audience-response-uri kb-audience-other-prefix kb-iat-missing kb-iat-text kb-iat-hours kb-iat-next-hour kb-expired
kb-sd-hash-of-issuer-jwt kb-disclosure-added kb-typ-missing kb-typ-of-a-credential kb-alg-none kb-alg-symmetric
kb-alg-of-another-curve kb-jwk-header kb-critical kb-payload-not-object kb-signature-zero kb-twice
kb-of-another-credential
credential-expired credential-not-yet-valid credential-exp-text credential-vct-other credential-vct-missing
credential-vct-beginning credential-typ credential-typ-of-a-status-list credential-alg-none credential-alg-symmetric
credential-jwk-header credential-key-unnamed credential-jku-header credential-self-made-did credential-critical
credential-unencoded credential-cnf-missing credential-cnf-text credential-issuer-not-certified
credential-payload-not-object credential-member-twice credential-plain-jwt
disclosure-twice disclosure-unused disclosure-digest-twice disclosure-name-clash disclosure-name-sd
disclosure-name-dots disclosure-shape disclosure-of-an-element disclosure-nested-deep disclosure-algorithm
disclosure-of-exp disclosure-of-cnf disclosure-of-vct disclosure-of-status
chain-expired chain-not-yet-valid chain-intermediate-expired chain-intermediate-missing chain-reordered chain-empty
chain-garbage chain-self-signed chain-own-root chain-same-name chain-end-entity-certifies chain-of-another-key
chain-leaf-is-authority chain-key-usage
status-list-revoked status-list-suspended status-list-unknown-value status-list-unreachable status-list-unsigned
status-list-signature status-list-untrusted status-list-jwk-header status-list-subject status-list-typ
status-list-expired status-list-iat-missing status-list-bits status-list-beyond status-list-negative status-list-bomb
status-list-garbage status-list-media-type status-list-redirect status-list-rolled-back status-unknown-mechanism
"""
"""Checks of what has to be refused, against a verifier that takes it."""

REFUSING = """
credential-accepted credential-without-exp credential-cnf-plain-key disclosure-decoys chain-with-intermediate
status-list-good
"""
"""Checks of what has to be taken, against a verifier that takes nothing."""

VERIFYING: Mapping[str, tuple[str, Bug]] = {
    **{check: ("response", accepts({})) for check in ACCEPTING.split()},
    **{check: ("response", refuses()) for check in REFUSING.split()},
    # Request
    "request-prefix": link({"client_id": "undefined_prefix:x"}),
    "request-method": link({"request_uri_method": "POST"}),
    "request-method-inside": ("request-object", request(request_uri_method="post")),
    "request-algorithm": ("request-object", jwt(lambda head, _: head.update(alg="none"))),
    "request-iat": ("request-object", request(iat=None)),
    "request-iss": ("request-object", request(iss="https://verifier.example")),
    "request-sub": ("request-object", jwt(lambda _, claims: claims.update(sub=claims["client_id"]))),
    "request-query-or-scope": ("request-object", request(scope="pid")),
    "request-response-mode-jwt": ("request-object", request(response_mode="direct_post")),
    "request-nonce-random": (
        "request-object",
        jwt(lambda _, claims: claims.update(nonce="n" * 24 + secrets.token_hex(8))),
    ),
    "request-state-opaque": ("request-object", request(state="12345")),
    "request-uri-opaque": link({"request_uri": "http://localhost/requests/1"}),
    "request-uri-unknown": ("request-object", accepts({})),
    "request-refetch-same": ("request-object", jwt(another_nonce)),
    "request-no-store": ("request-object", header("Cache-Control", None)),
    "request-accept-any": (
        "request-object",
        refuses(when=lambda asked: "oauth" not in asked.headers.get("Accept", "")),
    ),
    "request-leaf-no-authority": ("request-object", jwt(lambda head, _: head.update(x5c=[stranger()]))),
    "request-leaf-usage": ("request-object", certified(usage="key_agreement")),
    "request-leaf-valid": ("request-object", certified(days=(-30, -1))),
    "metadata-of-drafts": ("request-object", metadata(authorization_encrypted_response_alg="ECDH-ES")),
    "metadata-formats-asked": ("request-object", metadata(vp_formats_supported={"ldp_vc": {}})),
    "metadata-mdoc-algorithms": (
        "request-object",
        metadata(vp_formats_supported={"mso_mdoc": {"issuerauth_alg_values": ["ES256"]}}),
    ),
    "metadata-jwks-object": ("request-object", metadata(jwks=[{**KEY, **POINT}])),
    "metadata-key-use": keys(use="sig"),
    "metadata-key-public": keys(d="A" * 43),
    "metadata-key-on-curve": keys(y=POINT["x"]),
    "dcql-as-asked": ("request-object", queried(claims=[{"path": ["birthdate"]}])),
    "dcql-known-members": ("request-object", queried(limit_disclosure="required")),
    "dcql-no-format-claims": ("request-object", queried(claims=[{"path": ["exp"]}])),
    "dcql-paths": ("request-object", queried(claims=[{"path": ["given_name", -1]}])),
    "dcql-claim-ids": ("request-object", queried(claims=[{"id": "a", "path": ["given_name"]}], claim_sets=[["b"]])),
    "dcql-sets-name-credentials": (
        "request-object",
        request(dcql_query={"credentials": [QUERIED], "credential_sets": [{"options": [["other"]]}]}),
    ),
    # Request by POST
    "post-offered": link({"request_uri_method": None}),
    "post-media-type": ("request-object-post", header("Content-Type", "application/jwt")),
    "post-wallet-nonce": ("request-object-post", request(wallet_nonce=None)),
    "post-wallet-nonce-own": ("request-object-post", repeats(lambda asked: asked.target)),
    "post-no-wallet-nonce": ("request-object-post", request(wallet_nonce="invented")),
    "post-client-id": ("request-object-post", request(client_id="x509_hash:other")),
    "post-signature": (
        "request-object-post",
        always(lambda answer: Answered(answer.status, answer.headers, turned(answer.body.decode()).encode())),
    ),
    "post-unknown-parameter": (
        "request-object-post",
        refuses(when=lambda asked: "undefined_parameter" in asked.form),
    ),
    "post-wallet-metadata": ("request-object-post", refuses(when=lambda asked: "wallet_metadata" in asked.form)),
    "post-wallet-metadata-unknown": (
        "request-object-post",
        refuses(when=lambda asked: "undefined_member" in asked.form.get("wallet_metadata", "")),
    ),
    **{
        f"post-{name}": ("request-object-post", accepts({}))
        for name in ("wallet-metadata-not-json", "wallet-metadata-array", "wallet-metadata-large", "wallet-unable")
    },
    "post-one-encoding": (
        "request-object-post",
        metadata(encrypted_response_enc_values_supported=["A128GCM", "A256GCM"]),
    ),
    # Response
    "token-deep": ("response", status(500)),
    "token-draft-submission": ("response", refuses(when=lambda asked: "presentation_submission" in asked.form)),
    "form-no-store": ("response", header("Cache-Control", None)),
    "form-redirect-not-mirrored": ("response", mirrors),
    "transaction-request-gone": ("request-object", repeats(lambda asked: asked.target)),
    "error-heard": ("response", refuses(when=lambda asked: "error" in asked.form)),
    "error-not-accepted": ("result", member("state", "verified")),
    "error-unknown-code": ("response", status(500)),
    "error-described": ("response", refuses(when=lambda asked: "error_description" in asked.form)),
    "error-of-a-stranger": ("response", ends_on_any_error),
    "refusal-no-store": ("response", header("Cache-Control", None)),
    "refusal-shows-nothing": ("response", says("the signature of the holder's key")),
    "refusal-unencrypted": ("response", header("Content-Type", "application/jwt")),
    "jwe-apu-apv": ("response", refuses(when=lambda asked: "apu" in encoding(asked))),
    "jwe-typ": ("response", refuses(when=lambda asked: '"typ"' in encoding(asked))),
    "kb-clock-behind": ("response", refuses(when=lambda asked: bound(asked)["iat"] > time.time() + 2)),
    "kb-unknown-claim": ("response", refuses(when=lambda asked: "undefined_claim" in bound(asked))),
    "credential-answer-says-nothing": ("response", repeats_the_claims),
}
