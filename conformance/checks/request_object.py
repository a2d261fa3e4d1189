"""The verifier's Authorization Request (OpenID4VP 1.0, 5 and 11; HAIP 1.0, 5)."""

import re
from typing import Any

from conformance.http import https_or_loopback
from conformance.jose import SIGNATURE_ALGORITHMS, b64u, thumbprint
from conformance.presenting import REQUEST_MEDIA_TYPE, Presentation, fetch_request, request_uri
from conformance.registry import check
from conformance.session import Session
from conformance.verdict import expect, skip
from conformance.x509 import chain_of, jwk_of_leaf, names, require_path, self_signed
from conformance.x509 import thumbprint as certificate_thumbprint

FORBIDDEN = ("redirect_uri", "scope", "client_id_scheme", "transaction_data", "request", "request_uri", "wallet_nonce")
LONGEST_LIFETIME = 24 * 3600
IDENTIFIER = re.compile(r"[A-Za-z0-9_-]+")
UNRESERVED = re.compile(r"[A-Za-z0-9._~-]+")


def _client_id(presentation: Presentation, prefix: str) -> str:
    client_id = str(presentation.claims.get("client_id"))
    if not client_id.startswith(f"{prefix}:"):
        skip(f"the client identifier prefix is not {prefix}")
    return client_id.removeprefix(f"{prefix}:")


def _metadata(presentation: Presentation) -> dict[str, Any]:
    metadata = presentation.claims.get("client_metadata")
    expect(isinstance(metadata, dict), "client_metadata, an object", metadata)
    return dict(metadata or {})


async def _encrypted(session: Session) -> tuple[Presentation, list[dict[str, Any]]]:
    presentation = await Presentation.begin(session, "direct_post.jwt")
    jwks = _metadata(presentation).get("jwks")
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    good = isinstance(keys, list) and keys and all(isinstance(key, dict) for key in keys)
    expect(good, "client_metadata.jwks, an object with a non-empty array keys", jwks)
    return presentation, list(keys or [])


@check("request-uri")
async def request_is_passed_by_reference(session: Session) -> None:
    """The Authorization Request: client_id and an https request_uri without fragment."""
    given = (await request_uri(session)).parameters()
    expect(given.get("client_id"), "client_id", "none")
    expect(
        https_or_loopback(given.get("request_uri")), "an https request_uri without fragment", given.get("request_uri")
    )


@check("request-media-type")
async def request_object_is_served_as_one(session: Session) -> None:
    """GET request_uri: 200 and the media type of request objects."""
    answer = await fetch_request(session, await request_uri(session))
    expect(answer.status == 200, "HTTP 200", f"HTTP {answer.status}")
    expect(answer.media_type == REQUEST_MEDIA_TYPE, f"Content-Type {REQUEST_MEDIA_TYPE}", answer.media_type)


@check("request-typ")
async def typ_says_what_it_is(session: Session) -> None:
    """typ of the Request Object."""
    typ = (await Presentation.begin(session)).jws.header.get("typ")
    expect(typ == "oauth-authz-req+jwt", "typ oauth-authz-req+jwt", typ)


@check("request-client-id")
async def client_id_is_the_same_inside(session: Session) -> None:
    """client_id of the URL and of the Request Object."""
    presentation = await Presentation.begin(session)
    outer, inner = presentation.request.parameters().get("client_id"), presentation.claims.get("client_id")
    expect(inner == outer, f"client_id {outer} inside too", inner)


@check("request-refetchable")
async def request_object_can_be_fetched_again(session: Session) -> None:
    """A wallet may lose the first answer: the second GET works too."""
    request = await request_uri(session)
    await fetch_request(session, request)
    answer = await fetch_request(session, request)
    expect(answer.status == 200, "HTTP 200 for the second GET", f"HTTP {answer.status}")


@check("request-x509-hash")
async def client_id_is_the_hash_of_the_leaf(session: Session) -> None:
    """x509_hash: base64url SHA-256 of the leaf certificate."""
    presentation = await Presentation.begin(session)
    named = _client_id(presentation, "x509_hash")
    hashed = certificate_thumbprint(chain_of(presentation.jws.header)[0])
    expect(named == hashed, f"x509_hash:{hashed}", f"x509_hash:{named}")


