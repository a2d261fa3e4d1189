"""What HAIP 1.0 demands of an issuer beside what every issuer does (sections 4, 6, 7 and 8)."""

from typing import Any
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from conformance.checks.client_attestation import attested
from conformance.client import Client, details
from conformance.holding import issued
from conformance.registry import check
from conformance.session import Session, standing
from conformance.verdict import expect, expect_client_error, expect_error, skip
from conformance.x509 import chain_of, self_signed


async def _server(session: Session) -> dict[str, Any]:
    return standing(await session.server_document())


async def _configurations(session: Session) -> dict[str, dict[str, Any]]:
    return dict((await session.issuer())["credential_configurations_supported"])


@check("haip-par-announced")
async def pushing_is_announced(session: Session) -> None:
    """pushed_authorization_request_endpoint, and require_pushed_authorization_requests true."""
    server = await _server(session)
    expect("pushed_authorization_request_endpoint" in server, "a pushed_authorization_request_endpoint", "none")
    required = server.get("require_pushed_authorization_requests")
    expect(required is True, "require_pushed_authorization_requests true", required)


@check("haip-par-required")
async def plain_requests_are_refused(session: Session) -> None:
    """The authorization request in the query, not pushed: no sign-in page, no code."""
    client = await Client.of(session)
    url = f"{client.endpoint('authorization_endpoint')}?{urlencode(await client.asked())}"
    answer = await client.browser().open(url)
    expect(answer.status >= 400 or "error=" in answer.headers.get("Location", ""), "a refusal", answer.status)


@check("haip-dpop-announced")
async def es256_proofs_are_announced(session: Session) -> None:
    """ES256 in dpop_signing_alg_values_supported."""
    listed = (await _server(session)).get("dpop_signing_alg_values_supported", [])
    expect("ES256" in listed, "ES256", listed)


@check("haip-dpop-required")
async def tokens_are_bound(session: Session) -> None:
    """A token request without DPoP proof: refused."""
    client = await attested(session)
    client.key = None
    code = await client.code()
    expect_error(await client.redeem(code), "invalid_dpop_proof", "invalid_request", "invalid_grant")


@check("haip-attestation-announced")
async def attestation_is_announced(session: Session) -> None:
    """attest_jwt_client_auth in token_endpoint_auth_methods_supported."""
    methods = (await _server(session)).get("token_endpoint_auth_methods_supported", [])
    expect("attest_jwt_client_auth" in methods, "attest_jwt_client_auth", methods)


@check("haip-attestation-algorithms")
async def attestation_algorithms_are_announced(session: Session) -> None:
    """client_attestation_signing_alg_values_supported and its twin for the proof of possession hold ES256."""
    server = await _server(session)
    for name in (
        "client_attestation_signing_alg_values_supported",
        "client_attestation_pop_signing_alg_values_supported",
    ):
        expect("ES256" in server.get(name, []), f"ES256 in {name}", server.get(name))


@check("haip-no-anonymous")
async def nobody_is_anonymous(session: Session) -> None:
    """Neither the method none nor anonymous access is announced."""
    server = await _server(session)
    expect("none" not in server.get("token_endpoint_auth_methods_supported", []), "no method none", "none")
    anonymous = server.get("pre-authorized_grant_anonymous_access_supported", False)
    expect(anonymous is False, "no anonymous access", anonymous)


@check("haip-scopes")
async def every_configuration_has_a_scope(session: Session) -> None:
    """scope of every credential configuration."""
    for name, one in (await _configurations(session)).items():
        expect(isinstance(one.get("scope"), str) and one["scope"], f"scope of configuration {name}", one.get("scope"))


@check("haip-scope-request")
async def scope_asks_for_a_credential(session: Session) -> None:
    """A whole flow by scope."""
    client = await Client.of(session)
    if client.scope is None:
        skip("the configuration has no scope, haip-scopes says so")
    token = await client.token(scope=client.scope, authorization_details=None)
    expect(token.get("access_token"), "an access_token", sorted(token))


@check("haip-details-request")
async def details_ask_for_a_credential(session: Session) -> None:
    """A whole flow by authorization_details, where they are announced."""
    if "openid_credential" not in (await _server(session)).get("authorization_details_types_supported", []):
        skip("the server announces no authorization_details")
    client = await Client.of(session)
    token = await client.token(scope=None, authorization_details=details(client.configuration_id))
    expect(token.get("authorization_details"), "authorization_details", sorted(token))


@check("haip-code-announced")
async def code_grant_is_announced(session: Session) -> None:
    """authorization_code in grant_types_supported, code in response_types_supported."""
    server = await _server(session)
    grants, types = server.get("grant_types_supported", ["authorization_code"]), server.get("response_types_supported")
    expect("authorization_code" in grants, "authorization_code", grants)
    expect(isinstance(types, list) and "code" in types, "code", types)


@check("haip-s256-announced")
async def s256_is_announced(session: Session) -> None:
    """S256 in code_challenge_methods_supported, and plain not."""
    listed = (await _server(session)).get("code_challenge_methods_supported", [])
    expect("S256" in listed and "plain" not in listed, "S256 without plain", listed)


