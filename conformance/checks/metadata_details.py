"""What the metadata documents say in detail (OpenID4VCI 1.0, 12.2; RFC 8414, 2)."""

import re
from typing import Any

from conformance.http import https_or_loopback
from conformance.jose import PRIVATE_MEMBERS, SIGNATURE_ALGORITHMS
from conformance.registry import check
from conformance.session import Session, standing, well_known
from conformance.verdict import expect, skip

LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|\d{3}))?(-[A-Za-z0-9]{5,8})*")
SCOPE = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")
BINDINGS = re.compile(r"jwk|cose_key|did(:[a-z0-9]+)?")


async def _issuer(session: Session) -> dict[str, Any]:
    return standing(await session.issuer_document())


async def _server(session: Session) -> dict[str, Any]:
    return standing(await session.server_document())


async def _configurations(session: Session) -> dict[str, dict[str, Any]]:
    found = (await _issuer(session)).get("credential_configurations_supported", {})
    return {name: one for name, one in found.items() if isinstance(one, dict)}


async def _encryption(session: Session, side: str) -> dict[str, Any]:
    found = (await _issuer(session)).get(f"credential_{side}_encryption")
    if found is None:
        skip(f"the issuer encrypts no {side}s")
    expect(isinstance(found, dict), "an object", found)
    return dict(found)


def _text_list(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)


@check("issuer-metadata-request-keys")
async def request_keys_are_a_set(session: Session) -> None:
    """credential_request_encryption.jwks: an object with keys, each with kty, a unique kid, alg, and use enc or none."""
    jwks = (await _encryption(session, "request")).get("jwks")
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    expect(isinstance(keys, list) and keys, "jwks, an object with keys", jwks)
    for key in keys or []:
        named = all(isinstance(key.get(name), str) and key[name] for name in ("kty", "kid", "alg"))
        expect(named and key.get("use", "enc") == "enc", "kty, kid, alg and no other use than enc", sorted(key))
    kids = [key["kid"] for key in keys or []]
    expect(len(set(kids)) == len(kids), "unique kids", kids)


@check("issuer-metadata-request-keys-public")
async def request_keys_are_public(session: Session) -> None:
    """No private members in credential_request_encryption.jwks."""
    keys = (await _encryption(session, "request")).get("jwks", {}).get("keys", [])
    expect(not any(PRIVATE_MEMBERS & key.keys() for key in keys), "public keys", "private ones")


@check("issuer-metadata-request-encodings")
async def request_encodings_are_named(session: Session) -> None:
    """credential_request_encryption: enc_values_supported, and encryption_required, a boolean."""
    found = await _encryption(session, "request")
    expect(_text_list(found.get("enc_values_supported")), "enc_values_supported", found.get("enc_values_supported"))
    required = found.get("encryption_required")
    expect(isinstance(required, bool), "encryption_required, a boolean", required)


@check("issuer-metadata-response-encodings")
async def response_encodings_are_named(session: Session) -> None:
    """credential_response_encryption: alg_values_supported, enc_values_supported, encryption_required."""
    found = await _encryption(session, "response")
    for name in ("alg_values_supported", "enc_values_supported"):
        expect(_text_list(found.get(name)), name, found.get(name))
    required = found.get("encryption_required")
    expect(isinstance(required, bool), "encryption_required, a boolean", required)


@check("issuer-metadata-response-algorithms")
async def response_algorithms_are_asymmetric(session: Session) -> None:
    """alg_values_supported of the response: key agreement or transport, neither dir nor a wrap nor a password."""
    listed = (await _encryption(session, "response")).get("alg_values_supported", [])
    odd = [one for one in listed if not str(one).startswith(("ECDH-ES", "RSA-OAEP", "HPKE"))]
    expect(not odd, "asymmetric algorithms", odd)


@check("issuer-metadata-zip")
async def compression_is_def(session: Session) -> None:
    """zip_values_supported, if any, is DEF alone."""
    for side in ("request", "response"):
        listed = (await _encryption(session, side)).get("zip_values_supported", ["DEF"])
        expect(listed == ["DEF"], "DEF", listed)