@check("request-x509-san-dns")
async def client_id_is_a_name_of_the_leaf(session: Session) -> None:
    """x509_san_dns: a dNSName of the leaf certificate."""
    presentation = await Presentation.begin(session)
    named, listed = _client_id(presentation, "x509_san_dns"), names(chain_of(presentation.jws.header)[0])
    expect(named in listed, f"{named} among the leaf's dNSNames", ", ".join(listed) or "none")


@check("request-signature")
async def signed_by_the_leaf(session: Session) -> None:
    """The signature of the Request Object, by the key of the leaf certificate."""
    jws = (await Presentation.begin(session)).jws
    jws.require_signature(jwk_of_leaf(chain_of(jws.header)))


@check("request-chain")
async def chain_leads_to_the_anchor(session: Session) -> None:
    """x5c: a path to the configured root, valid now."""
    chain = chain_of((await Presentation.begin(session)).jws.header)
    require_path(chain, await session.anchors())


@check("request-chain-without-root")
async def chain_leaves_the_root_out(session: Session) -> None:
    """x5c: no self-signed certificate, neither the root nor the leaf."""
    chain = chain_of((await Presentation.begin(session)).jws.header)
    own = [c.subject.rfc4514_string() for c in chain if self_signed(c)]
    expect(not own, "no self-signed certificate in x5c", ", ".join(own))


@check("request-response")
async def asks_for_a_vp_token(session: Session) -> None:
    """response_type, response_mode and response_uri."""
    presentation = await Presentation.begin(session)
    claims, mode = presentation.claims, session.response_mode
    expect(claims.get("response_type") == "vp_token", "response_type vp_token", claims.get("response_type"))
    expect(claims.get("response_mode") == mode, f"response_mode {mode}", claims.get("response_mode"))
    uri = claims.get("response_uri")
    expect(https_or_loopback(uri), "response_uri, an https URL without fragment", uri)


@check("request-forbidden")
async def says_nothing_forbidden(session: Session) -> None:
    """Parameters that do not go with direct_post, or not into a Request Object."""
    found = [name for name in FORBIDDEN if name in (await Presentation.begin(session)).claims]
    expect(not found, f"none of {', '.join(FORBIDDEN)}", ", ".join(found))


@check("request-audience")
async def audience_is_the_wallet(session: Session) -> None:
    """aud of a request by static discovery."""
    audience = (await Presentation.begin(session)).claims.get("aud")
    expect(audience == "https://self-issued.me/v2", "aud https://self-issued.me/v2", audience)


@check("request-times")
async def request_ends(session: Session) -> None:
    """exp, if any, ahead and not more than a day; iat not in the future."""
    presentation, now = await Presentation.begin(session), session.now()
    ends, made = presentation.claims.get("exp", now + 1), presentation.claims.get("iat", now)
    expect(isinstance(ends, int) and now < ends <= now + LONGEST_LIFETIME, "exp ahead, within a day", ends)
    expect(isinstance(made, int) and made <= now + 10, "iat not in the future", made)


@check("request-nonce")
async def nonce_cannot_be_guessed(session: Session) -> None:
    """Two requests: different nonces of unreserved characters, long enough for 128 bits, no longer than 43."""
    nonces = [str((await Presentation.begin(session)).claims.get("nonce", "")) for _ in range(2)]
    expect(nonces[0] != nonces[1], "another nonce in each request", "the same nonce twice")
    for nonce in nonces:
        expect(UNRESERVED.fullmatch(nonce), "URL-safe characters", "others")
        expect(22 <= len(nonce) <= 43, "22 to 43 characters", f"{len(nonce)} characters")


@check("request-state-fresh")
async def state_is_its_own(session: Session) -> None:
    """Two requests never share a state, or one could answer for the other."""
    states = [(await Presentation.begin(session)).claims.get("state") for _ in range(2)]
    if states[0] is None:
        skip("the request has no state")
    expect(states[0] != states[1], "another state in each request", "the same state twice")


