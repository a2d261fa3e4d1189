"""A bug for each check of what an issuer publishes, and of what HAIP wants of it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.faults.between import page_instead, when
from tests.faults.front import Answered, Asked, Bug, Forward, accepts, always, header, issued, jwt, member, turned
from tests.faults.issuer import PID, TOKEN, stranger

_REQUEST, _RESPONSE = "credential_request_encryption", "credential_response_encryption"
_PROOFS = (*PID, "proof_types_supported", "jwt")


def issuer(name: str, value: Any = None, *path: str | int) -> tuple[str, Bug]:
    """A member of the issuer metadata in JSON."""
    return "issuer-metadata", when(lambda asked: not signed(asked), member(name, value, *path))


def server(name: str, value: Any = None) -> tuple[str, Bug]:
    return "server-metadata", member(name, value)


def signed(asked: Asked) -> bool:
    return "jwt" in asked.headers.get("Accept", "")


def metadata_jwt(change: Callable[[dict[str, Any], dict[str, Any]], Any]) -> tuple[str, Bug]:
    return "issuer-metadata", when(signed, jwt(change))


def keys(change: Callable[[list[dict[str, Any]]], Any]) -> tuple[str, Bug]:
    """The published keys, changed."""

    def changed(answer: Answered) -> Answered:
        document = answer.json
        change(document["keys"])
        return answer.with_json(document)

    return "jwks", always(changed)


async def metadata_anywhere(asked: Asked, forward: Forward, _memory: dict[str, Any]) -> Answered:
    """The issuer's own address answers with the metadata."""
    return await forward(replace(asked, target=f"/.well-known/openid-credential-issuer{asked.target}"))


def neither_scope_nor_details(answer: Answered) -> Answered:
    document = answer.json
    document.pop("authorization_details_types_supported", None)
    document.get("credential_configurations_supported", {}).get("pid", {}).pop("scope", None)
    return answer.with_json(document)


def of_other_formats(answer: Answered) -> Answered:
    document = answer.json
    for configuration in document["credential_configurations_supported"].values():
        configuration["format"] = "jwt_vc_json"
    return answer.with_json(document)


