"""Credential Issuer Metadata (OpenID4VCI 1.0, 12.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from protocols.http import Call, Reply

WELL_KNOWN = ".well-known/openid-credential-issuer"


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
    if metadata.notification_endpoint:
        document["notification_endpoint"] = metadata.notification_endpoint
    if metadata.batch_size > 1:
        document["batch_credential_issuance"] = {"batch_size": metadata.batch_size}
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
            name: {"proof_signing_alg_values_supported": list(algorithms)}
            for name, algorithms in supported.proof_types.items()
        }
    return shown


def parse(_call: Call) -> None:
    """A GET without parameters."""


def render(document: bytes) -> Reply:
    """The document as bytes: it changes with the catalogue only."""
    return Reply(200, document, "application/json", {"Cache-Control": "public, max-age=60"})