@check("request-encryption-key")
async def encryption_key_is_usable(session: Session) -> None:
    """direct_post.jwt: keys with kid (unique) and alg, none private, one of P-256 for ECDH-ES."""
    _, keys = await _encrypted(session)
    identifiers = [key.get("kid") for key in keys]
    named = all(isinstance(k, str) and k for k in identifiers) and len(set(identifiers)) == len(identifiers)
    expect(named, "a unique kid on each key", identifiers)
    expect(all(key.get("alg") for key in keys), "alg on each key", [key.get("alg") for key in keys])
    expect(not any("d" in key for key in keys), "public keys", "a private key")
    fit = [k for k in keys if k.get("crv") == "P-256" and k["alg"] == "ECDH-ES" and k.get("use", "enc") == "enc"]
    expect(fit, "a P-256 key with alg ECDH-ES", [{n: k.get(n) for n in ("kty", "crv", "alg", "use")} for k in keys])


@check("request-encryption-key-fresh")
async def encryption_key_is_used_once(session: Session) -> None:
    """Two requests: no encryption key in both."""
    keys = [{b64u(thumbprint(key)) for key in (await _encrypted(session))[1]} for _ in range(2)]
    expect(not keys[0] & keys[1], "another encryption key in each request", "the same key twice")


@check("request-encryption-encodings")
async def both_encodings_are_offered(session: Session) -> None:
    """encrypted_response_enc_values_supported lists A128GCM and A256GCM."""
    presentation, _ = await _encrypted(session)
    offered = _metadata(presentation).get("encrypted_response_enc_values_supported")
    good = isinstance(offered, list) and {"A128GCM", "A256GCM"} <= set(map(str, offered))
    expect(good, "A128GCM and A256GCM", offered)


@check("request-vp-formats")
async def formats_are_described(session: Session) -> None:
    """vp_formats_supported has dc+sd-jwt with JOSE names in sd-jwt_alg_values and kb-jwt_alg_values."""
    formats = _metadata(await Presentation.begin(session)).get("vp_formats_supported")
    expect(isinstance(formats, dict) and isinstance(formats.get("dc+sd-jwt"), dict), "dc+sd-jwt in it", formats)
    for name in ("sd-jwt_alg_values", "kb-jwt_alg_values"):
        listed = (formats or {})["dc+sd-jwt"].get(name, ["ES256"])
        good = isinstance(listed, list) and listed and set(map(str, listed)) <= SIGNATURE_ALGORITHMS
        expect(good, f"{name}, a non-empty array of JOSE algorithm names", listed)


@check("request-dcql")
async def query_is_well_formed(session: Session) -> None:
    """Unique plain ids, a format, meta with vct_values, claims with non-empty paths; no Presentation Exchange."""
    claims = (await Presentation.begin(session)).claims
    expect("presentation_definition" not in claims, "a DCQL query", "presentation_definition")
    query = claims.get("dcql_query")
    entries = query.get("credentials") if isinstance(query, dict) else None
    good = isinstance(entries, list) and entries and all(isinstance(entry, dict) for entry in entries)
    expect(good, "dcql_query.credentials, a non-empty array of objects", query)
    identifiers = [str(entry.get("id")) for entry in entries or []]
    plain = all(IDENTIFIER.fullmatch(name) for name in identifiers) and len(set(identifiers)) == len(identifiers)
    expect(plain, "unique ids of letters, digits, _ and -", identifiers)
    for entry in entries or []:
        _expect_credential_query(entry)


def _expect_credential_query(entry: dict[str, Any]) -> None:
    expect(isinstance(entry.get("format"), str), "a format", entry)
    expect(isinstance(entry.get("meta"), dict), "meta, an object", entry.get("meta"))
    if entry["format"] == "dc+sd-jwt":
        types = entry["meta"].get("vct_values")
        expect(isinstance(types, list) and types, "meta.vct_values, a non-empty array", entry["meta"])
    for claim in entry.get("claims", []):
        path = claim.get("path") if isinstance(claim, dict) else None
        expect(isinstance(path, list) and path, "a non-empty path in each claim", claim)
