"""Credential Issuer metadata (OpenID4VCI 1.0, 12.2)."""

from typing import Any
from urllib.parse import urlsplit

from conformance.http import https_or_loopback
from conformance.jose import SIGNATURE_ALGORITHMS
from conformance.registry import check
from conformance.session import Session, standing
from conformance.verdict import expect, expect_json, expect_members

MEMBERS = [
    "credential_issuer",
    "authorization_servers",
    "credential_endpoint",
    "nonce_endpoint",
    "deferred_credential_endpoint",
    "notification_endpoint",
    "credential_request_encryption",
    "credential_response_encryption",
    "batch_credential_issuance",
    "display",
    "credential_configurations_supported",
    "signed_metadata",
]
CONFIGURATION_MEMBERS = [
    "format",
    "scope",
    "credential_signing_alg_values_supported",
    "cryptographic_binding_methods_supported",
    "proof_types_supported",
    "credential_metadata",
    "vct",
    "doctype",
    "credential_definition",
]
ENDPOINTS = ("credential_endpoint", "nonce_endpoint", "deferred_credential_endpoint", "notification_endpoint")


async def _configurations(session: Session) -> dict[str, dict[str, Any]]:
    document = standing(await session.issuer_document())
    found = document.get("credential_configurations_supported")
    expect(isinstance(found, dict) and found, "credential_configurations_supported, a non-empty object", found)
    assert isinstance(found, dict)
    for name, configuration in found.items():
        expect(isinstance(configuration, dict), f"an object as configuration {name}", configuration)
    return dict(found)


@check("issuer-metadata-path")
async def served_where_wallets_look(session: Session) -> None:
    """Fetch the document at the path-inserted URL as any wallet would."""
    expect_json(await session.issuer_document())


@check("issuer-metadata-identity")
async def names_itself(session: Session) -> None:
    """Compare credential_issuer with the configured identifier, byte by byte."""
    named = standing(await session.issuer_document()).get("credential_issuer")
    expect(named == session.target.issuer, f"credential_issuer {session.target.issuer}", named)


@check("issuer-metadata-identifier")
async def identifier_is_a_plain_https_url(session: Session) -> None:
    """The identifier itself: https (http only to this machine), no query, no fragment."""
    named = standing(await session.issuer_document()).get("credential_issuer")
    plain = https_or_loopback(named) and not urlsplit(str(named)).query
    expect(plain, "an https URL without query and fragment", named)


@check("issuer-metadata-required")
async def holds_what_is_required(session: Session) -> None:
    """Look for the three required members, each of its type."""
    document = standing(await session.issuer_document())
    for name in ("credential_issuer", "credential_endpoint"):
        expect(isinstance(document.get(name), str), f"{name}, a string", document.get(name))
    for name, configuration in (await _configurations(session)).items():
        expect(isinstance(configuration.get("format"), str), f"configuration {name} with a format", configuration)


@check("issuer-metadata-endpoints")
async def endpoints_are_https(session: Session) -> None:
    """Every endpoint listed is an https URL without a fragment."""
    document = standing(await session.issuer_document())
    for name in ENDPOINTS:
        if name in document:
            expect(https_or_loopback(document[name]), f"{name}, an https URL", document[name])


@check("issuer-metadata-authorization-servers")
async def authorization_servers_are_named(session: Session) -> None:
    """If the member is there it is a non-empty array of https identifiers."""
    servers = standing(await session.issuer_document()).get("authorization_servers", ["https://absent.example"])
    listed = isinstance(servers, list) and servers and all(map(https_or_loopback, servers))
    expect(listed, "a non-empty array of https URLs", servers)


@check("issuer-metadata-unknown")
async def says_nothing_unknown(session: Session) -> None:
    """Compare member names, of the document and of each configuration, with those the specification defines."""
    expect_members(await session.issuer_document(), MEMBERS)
    for name, configuration in (await _configurations(session)).items():
        unknown = sorted(configuration.keys() - set(CONFIGURATION_MEMBERS))
        expect(not unknown, f"only defined members in configuration {name}", ", ".join(unknown))


@check("issuer-metadata-binding")
async def binding_and_proofs_come_together(session: Session) -> None:
    """cryptographic_binding_methods_supported and proof_types_supported: both or neither."""
    for name, configuration in (await _configurations(session)).items():
        both = {"cryptographic_binding_methods_supported", "proof_types_supported"} & configuration.keys()
        expect(len(both) != 1, f"both members or neither in configuration {name}", ", ".join(both))


@check("issuer-metadata-proof-algorithms")
async def proof_algorithms_are_asymmetric(session: Session) -> None:
    """Each proof type names a non-empty list of asymmetric JWS algorithms."""
    for configuration in (await _configurations(session)).values():
        for kind, details in configuration.get("proof_types_supported", {}).items():
            listed = details.get("proof_signing_alg_values_supported") if isinstance(details, dict) else None
            good = isinstance(listed, list) and listed and set(map(str, listed)) <= SIGNATURE_ALGORITHMS
            expect(good, f"asymmetric JWS algorithm names for proof type {kind}", listed)


@check("issuer-metadata-nonce-endpoint")
async def bound_credentials_need_a_nonce_endpoint(session: Session) -> None:
    """An issuer with key-bound configurations has somewhere to get a c_nonce."""
    bound = [n for n, c in (await _configurations(session)).items() if "proof_types_supported" in c]
    document = standing(await session.issuer_document())
    expect(not bound or "nonce_endpoint" in document, f"a nonce_endpoint for {', '.join(bound)}", "none")


@check("issuer-metadata-vct")
async def sd_jwt_configurations_name_their_vct(session: Session) -> None:
    """Each dc+sd-jwt configuration carries vct."""
    for name, configuration in (await _configurations(session)).items():
        if configuration["format"] == "dc+sd-jwt":
            expect(isinstance(configuration.get("vct"), str), f"vct in configuration {name}", configuration.get("vct"))
