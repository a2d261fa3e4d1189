"""What else an Authorization Request has to be, or must not be (OpenID4VP 1.0, 5 and 11; HAIP 1.0, 5)."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from cryptography import x509

from conformance.checks import mdoc_response
from conformance.jose import SIGNATURE_ALGORITHMS, Unreadable, open_jws, public_key
from conformance.presenting import REQUEST_MEDIA_TYPE, Presentation, fetch_request, request_uri
from conformance.registry import check
from conformance.session import Session
from conformance.verdict import Blocked, expect, expect_no_store, skip
from conformance.x509 import chain_of

PREFIXES = ("redirect_uri", "openid_federation", "decentralized_identifier", "verifier_attestation", "x509_san_dns")
KNOWN_PREFIXES = frozenset({*PREFIXES, "x509_hash", "origin"})
DRAFT_METADATA = (
    "vp_formats",
    "authorization_signed_response_alg",
    "authorization_encrypted_response_alg",
    "authorization_encrypted_response_enc",
)
QUERY_MEMBERS = frozenset({"credentials", "credential_sets"})
CREDENTIAL_MEMBERS = frozenset(
    {
        "id",
        "format",
        "multiple",
        "meta",
        "trusted_authorities",
        "require_cryptographic_holder_binding",
        "claims",
        "claim_sets",
    }
)
CLAIM_MEMBERS = frozenset({"id", "path", "values", "intent_to_retain"})
FORMAT_CLAIMS = frozenset({"iss", "nbf", "exp", "iat", "cnf", "vct", "vct#integrity", "status", "_sd_alg"})
COSE_NAMES = ("issuerauth_alg_values", "deviceauth_alg_values")
OPAQUE = re.compile(r"[A-Za-z0-9._~-]{22,}")


def _leaf(presentation: Presentation) -> x509.Certificate:
    if "x5c" not in presentation.jws.header:
        skip("the request is not signed by a certified key")
    return chain_of(presentation.jws.header)[0]


def _metadata(presentation: Presentation) -> dict[str, Any]:
    found = presentation.claims.get("client_metadata")
    if not isinstance(found, dict):
        raise Blocked("the request has no client_metadata")
    return found


def _entries(presentation: Presentation) -> list[dict[str, Any]]:
    query = presentation.claims.get("dcql_query")
    entries = query.get("credentials") if isinstance(query, dict) else None
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise Blocked("the request has no dcql_query with credentials")
    return entries


def _paths(presentation: Presentation) -> Iterator[tuple[dict[str, Any], list[Any]]]:
    for entry in _entries(presentation):
        for claim in entry.get("claims", []):
            yield entry, claim.get("path", []) if isinstance(claim, dict) else []


async def _keys(session: Session) -> list[dict[str, Any]]:
    jwks = _metadata(await Presentation.begin(session, "direct_post.jwt")).get("jwks")
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list) or not keys or not all(isinstance(key, dict) for key in keys):
        raise Blocked("client_metadata.jwks has no keys")
    return keys


@check("request-prefix")
async def prefix_is_a_known_one(session: Session) -> None:
    """The client identifier of the link: without a colon, or with a prefix that is defined."""
    client_id = (await request_uri(session)).parameters().get("client_id", "")
    prefix, colon, _ = client_id.partition(":")
    expect(not colon or prefix in KNOWN_PREFIXES, "a defined client identifier prefix", prefix)


@check("request-method")
async def request_uri_method_is_get_or_post(session: Session) -> None:
    """request_uri_method of the link, if any: get or post, in small letters."""
    method = (await request_uri(session)).parameters().get("request_uri_method", "get")
    expect(method in {"get", "post"}, "get or post", method)


@check("request-method-inside")
async def request_uri_method_stands_outside(session: Session) -> None:
    """request_uri_method inside the Request Object, where it is too late."""
    claims = (await Presentation.begin(session)).claims
    expect("request_uri_method" not in claims, "no request_uri_method in the Request Object", "one")


@check("request-algorithm")
async def algorithm_is_asymmetric(session: Session) -> None:
    """alg of the Request Object: an asymmetric signature algorithm."""
    algorithm = (await Presentation.begin(session)).jws.header.get("alg")
    expect(algorithm in SIGNATURE_ALGORITHMS, "an asymmetric algorithm", algorithm)


@check("request-iat")
async def request_says_when_it_was_made(session: Session) -> None:
    """iat of the Request Object, a number."""
    made = (await Presentation.begin(session)).claims.get("iat")
    expect(isinstance(made, int | float) and not isinstance(made, bool), "iat, a number", made)


@check("request-iss")
async def iss_is_the_client(session: Session) -> None:
    """iss of the Request Object, if any, is the client identifier."""
    claims = (await Presentation.begin(session)).claims
    issuer = claims.get("iss", claims.get("client_id"))
    expect(issuer == claims.get("client_id"), "iss equal to client_id, or none", issuer)


@check("request-sub")
async def no_client_assertion_is_given_away(session: Session) -> None:
    """sub equal to client_id would make the Request Object a client assertion (RFC 9101, 10.8)."""
    claims = (await Presentation.begin(session)).claims
    expect(claims.get("sub") != claims.get("client_id"), "no sub equal to client_id", claims.get("sub"))


@check("request-query-or-scope")
async def one_way_of_asking(session: Session) -> None:
    """dcql_query or a scope that stands for one, not both, not neither."""
    claims = (await Presentation.begin(session)).claims
    found = [name for name in ("dcql_query", "scope") if name in claims]
    expect(len(found) == 1, "exactly one of dcql_query and scope", ", ".join(found) or "neither")


@check("request-response-mode-jwt")
async def encrypted_mode_is_asked_for(session: Session) -> None:
    """response_mode of a request that was started as direct_post.jwt."""
    mode = (await Presentation.begin(session, "direct_post.jwt")).claims.get("response_mode")
    expect(mode == "direct_post.jwt", "response_mode direct_post.jwt", mode)


@check("request-nonce-random")
async def nonces_share_nothing(session: Session) -> None:
    """Three requests: nonces that have no long beginning or end in common, as counters and times have."""
    nonces = [str((await Presentation.begin(session)).claims.get("nonce", "")) for _ in range(3)]
    for one, other in ((nonces[0], nonces[1]), (nonces[1], nonces[2]), (nonces[0], nonces[2])):
        expect(one[:6] != other[:6], "different first six characters", "the same")
        expect(one[-6:] != other[-6:], "different last six characters", "the same")


@check("request-state-opaque")
async def state_cannot_be_guessed(session: Session) -> None:
    """state, if any: characters of a URL, enough for 128 bits."""
    state = (await Presentation.begin(session)).claims.get("state")
    if state is None:
        skip("the request has no state")
    good = isinstance(state, str) and OPAQUE.fullmatch(state)
    expect(good, "22 characters of a URL or more", f"{len(str(state))} characters")


@check("request-uri-opaque")
async def request_uri_cannot_be_guessed(session: Session) -> None:
    """request_uri: a part of its path with enough characters for 128 bits, another one each time."""
    uris = [(await request_uri(session)).parameters().get("request_uri", "") for _ in range(2)]
    expect(uris[0] != uris[1], "another request_uri in each request", "the same twice")
    parts = re.split(r"[/?=&]", uris[0])
    expect(any(OPAQUE.fullmatch(part) for part in parts[3:]), "a part of 22 characters or more", "none")


@check("request-uri-unknown")
async def made_up_request_uri_is_refused(session: Session) -> None:
    """A request_uri with its last characters changed: 4xx, and no Request Object."""
    request = await request_uri(session)
    uri = request.parameters().get("request_uri", "")
    other = uri[:-4] + ("AAAA" if not uri.endswith("AAAA") else "BBBB")
    answer = await session.http.get(other, {"Accept": REQUEST_MEDIA_TYPE})
    expect(400 <= answer.status < 500, "HTTP 4xx", f"HTTP {answer.status}")


@check("request-refetch-same")
async def second_fetch_asks_the_same(session: Session) -> None:
    """Two fetches of one request_uri: the same nonce, state, response_uri and query, or one of two answers is lost."""
    first = await Presentation.begin(session)
    again = await fetch_request(session, first.request)
    if again.status != 200:
        skip("the Request Object is served once")
    second = Presentation(session, first.request, again, first.jws, _opened(again.text()))
    for name in ("nonce", "state", "response_uri", "dcql_query"):
        expect(first.claims.get(name) == second.claims.get(name), f"the same {name}", f"another {name}")


def _opened(text: str) -> dict[str, Any]:
    return open_jws(text.strip()).claims()


@check("request-no-store")
async def request_object_is_not_cached(session: Session) -> None:
    """Cache-Control of the Request Object."""
    expect_no_store(await fetch_request(session, await request_uri(session)))


@check("request-accept-any")
async def any_accept_header_will_do(session: Session) -> None:
    """GET request_uri with an Accept that names no type."""
    uri = (await request_uri(session)).parameters().get("request_uri", "")
    answer = await session.http.get(uri, {"Accept": "*/*"})
    expect(answer.status == 200, "HTTP 200", f"HTTP {answer.status}")


@check("request-leaf-no-authority")
async def leaf_is_no_authority(session: Session) -> None:
    """The leaf of x5c certifies nobody: basicConstraints without cA."""
    try:
        constraints = _leaf(await Presentation.begin(session)).extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        return
    expect(not constraints.value.ca, "a leaf that is no CA", "cA")


@check("request-leaf-usage")
async def leaf_is_for_signatures(session: Session) -> None:
    """keyUsage of the leaf, if it has one, allows digital signatures."""
    try:
        usage = _leaf(await Presentation.begin(session)).extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    expect(usage.digital_signature, "keyUsage digitalSignature", "none")


@check("request-leaf-valid")
async def leaf_is_valid_now(session: Session) -> None:
    """notBefore and notAfter of the leaf."""
    leaf, now = _leaf(await Presentation.begin(session)), datetime.now(UTC)
    times = f"{leaf.not_valid_before_utc:%Y-%m-%d} to {leaf.not_valid_after_utc:%Y-%m-%d}"
    expect(leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc, "a leaf that is valid now", times)


# client_metadata (11.1)


@check("metadata-of-drafts")
async def metadata_is_of_the_final_text(session: Session) -> None:
    """client_metadata without the members of the drafts, which wallets do not read."""
    found = [name for name in DRAFT_METADATA if name in _metadata(await Presentation.begin(session))]
    expect(not found, "no members of the drafts", ", ".join(found))


@check("metadata-formats-asked")
async def formats_that_are_asked_for_are_described(session: Session) -> None:
    """vp_formats_supported has every format of the query."""
    presentation = await Presentation.begin(session)
    described = _metadata(presentation).get("vp_formats_supported", {})
    missing = sorted({str(one.get("format")) for one in _entries(presentation)} - set(described))
    expect(not missing, "the formats of the query in vp_formats_supported", f"none of {', '.join(missing)}")


@check("metadata-mdoc-algorithms")
async def mdoc_algorithms_are_numbers(session: Session) -> None:
    """A request for a mobile document: COSE algorithms in vp_formats_supported are integers, in non-empty arrays."""
    described = _metadata(await mdoc_response.begin(session)).get("vp_formats_supported", {})
    expect("mso_mdoc" in described, "mso_mdoc in vp_formats_supported", described)
    for name in COSE_NAMES:
        listed = described["mso_mdoc"].get(name, [-7])
        good = isinstance(listed, list) and listed and all(type(one) is int for one in listed)
        expect(good, f"{name}, a non-empty array of integers", listed)


@check("metadata-jwks-object")
async def jwks_is_a_jwk_set(session: Session) -> None:
    """client_metadata.jwks: an object with the array keys, not the array itself."""
    jwks = _metadata(await Presentation.begin(session, "direct_post.jwt")).get("jwks")
    expect(isinstance(jwks, dict) and isinstance(jwks.get("keys"), list), "an object with keys", type(jwks).__name__)


@check("metadata-key-use")
async def encryption_key_is_for_encryption(session: Session) -> None:
    """use of each key in client_metadata.jwks: enc, or absent."""
    uses = [key.get("use", "enc") for key in await _keys(session)]
    expect(set(uses) == {"enc"}, "use enc or none", uses)


@check("metadata-key-public")
async def encryption_key_is_public(session: Session) -> None:
    """No private member in any key of client_metadata.jwks."""
    found = sorted({name for key in await _keys(session) for name in ("d", "k", "p", "q") if name in key})
    expect(not found, "public keys", ", ".join(found))


@check("metadata-key-on-curve")
async def encryption_key_is_a_point(session: Session) -> None:
    """The coordinates of each elliptic curve key are a point of its curve."""
    for key in await _keys(session):
        if key.get("kty") == "EC":
            try:
                public_key(key)
            except Unreadable as error:
                expect(False, "a point of the curve", str(error))


# dcql_query (6)


@check("dcql-as-asked")
async def query_arrives_as_it_was_made(session: Session) -> None:
    """The query of the Request Object is the one that the door was given."""
    found = (await Presentation.begin(session)).claims.get("dcql_query")
    expect(found == session.target.dcql_query, "the target's dcql_query", found)


@check("dcql-known-members")
async def query_has_known_members(session: Session) -> None:
    """No member of the query, its credentials and its claims that is not defined."""
    presentation = await Presentation.begin(session)
    unknown = set(presentation.claims.get("dcql_query", {})) - QUERY_MEMBERS
    for entry in _entries(presentation):
        unknown |= set(entry) - CREDENTIAL_MEMBERS
        unknown |= {name for claim in entry.get("claims", []) for name in claim} - CLAIM_MEMBERS
    expect(not unknown, "defined members only", ", ".join(sorted(unknown)))


@check("dcql-no-format-claims")
async def claims_of_the_format_are_not_asked_for(session: Session) -> None:
    """exp, vct, cnf, status and the like are never chosen by the holder, so they are not asked for."""
    asked = {str(path[0]) for entry, path in _paths(await Presentation.begin(session)) if path and _is_sd_jwt(entry)}
    expect(not asked & FORMAT_CLAIMS, "no claims of the format", ", ".join(sorted(asked & FORMAT_CLAIMS)))


def _is_sd_jwt(entry: dict[str, Any]) -> bool:
    return entry.get("format") == "dc+sd-jwt"


@check("dcql-paths")
async def paths_are_of_three_kinds(session: Session) -> None:
    """A claims path has strings, non-negative integers and nulls."""
    for _, path in _paths(await Presentation.begin(session)):
        kinds = [part for part in path if part is not None and type(part) not in (str, int)]
        negative = [part for part in path if type(part) is int and part < 0]
        expect(not kinds and not negative, "strings, non-negative integers, nulls", path)


@check("dcql-claim-ids")
async def claim_ids_are_unique(session: Session) -> None:
    """ids of claims: unique in their credential, and there when claim_sets name them."""
    for entry in _entries(await Presentation.begin(session)):
        names = [claim["id"] for claim in entry.get("claims", []) if "id" in claim]
        expect(len(set(names)) == len(names), "unique ids of claims", names)
        chosen = {name for option in entry.get("claim_sets", []) for name in option}
        expect(chosen <= set(names), "claim_sets of ids that the claims have", sorted(map(str, chosen - set(names))))


@check("dcql-sets-name-credentials")
async def credential_sets_name_what_there_is(session: Session) -> None:
    """options of credential_sets name ids of the query's credentials."""
    presentation = await Presentation.begin(session)
    known = {entry.get("id") for entry in _entries(presentation)}
    sets = presentation.claims["dcql_query"].get("credential_sets", [])
    named = {name for one in sets for option in one.get("options", []) for name in option}
    expect(named <= known, "options of ids that the query has", sorted(map(str, named - known)))
