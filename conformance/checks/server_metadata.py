"""Authorization Server metadata (RFC 8414)."""

from conformance.http import https_or_loopback
from conformance.registry import check
from conformance.session import Session, standing
from conformance.verdict import expect, expect_json, expect_members, skip
from conformance.wallet import PRE_AUTHORIZED

# RFC 8414, and what the registry gained from RFC 7591, 8628, 8705, 9101, 9126, 9207, 9396, 9449, 9728, OpenID Connect
# Discovery and CIBA, OpenID4VCI 1.0, and attestation-based client authentication.
MEMBERS = [
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "registration_endpoint",
    "scopes_supported",
    "response_types_supported",
    "response_modes_supported",
    "grant_types_supported",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "service_documentation",
    "ui_locales_supported",
    "op_policy_uri",
    "op_tos_uri",
    "revocation_endpoint",
    "revocation_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_signing_alg_values_supported",
    "introspection_endpoint",
    "introspection_endpoint_auth_methods_supported",
    "introspection_endpoint_auth_signing_alg_values_supported",
    "code_challenge_methods_supported",
    "signed_metadata",
    "device_authorization_endpoint",
    "tls_client_certificate_bound_access_tokens",
    "mtls_endpoint_aliases",
    "require_signed_request_object",
    "pushed_authorization_request_endpoint",
    "require_pushed_authorization_requests",
    "authorization_response_iss_parameter_supported",
    "authorization_details_types_supported",
    "dpop_signing_alg_values_supported",
    "protected_resources",
    "request_parameter_supported",
    "request_uri_parameter_supported",
    "require_request_uri_registration",
    "request_object_signing_alg_values_supported",
    "userinfo_endpoint",
    "acr_values_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
    "claims_supported",
    "display_values_supported",
    "claim_types_supported",
    "claims_parameter_supported",
    "pre-authorized_grant_anonymous_access_supported",
    "challenge_endpoint",
    "client_attestation_signing_alg_values_supported",
    "client_attestation_pop_signing_alg_values_supported",
    "client_attestation_pop_methods_supported",
]


@check("server-metadata-path")
async def served_where_wallets_look(session: Session) -> None:
    """Fetch the document at the path-inserted URL of the authorization server's identifier."""
    expect_json(await session.server_document())


@check("server-metadata-issuer")
async def names_itself(session: Session) -> None:
    """Compare issuer with the identifier the credential issuer pointed at."""
    wanted, named = await session.server_identifier(), standing(await session.server_document()).get("issuer")
    expect(named == wanted, f"issuer {wanted}", named)


@check("server-metadata-token-endpoint")
async def token_endpoint_is_https(session: Session) -> None:
    """token_endpoint, an https URL."""
    endpoint = standing(await session.server_document()).get("token_endpoint")
    expect(https_or_loopback(endpoint), "token_endpoint, an https URL", endpoint)


@check("server-metadata-grant")
async def announces_the_grant_it_offers(session: Session) -> None:
    """grant_types_supported holds the pre-authorized code grant that offers use."""
    grants = standing(await session.server_document()).get("grant_types_supported", [])
    expect(isinstance(grants, list) and PRE_AUTHORIZED in grants, PRE_AUTHORIZED, grants)


@check("server-metadata-anonymous")
async def announces_anonymous_access(session: Session) -> None:
    """A wallet without client_id is served only where the metadata says so."""
    if session.target.client_id:
        skip("the target file gives a client_id")
    said = standing(await session.server_document()).get("pre-authorized_grant_anonymous_access_supported")
    expect(said is True, "pre-authorized_grant_anonymous_access_supported true", said)


@check("server-metadata-unknown")
async def says_nothing_unknown(session: Session) -> None:
    """Compare member names with the registered ones."""
    expect_members(await session.server_document(), MEMBERS)