_FRENCH = [{"name": "Plaine", "locale": "fr"}]
PUBLISHING: Mapping[str, tuple[str, Bug]] = {
    # Issuer metadata
    "issuer-metadata-request-keys": issuer("jwks", [], _REQUEST),
    "issuer-metadata-request-keys-public": issuer("d", "AAAA", _REQUEST, "jwks", "keys", 0),
    "issuer-metadata-request-encodings": issuer("encryption_required", "no", _REQUEST),
    "issuer-metadata-response-encodings": issuer("enc_values_supported", [], _RESPONSE),
    "issuer-metadata-response-algorithms": issuer("alg_values_supported", ["dir"], _RESPONSE),
    "issuer-metadata-zip": issuer("zip_values_supported", ["GZIP"], _RESPONSE),
    "issuer-metadata-encryption-both": issuer(_REQUEST),
    "issuer-metadata-batch-size": issuer("batch_size", 1, "batch_credential_issuance"),
    "issuer-metadata-locales": issuer("display", [{"name": "A", "locale": "en"}, {"name": "B", "locale": "en"}]),
    "issuer-metadata-scopes": issuer("scope", "two words", *PID),
    "issuer-metadata-signing-algorithms": issuer("credential_signing_alg_values_supported", [-7], *PID),
    "issuer-metadata-old-format": issuer("format", "vc+sd-jwt", *PID),
    "issuer-metadata-doctype": issuer("doctype", "org.iso.18013.5.1.mDL", *PID),
    "issuer-metadata-binding-methods": issuer("cryptographic_binding_methods_supported", ["key"], *PID),
    "issuer-metadata-claims": issuer("claims", [{"path": []}], *PID, "credential_metadata"),
    "issuer-metadata-attestation-levels": issuer("key_attestations_required", {"key_storage": []}, *_PROOFS),
    "issuer-metadata-json-default": ("issuer-metadata", header("Content-Type", "application/jwt")),
    "issuer-metadata-not-appended": ("base", metadata_anywhere),
    "issuer-metadata-language": (
        "issuer-metadata",
        when(lambda asked: "Accept-Language" in asked.headers, member("display", _FRENCH)),
    ),
    # Signed metadata
    "signed-metadata-media-type": ("issuer-metadata", when(signed, header("Content-Type", "text/plain"))),
    "signed-metadata-typ": metadata_jwt(lambda head, _: head.update(typ="JWT")),
    "signed-metadata-algorithm": metadata_jwt(lambda head, _: head.update(alg="HS256")),
    "signed-metadata-sub": metadata_jwt(lambda _, claims: claims.update(sub="https://other.example")),
    "signed-metadata-iss": metadata_jwt(lambda _, claims: claims.update(iss=7)),
    "signed-metadata-times": metadata_jwt(lambda _, claims: claims.pop("iat")),
    "signed-metadata-parameters": metadata_jwt(lambda _, claims: claims.pop("credential_endpoint")),
    "signed-metadata-unknown": metadata_jwt(lambda _, claims: claims.update(undefined=1)),
    "signed-metadata-signature": (
        "issuer-metadata",
        when(signed, always(lambda answer: replace(answer, body=turned(answer.body.decode()).encode()))),
    ),
    "signed-metadata-one-key": metadata_jwt(lambda head, _: head.update(jwk={})),
    "signed-metadata-chain": metadata_jwt(lambda head, _: head.update(x5c=[stranger()])),
    "signed-metadata-chain-without-root": metadata_jwt(lambda head, _: head.update(x5c=[*head["x5c"], stranger()])),
    # Type Metadata
    "type-metadata-document": ("type-metadata", header("Content-Type", "text/plain")),
    "type-metadata-vct": ("type-metadata", member("vct", lambda vct: f"{vct}2")),
    "type-metadata-integrity": ("type-metadata", always(lambda answer: replace(answer, body=answer.body + b"\n"))),
    "type-metadata-claims": ("type-metadata", member("claims", [{"path": ["given_name"], "sd": "sometimes"}])),
    "type-metadata-display": ("type-metadata", member("display", [{"name": "Person"}])),
    "type-metadata-mandatory": ("type-metadata", member("claims", [{"path": ["rank"], "mandatory": True}])),
    "type-metadata-sd": ("type-metadata", member("claims", [{"path": ["given_name"], "sd": "never"}])),
    # Authorization server metadata
    "server-metadata-endpoints": server("pushed_authorization_request_endpoint", "http://issuer.example/par"),
    "server-metadata-response-types": server("response_types_supported"),
    "server-metadata-pkce": server("code_challenge_methods_supported", ["plain"]),
    "server-metadata-iss": server("authorization_response_iss_parameter_supported"),
    "server-metadata-par": server("require_pushed_authorization_requests", "yes"),
    "server-metadata-auth-methods": server("token_endpoint_auth_methods_supported", ["client_secret_basic"]),
    "server-metadata-attestation-algorithms": server("client_attestation_signing_alg_values_supported"),
    "server-metadata-details": ("documents", always(neither_scope_nor_details)),
    "server-metadata-scopes": server("scopes_supported", ["other"]),
    "jwks-served": keys(lambda found: found[0].pop("kty")),
    "jwks-public": keys(lambda found: found[0].update(d="AAAA")),
    "jwks-asymmetric": keys(lambda found: found.append({"kty": "oct", "kid": "x"})),
    "jwks-kids": keys(lambda found: found.extend([{"kty": "EC", "kid": "x"}] * 2)),
    # HAIP
    "haip-par-announced": server("require_pushed_authorization_requests", False),
    "haip-par-required": ("authorize", page_instead()),
    "haip-dpop-announced": server("dpop_signing_alg_values_supported", ["ES384"]),
    "haip-dpop-required": ("token", accepts(TOKEN)),
    "haip-attestation-announced": server("token_endpoint_auth_methods_supported", ["private_key_jwt"]),
    "haip-attestation-algorithms": server("client_attestation_pop_signing_alg_values_supported", ["ES384"]),
    "haip-no-anonymous": server("token_endpoint_auth_methods_supported", ["attest_jwt_client_auth", "none"]),
    "haip-scopes": issuer("scope", None, *PID),
    "haip-scope-request": ("token", member("access_token", "")),
    "haip-details-request": ("token", member("authorization_details", [])),
    "haip-code-announced": server("grant_types_supported", ["urn:example:other"]),
    "haip-s256-announced": server("code_challenge_methods_supported", ["S256", "plain"]),
    "haip-iss-announced": server("authorization_response_iss_parameter_supported", False),
    "haip-formats": ("issuer-metadata", when(lambda asked: not signed(asked), always(of_other_formats))),
    "haip-algorithms": issuer("credential_signing_alg_values_supported", ["EdDSA"], *PID),
    "haip-proof-types": issuer("proof_types_supported", {"di_vp": {}}, *PID),
    "haip-request-without-proof": issuer("cryptographic_binding_methods_supported", ["did:web"], *PID),
    "haip-unknown-client": ("token", accepts(TOKEN)),
    "haip-sd-jwt-x5c": ("credential", issued(lambda head, _: head.update(x5c=[*head["x5c"], stranger()]))),
    "haip-sd-jwt-one-key": ("credential", issued(lambda head, _: head.update(jwk={}))),
    "haip-sd-jwt-algorithm": ("credential", issued(lambda head, _: head.update(alg="ES384"))),
    "haip-sd-jwt-digests": ("credential", issued(lambda _, claims: claims.update(_sd_alg="sha-512"))),
    "haip-sd-jwt-bound": ("credential", issued(lambda _, claims: claims["cnf"].update(kid="x"))),
    "haip-sd-jwt-status": ("credential", issued(lambda _, claims: claims.update(status={"other": {}}))),
    "haip-sd-jwt-leaf": ("credential", issued(lambda head, _: head.update(x5c=[stranger()]))),
}