@check("haip-iss-announced")
async def iss_is_announced(session: Session) -> None:
    """authorization_response_iss_parameter_supported true."""
    said = (await _server(session)).get("authorization_response_iss_parameter_supported")
    expect(said is True, "true", said)


@check("haip-formats")
async def formats_are_the_profiles(session: Session) -> None:
    """At least one configuration of dc+sd-jwt or mso_mdoc."""
    formats = sorted({str(one.get("format")) for one in (await _configurations(session)).values()})
    expect({"dc+sd-jwt", "mso_mdoc"} & set(formats), "dc+sd-jwt or mso_mdoc", formats)


@check("haip-algorithms")
async def es256_is_among_the_algorithms(session: Session) -> None:
    """Each configuration is signed with ES256: the name for dc+sd-jwt, -7 or -9 for mso_mdoc."""
    for name, one in (await _configurations(session)).items():
        listed = one.get("credential_signing_alg_values_supported", [])
        known: dict[str, set[Any]] = {"dc+sd-jwt": {"ES256"}, "mso_mdoc": {-7, -9}}
        wanted = known.get(str(one.get("format")))
        if wanted is not None:
            expect(wanted & set(listed), f"one of {wanted} for {name}", listed)


@check("haip-proof-types")
async def proof_types_are_the_profiles(session: Session) -> None:
    """Each bound configuration takes jwt proofs or attestations, with ES256 among the algorithms."""
    for name, one in (await _configurations(session)).items():
        kinds = one.get("proof_types_supported")
        if kinds is None:
            continue
        known = {kind: rows for kind, rows in kinds.items() if kind in {"jwt", "attestation"}}
        expect(known, f"jwt or attestation for {name}", sorted(kinds))
        for kind, rows in known.items():
            listed = rows.get("proof_signing_alg_values_supported", [])
            expect("ES256" in listed, f"ES256 for {kind} proofs of {name}", listed)


@check("haip-request-without-proof")
async def binding_is_required(session: Session) -> None:
    """The configuration that is asked for is bound to a key: it has proof types and jwk among its binding methods."""
    configuration = await session.configuration()
    expect("proof_types_supported" in configuration, "proof_types_supported", sorted(configuration))
    methods = configuration.get("cryptographic_binding_methods_supported", [])
    expect("jwk" in methods, "jwk", methods)


@check("haip-unknown-client")
async def strangers_are_refused(session: Session) -> None:
    """A pre-authorized or other token request of nobody in particular: invalid_client or its kin."""
    client = await Client.of(session)
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:pre-authorized_code", "pre-authorized_code": "x"}
    answer = await session.http.post(client.endpoint("token_endpoint"), form=form)
    known = ("invalid_client", "unsupported_grant_type", "invalid_request", "invalid_client_attestation")
    expect_client_error(answer, *known)


# The credential (section 6)


@check("haip-sd-jwt-x5c")
async def chain_is_in_the_header(session: Session) -> None:
    """x5c of the credential: there, without root and without a self-signed leaf."""
    chain = chain_of((await issued(session)).credential.jws.header)
    expect(not any(map(self_signed, chain)), "no self-signed certificate", "one")


@check("haip-sd-jwt-one-key")
async def header_names_one_key(session: Session) -> None:
    """Beside x5c neither jwk nor another way to the key."""
    odd = sorted((await issued(session)).credential.jws.header.keys() & {"jwk", "jku", "x5u"})
    expect(not odd, "x5c alone", odd)


@check("haip-sd-jwt-algorithm")
async def credential_is_signed_with_es256(session: Session) -> None:
    """alg ES256 and a P-256 leaf."""
    header = (await issued(session)).credential.jws.header
    expect(header.get("alg") == "ES256", "alg ES256", header.get("alg"))
    key = chain_of(header)[0].public_key()
    expect(isinstance(key, ec.EllipticCurvePublicKey) and key.key_size == 256, "a P-256 key", type(key).__name__)


@check("haip-sd-jwt-digests")
async def digests_are_sha_256(session: Session) -> None:
    """_sd_alg sha-256, or none."""
    algorithm = (await issued(session)).credential.payload.get("_sd_alg", "sha-256")
    expect(algorithm == "sha-256", "sha-256", algorithm)


@check("haip-sd-jwt-bound")
async def confirmation_is_a_jwk(session: Session) -> None:
    """cnf holds jwk and nothing else."""
    confirmation = (await issued(session)).credential.payload.get("cnf", {})
    expect(list(confirmation) == ["jwk"], "cnf with jwk", sorted(confirmation))


@check("haip-sd-jwt-status")
async def status_is_a_status_list(session: Session) -> None:
    """status, if any, is a status_list."""
    status = (await issued(session)).credential.payload.get("status")
    if status is None:
        skip("the credential has no status")
    expect("status_list" in status, "status_list", sorted(status))


@check("haip-sd-jwt-leaf")
async def leaf_may_sign(session: Session) -> None:
    """The leaf is no CA, and its key usage, if any, has digitalSignature."""
    leaf = chain_of((await issued(session)).credential.jws.header)[0]
    for extension in leaf.extensions:
        if isinstance(extension.value, x509.BasicConstraints):
            expect(not extension.value.ca, "a leaf that is no CA", "a CA")
        if isinstance(extension.value, x509.KeyUsage):
            expect(extension.value.digital_signature, "digitalSignature", "none")