@check("issuer-metadata-encryption-both")
async def required_encryption_needs_a_key(session: Session) -> None:
    """An issuer whose responses are encrypted has a key for requests: who asks in clear asks for anybody."""
    await _encryption(session, "response")
    expect("credential_request_encryption" in await _issuer(session), "credential_request_encryption", "none")


@check("issuer-metadata-batch-size")
async def batch_is_more_than_one(session: Session) -> None:
    """batch_credential_issuance.batch_size, if any, is 2 or more."""
    batch = (await _issuer(session)).get("batch_credential_issuance")
    if batch is None:
        skip("the issuer announces no batches")
    size = batch.get("batch_size") if isinstance(batch, dict) else None
    expect(isinstance(size, int) and size >= 2, "2 or more", size)


@check("issuer-metadata-locales")
async def locales_are_languages(session: Session) -> None:
    """locale in every display: a language tag, once in its array."""
    document = await _issuer(session)
    displays = [document.get("display", [])]
    for one in (await _configurations(session)).values():
        metadata = one.get("credential_metadata", {})
        displays += [metadata.get("display", []), *(c.get("display", []) for c in metadata.get("claims", []))]
    for display in displays:
        locales = [entry["locale"] for entry in display if "locale" in entry]
        odd = [one for one in locales if not isinstance(one, str) or not LOCALE.fullmatch(one)]
        expect(not odd, "language tags", odd)
        expect(len(set(locales)) == len(locales), "each locale once", locales)


@check("issuer-metadata-scopes")
async def scopes_are_tokens(session: Session) -> None:
    """scope of a configuration: one scope-token (RFC 6749, 3.3)."""
    for name, one in (await _configurations(session)).items():
        scope = one.get("scope", "x")
        expect(isinstance(scope, str) and SCOPE.fullmatch(scope), f"a scope-token for {name}", scope)


@check("issuer-metadata-signing-algorithms")
async def signing_algorithms_fit_the_format(session: Session) -> None:
    """credential_signing_alg_values_supported: JWS names for dc+sd-jwt, COSE numbers for mso_mdoc; not empty."""
    for name, one in (await _configurations(session)).items():
        listed = one.get("credential_signing_alg_values_supported")
        if listed is None:
            continue
        expect(isinstance(listed, list) and listed, f"a non-empty array for {name}", listed)
        if one.get("format") == "dc+sd-jwt":
            expect(set(listed) <= SIGNATURE_ALGORITHMS, f"JWS names for {name}", listed)
        if one.get("format") == "mso_mdoc":
            expect(all(isinstance(n, int) and n < 0 for n in listed), f"COSE numbers for {name}", listed)


@check("issuer-metadata-old-format")
async def formats_are_the_present_ones(session: Session) -> None:
    """No vc+sd-jwt, which is dc+sd-jwt now."""
    old = [name for name, one in (await _configurations(session)).items() if one.get("format") == "vc+sd-jwt"]
    expect(not old, "dc+sd-jwt", ", ".join(old))


@check("issuer-metadata-doctype")
async def mdoc_configurations_name_their_doctype(session: Session) -> None:
    """Each mso_mdoc configuration carries doctype; every other does not."""
    for name, one in (await _configurations(session)).items():
        has = isinstance(one.get("doctype"), str)
        expect(has == (one.get("format") == "mso_mdoc"), f"doctype where it belongs in {name}", one.get("doctype"))


@check("issuer-metadata-binding-methods")
async def binding_methods_are_known(session: Session) -> None:
    """cryptographic_binding_methods_supported: jwk, cose_key, did or did:<method>; not empty."""
    for name, one in (await _configurations(session)).items():
        listed = one.get("cryptographic_binding_methods_supported", ["jwk"])
        good = _text_list(listed) and all(BINDINGS.fullmatch(method) for method in listed)
        expect(good, f"known methods for {name}", listed)


