"""Credential Issuer Metadata (OpenID4VCI 1.0, 12.2)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from protocols.http import Call, Reply
from protocols.jose import jwt
from protocols.openid4vci.credential import ENCODINGS
from protocols.x509 import render_chain

WELL_KNOWN = ".well-known/openid-credential-issuer"
SIGNED_TYPE = "openidvci-issuer-metadata+jwt"


@dataclass(frozen=True, slots=True)
class SupportedCredential:
    """An entry of credential_configurations_supported (12.2.4). `names` says what the format calls the type."""

    format: str
    names: Mapping[str, Any]
    scope: str | None
    algorithms: Sequence[Any]
    binding_methods: Sequence[str]
    proof_types: Mapping[str, Sequence[str]]
    display: Sequence[Mapping[str, Any]]
    claims: Sequence[Mapping[str, Any]]
    key_attestations_required: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class IssuerMetadata:
    """What the document is made of; an endpoint that is not there is None and not advertised."""

    credential_issuer: str
    credential_endpoint: str
    nonce_endpoint: str | None
    notification_endpoint: str | None
    batch_size: int
    display: Sequence[Mapping[str, Any]]
    configurations: Mapping[str, SupportedCredential]
    request_encryption_keys: Sequence[Mapping[str, Any]] = ()
    encryption_required: bool = False
    deferred_credential_endpoint: str | None = None


def as_json(metadata: IssuerMetadata) -> dict[str, Any]:
    """The document as a JSON object."""
    document: dict[str, Any] = {
        "credential_issuer": metadata.credential_issuer,
        "credential_endpoint": metadata.credential_endpoint,
        "display": list(metadata.display),
        "credential_configurations_supported": {
            name: _configuration(supported) for name, supported in metadata.configurations.items()
        },
    }
    if metadata.nonce_endpoint:
        document["nonce_endpoint"] = metadata.nonce_endpoint
    if metadata.deferred_credential_endpoint:
        document["deferred_credential_endpoint"] = metadata.deferred_credential_endpoint
    if metadata.notification_endpoint:
        document["notification_endpoint"] = metadata.notification_endpoint
    if metadata.batch_size > 1:
        document["batch_credential_issuance"] = {"batch_size": metadata.batch_size}
    if metadata.request_encryption_keys:
        shared = {
            "enc_values_supported": list(ENCODINGS),
            "zip_values_supported": ["DEF"],
            "encryption_required": metadata.encryption_required,
        }
        document["credential_request_encryption"] = {"jwks": {"keys": list(metadata.request_encryption_keys)}, **shared}
        document["credential_response_encryption"] = {"alg_values_supported": ["ECDH-ES"], **shared}
    return document


def _configuration(supported: SupportedCredential) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "format": supported.format,
        **supported.names,
        "credential_signing_alg_values_supported": list(supported.algorithms),
        "credential_metadata": {"display": list(supported.display), "claims": list(supported.claims)},
    }
    if supported.scope:
        shown["scope"] = supported.scope
    if supported.binding_methods:
        shown["cryptographic_binding_methods_supported"] = list(supported.binding_methods)
        shown["proof_types_supported"] = {
            name: {"proof_signing_alg_values_supported": list(algorithms), **_attested(supported)}
            for name, algorithms in supported.proof_types.items()
        }
    return shown


def _attested(supported: SupportedCredential) -> Mapping[str, Any]:
    required = supported.key_attestations_required
    return {} if required is None else {"key_attestations_required": dict(required)}


@dataclass(frozen=True, slots=True)
class MetadataRequest:
    """How the document is wanted (12.2.2, 12.2.3): signed or not, and in which languages, best first."""

    signed: bool = False
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MetadataDocument:
    """The document as bytes, and the languages that it was cut down to, if it was."""

    body: bytes
    signed: bool = False
    languages: tuple[str, ...] = ()


def parse(call: Call) -> MetadataRequest:
    """What Accept and Accept-Language say; JSON unless the signed form is preferred."""
    types = [one for one in call.accepted("accept") if one in ("application/json", "application/jwt", "*/*")]
    languages = tuple(call.accepted("accept-language")[:10])
    return MetadataRequest(bool(types) and types[0] == "application/jwt", languages)


def chosen(displays: Iterable[Sequence[Mapping[str, Any]]], languages: Sequence[str]) -> tuple[str, ...]:
    """The locales of ours that the wallet asked for (RFC 4647, 3.4); none when nothing fits, or all are welcome."""
    ours = {str(entry["locale"]) for display in displays for entry in display if "locale" in entry}
    if not ours or "*" in languages:
        return ()
    for wanted in languages:
        fitting = {one for one in ours if one.lower() == wanted or one.lower().split("-")[0] == wanted.split("-")[0]}
        if fitting:
            return tuple(sorted(fitting))
    return ()


def in_languages(display: Sequence[Mapping[str, Any]], languages: Sequence[str]) -> list[Mapping[str, Any]]:
    """The entries in these languages, or all when it has none of them."""
    return [one for one in display if one.get("locale") in languages] or list(display)


def signing_input(
    document: Mapping[str, Any], issuer: str, issued_at: int, algorithm: str, x5c: Sequence[bytes]
) -> bytes:
    """The signed form (12.2.3): every parameter a claim, the signer by x5c."""
    header = {"alg": algorithm, "typ": SIGNED_TYPE, "x5c": render_chain(x5c)}
    return jwt.render(header, {**document, "iss": issuer, "sub": issuer, "iat": issued_at})


def render(document: MetadataDocument) -> Reply:
    """The document as bytes: it changes with the catalogue only."""
    headers = {"Cache-Control": "public, max-age=60", "Vary": "Accept, Accept-Language"}
    if document.languages:
        headers["Content-Language"] = ", ".join(document.languages)
    return Reply(200, document.body, "application/jwt" if document.signed else "application/json", headers)
