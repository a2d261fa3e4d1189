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
    Jwt,
    accepts,
    always,
    decoded,
    header,
    jwt,
    member,
    refuses,
    repeats,
    rewritten,
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
mdoc-session-nonce mdoc-session-client-id mdoc-session-client-id-unprefixed mdoc-session-response-uri
mdoc-session-thumbprint mdoc-session-thumbprint-missing mdoc-session-dc-api mdoc-session-of-another-request
mdoc-device-key mdoc-device-signature mdoc-device-elements mdoc-issuer-signature mdoc-issuer-other-key
mdoc-element-forged mdoc-element-unsigned mdoc-element-twice mdoc-element-of-another-namespace mdoc-element-missing
mdoc-element-reencoded mdoc-doctype mdoc-doctype-other mdoc-expired mdoc-not-yet-valid mdoc-signed-too-early
mdoc-digest-algorithm mdoc-version mdoc-mso-incomplete mdoc-algorithm-unprotected mdoc-algorithm-of-another-key
mdoc-critical mdoc-chain-untrusted mdoc-chain-expired mdoc-chain-usage mdoc-chain-country mdoc-chain-missing
mdoc-chain-root-inside mdoc-response-status mdoc-response-version mdoc-response-empty mdoc-response-two-documents
mdoc-cbor-garbage mdoc-cbor-huge mdoc-cbor-deep mdoc-cbor-member-twice mdoc-cbor-trailing mdoc-not-text mdoc-padded
mdoc-sd-jwt-instead
query-value-unmet query-value-type query-value-of-a-boolean query-claim-not-disclosed query-path-nested-missing
query-claim-set-unmet query-one-of-both query-set-incomplete query-set-optional-alone query-multiple-one-bad
query-authority-unmet
transaction-data-missing transaction-data-other transaction-data-decoded transaction-data-algorithm
transaction-data-more transaction-data-text transaction-data-unasked
prefix-redirect-uri-unprefixed haip-issuer-by-did
"""
"""Checks of what has to be refused, against a verifier that takes it."""

REFUSING = """
credential-accepted credential-without-exp credential-cnf-plain-key disclosure-decoys chain-with-intermediate
status-list-good
mdoc-accepted mdoc-accepted-encrypted
query-value-met query-path-nested query-path-element query-claim-set-second query-both query-set-second
query-set-optional query-multiple query-authority-met query-unbound-accepted query-vct-of-several
transaction-data-accepted prefix-san-dns-answered prefix-did-answered prefix-redirect-uri-answered
prefix-attestation-answered
"""
"""Checks of what has to be taken, against a verifier that takes nothing."""

BELIEVING = """
digital-audience-client-id digital-audience-unprefixed digital-audience-other digital-nonce digital-origin-other
digital-mdoc-origin digital-mdoc-nonce
"""
"""Checks of what has to be refused by the browser's way, against a verifier that says it holds."""


def digital(change: Jwt) -> tuple[str, Bug]:
    """The signed request for the browser, changed."""
    return "digital-request", member("data", lambda data: {"request": rewritten(data["request"], change)})


def one_signature(data: dict[str, Any]) -> dict[str, Any]:
    """The last of the signatures is lost."""
    return {"request": {**data["request"], "signatures": data["request"]["signatures"][:1]}}


def attested_as_another(head: dict[str, Any], _claims: dict[str, Any]) -> None:
    head["jwt"] = rewritten(head["jwt"], lambda _, claims: claims.update(sub="other.example"))


async def leads_back_when_refused(asked: Asked, forward: Forward, _memory: dict[str, Any]) -> Answered:
    """A code for whoever answers."""
    answer = await forward(asked)
    code = {"redirect_uri": "https://verifier.example/done?response_code=x"}
    return answer if answer.good else answer.with_json({**answer.json, **code})


VERIFYING: Mapping[str, tuple[str, Bug]] = {
    **{check: ("response", accepts({})) for check in ACCEPTING.split()},
    **{check: ("response", refuses()) for check in REFUSING.split()},
    **{check: ("result", member("state", "verified")) for check in BELIEVING.split()},
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
    # Names
    "prefix-san-dns": ("request-object", jwt(lambda head, _: head.update(x5c=[stranger()]))),
    "prefix-did": ("request-object", jwt(lambda head, _: head.update(kid="did:web:other.example#0"))),
    "prefix-redirect-uri": link({"client_id": "redirect_uri:https://other.example/response"}),
    "prefix-attestation": ("request-object", jwt(attested_as_another)),
    "prefix-by-value": link({"client_id": "x509_hash:other"}),
    # Transactions, the way back, the browser
    "transaction-data-request": ("request-object", request(transaction_data=["e30"])),
    "return-redirect-uri": ("response", member("redirect_uri")),
    "return-code-fresh": ("response", member("redirect_uri", "https://verifier.example/done")),
    "return-none-when-refused": ("response", leads_back_when_refused),
    "return-code-redeemed": ("return-code", refuses()),
    **{f"return-code-{name}": ("return-code", accepts({})) for name in ("wrong", "of-another", "once")},
    "digital-request": digital(lambda _, claims: claims.update(expected_origins=["https://thief.example"])),
    "digital-request-signature": digital(lambda head, _: head.update(typ="JWT")),
    "digital-request-encrypted": digital(lambda _, claims: claims.update(response_mode="dc_api")),
    "digital-unsigned": ("digital-request", member("data", lambda data: {**data, "expected_origins": []})),
    "digital-unsigned-accepted": ("result", member("state", "refused")),
    "digital-multisigned": ("digital-request", member("data", one_signature)),
    "digital-accepted": ("result", member("state", "refused")),
    "digital-accepted-encrypted": ("result", member("state", "refused")),
    "digital-mdoc-accepted": ("result", member("state", "refused")),
    # HAIP
    "haip-x509-hash": ("request-object", request(client_id="x509_san_dns:verifier.example")),
    "haip-signed-by-reference": link({"request_uri": None, "response_uri": "https://verifier.example/response"}),
    "haip-es256": ("request-object", jwt(lambda head, _: head.update(alg="ES384"))),
    "haip-encrypted": ("request-object", request(response_mode="direct_post")),
    "haip-redirect-uri": ("response", member("redirect_uri")),
    "haip-dcql": ("request-object", request(dcql_query={"credentials": [{**QUERIED, "format": "ldp_vc"}]})),
}