@check("issuer-metadata-claims")
async def claims_have_paths(session: Session) -> None:
    """credential_metadata.claims: each with a path of strings, numbers and nulls, no path twice."""
    for name, one in (await _configurations(session)).items():
        paths = [claim.get("path") for claim in one.get("credential_metadata", {}).get("claims", [])]
        for path in paths:
            steps = isinstance(path, list) and path and all(s is None or isinstance(s, str | int) for s in path)
            expect(steps, f"paths for the claims of {name}", path)
        texts = [str(path) for path in paths]
        expect(len(set(texts)) == len(texts), f"each path once in {name}", texts)


@check("issuer-metadata-attestation-levels")
async def attestation_levels_are_lists(session: Session) -> None:
    """key_attestations_required, if any: an object whose members are non-empty arrays."""
    for name, one in (await _configurations(session)).items():
        for details in one.get("proof_types_supported", {}).values():
            required = details.get("key_attestations_required", {})
            expect(isinstance(required, dict), f"an object for {name}", required)
            expect(all(map(_text_list, required.values())), f"non-empty arrays for {name}", required)


@check("issuer-metadata-json-default")
async def json_is_the_default(session: Session) -> None:
    """Without Accept, and with Accept: */*: application/json."""
    url = well_known(str(session.target.issuer), "openid-credential-issuer")
    for accepted in ({}, {"Accept": "*/*"}):
        answer = await session.http.get(url, accepted)
        expect(answer.media_type == "application/json", "application/json", answer.media_type)


@check("issuer-metadata-not-appended")
async def path_is_inserted(session: Session) -> None:
    """The same document is not what the issuer's own address answers: wallets that look there are wrong."""
    answer = await session.http.get(str(session.target.issuer), {"Accept": "application/json"})
    expect(answer.member("credential_configurations_supported") is None, "another answer", "the metadata")


@check("issuer-metadata-language")
async def language_is_chosen(session: Session) -> None:
    """Accept-Language of a locale that is there: display in that language alone, or all of it."""
    display = (await _issuer(session)).get("display", [])
    locales = [entry["locale"] for entry in display if "locale" in entry]
    if len(locales) < 2:
        skip("the issuer has display in fewer than two languages")
    url = well_known(str(session.target.issuer), "openid-credential-issuer")
    answer = await session.http.get(url, {"Accept": "application/json", "Accept-Language": locales[-1]})
    found = [entry.get("locale") for entry in standing(answer).get("display", [])]
    expect(found in ([locales[-1]], locales), f"{locales[-1]} alone, or all", found)
    if found == [locales[-1]]:
        said = answer.headers.get("Content-Language")
        expect(said == locales[-1], f"Content-Language {locales[-1]}", said)


# Authorization server


@check("server-metadata-endpoints")
async def endpoints_are_https(session: Session) -> None:
    """Every endpoint and jwks_uri is an https URL without fragment."""
    server = await _server(session)
    for name, value in server.items():
        if name.endswith("_endpoint") or name == "jwks_uri":
            expect(https_or_loopback(value), f"{name}, an https URL", value)


@check("server-metadata-response-types")
async def response_types_are_listed(session: Session) -> None:
    """response_types_supported, required: code where there is an authorization endpoint."""
    server = await _server(session)
    listed = server.get("response_types_supported")
    expect(isinstance(listed, list), "an array", listed)
    expect("authorization_endpoint" not in server or "code" in (listed or []), "code", listed)


@check("server-metadata-pkce")
async def s256_is_announced(session: Session) -> None:
    """code_challenge_methods_supported holds S256."""
    server = await _server(session)
    if "authorization_endpoint" not in server:
        skip("the server has no authorization endpoint")
    listed = server.get("code_challenge_methods_supported", [])
    expect("S256" in listed, "S256", listed)


@check("server-metadata-iss")
async def iss_is_announced(session: Session) -> None:
    """authorization_response_iss_parameter_supported true."""
    server = await _server(session)
    if "authorization_endpoint" not in server:
        skip("the server has no authorization endpoint")
    said = server.get("authorization_response_iss_parameter_supported")
    expect(said is True, "true", said)


@check("server-metadata-par")
async def par_requirement_is_a_boolean(session: Session) -> None:
    """require_pushed_authorization_requests is a boolean, and true only with an endpoint."""
    server = await _server(session)
    required = server.get("require_pushed_authorization_requests", False)
    expect(isinstance(required, bool), "a boolean", required)
    expect(not required or "pushed_authorization_request_endpoint" in server, "an endpoint to push to", "none")


@check("server-metadata-auth-methods")
async def authentication_methods_are_listed(session: Session) -> None:
    """token_endpoint_auth_methods_supported: strings, and no client secrets in a world of wallets."""
    listed = (await _server(session)).get("token_endpoint_auth_methods_supported", ["none"])
    expect(_text_list(listed), "an array of names", listed)
    odd = [one for one in listed if one.startswith("client_secret")]
    expect(not odd, "no client secrets", odd)


@check("server-metadata-attestation-algorithms")
async def attestation_algorithms_are_announced(session: Session) -> None:
    """attest_jwt_client_auth comes with the algorithms of the attestation and of its proof."""
    server = await _server(session)
    if "attest_jwt_client_auth" not in server.get("token_endpoint_auth_methods_supported", []):
        skip("the server announces no attestation-based client authentication")
    for name in (
        "client_attestation_signing_alg_values_supported",
        "client_attestation_pop_signing_alg_values_supported",
    ):
        expect(_text_list(server.get(name)), name, server.get(name))


@check("server-metadata-details")
async def details_are_announced(session: Session) -> None:
    """A configuration without scope needs authorization_details_types_supported with openid_credential."""
    types = (await _server(session)).get("authorization_details_types_supported", [])
    bare = [name for name, one in (await _configurations(session)).items() if "scope" not in one]
    expect(not bare or "openid_credential" in types, f"openid_credential for {', '.join(bare)}", types)


@check("server-metadata-scopes")
async def scopes_are_announced(session: Session) -> None:
    """scopes_supported, if any, holds the scope of every configuration."""
    listed = (await _server(session)).get("scopes_supported")
    if listed is None:
        skip("the server announces no scopes")
    missing = sorted({str(c["scope"]) for c in (await _configurations(session)).values() if "scope" in c} - set(listed))
    expect(not missing, "the scopes of all configurations", f"not {', '.join(missing)}")


async def _jwks(session: Session) -> list[dict[str, Any]]:
    server = await _server(session)
    if "jwks_uri" not in server:
        skip("the server has no jwks_uri")
    answer = await session.once("jwks", lambda: session.http.get(server["jwks_uri"]))
    keys = answer.member("keys")
    expect(answer.status == 200 and isinstance(keys, list), "HTTP 200 with keys", answer)
    return list(keys or [])


@check("jwks-served")
async def keys_are_served(session: Session) -> None:
    """jwks_uri: 200, JSON, keys that are objects with kty."""
    for key in await _jwks(session):
        expect(isinstance(key, dict) and isinstance(key.get("kty"), str), "keys with kty", key)


@check("jwks-public")
async def keys_are_public(session: Session) -> None:
    """No private members in the published keys."""
    odd = sorted({name for key in await _jwks(session) for name in key.keys() & PRIVATE_MEMBERS})
    expect(not odd, "public keys", ", ".join(odd))


@check("jwks-asymmetric")
async def keys_are_asymmetric(session: Session) -> None:
    """No symmetric key in the published keys."""
    expect(not [key for key in await _jwks(session) if key.get("kty") == "oct"], "asymmetric keys", "kty oct")


@check("jwks-kids")
async def keys_have_their_own_kids(session: Session) -> None:
    """kid, where it is there, is no other key's."""
    kids = [key["kid"] for key in await _jwks(session) if "kid" in key]
    expect(len(set(kids)) == len(kids), "unique kids", kids)
