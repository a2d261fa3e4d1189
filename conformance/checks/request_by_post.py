"""request_uri_method=post: the wallet says what it can do, and gets its nonce back (OpenID4VP 1.0, 5.10)."""

import secrets
from typing import Any

from conformance.http import Answer, https_or_loopback
from conformance.jose import Jws, compact_json
from conformance.presenting import REQUEST_MEDIA_TYPE, RequestUri, request_object, request_uri
from conformance.registry import check
from conformance.session import Session
from conformance.verdict import Blocked, expect
from conformance.x509 import chain_of, jwk_of_leaf

VARIANT = "post"
ABLE = {
    "vp_formats_supported": {
        "dc+sd-jwt": {"sd-jwt_alg_values": ["ES256"], "kb-jwt_alg_values": ["ES256"]},
        "mso_mdoc": {"issuerauth_alg_values": [-7, -9], "deviceauth_alg_values": [-7, -9]},
    },
    "client_id_prefixes_supported": [
        "x509_hash",
        "x509_san_dns",
        "redirect_uri",
        "decentralized_identifier",
        "verifier_attestation",
    ],
    "response_types_supported": ["vp_token"],
    "response_modes_supported": ["direct_post", "direct_post.jwt"],
    "authorization_encryption_alg_values_supported": ["ECDH-ES"],
    "authorization_encryption_enc_values_supported": ["A128GCM", "A256GCM"],
}


async def _post(session: Session, **form: str) -> tuple[RequestUri, Answer]:
    request = await request_uri(session, variant=VARIANT)
    url = request.parameters().get("request_uri", "")
    if not https_or_loopback(url):
        raise Blocked(f"the authorization request names no usable request_uri: {url!r}")
    return request, await session.http.post(url, form=form, headers={"Accept": REQUEST_MEDIA_TYPE})


async def _object(session: Session, **form: str) -> tuple[RequestUri, Jws, dict[str, Any]]:
    request, answer = await _post(session, **form)
    jws = request_object(answer)
    return request, jws, jws.claims()


async def _refused(session: Session, **form: str) -> None:
    _, answer = await _post(session, **form)
    expect(400 <= answer.status < 500, "HTTP 4xx", f"HTTP {answer.status}")


@check("post-offered")
async def post_is_named_in_the_link(session: Session) -> None:
    """request_uri_method=post stands in the link of such a request."""
    method = (await request_uri(session, variant=VARIANT)).parameters().get("request_uri_method")
    expect(method == "post", "request_uri_method post", method)


@check("post-media-type")
async def post_is_answered_with_a_request_object(session: Session) -> None:
    """POST request_uri: 200 and the media type of request objects."""
    _, answer = await _post(session, wallet_nonce=secrets.token_urlsafe(16))
    expect(answer.status == 200, "HTTP 200", f"HTTP {answer.status}")
    expect(answer.media_type == REQUEST_MEDIA_TYPE, f"Content-Type {REQUEST_MEDIA_TYPE}", answer.media_type)


@check("post-wallet-nonce")
async def wallet_nonce_comes_back(session: Session) -> None:
    """wallet_nonce of the POST stands in the Request Object."""
    nonce = secrets.token_urlsafe(16)
    _, _, claims = await _object(session, wallet_nonce=nonce)
    expect(claims.get("wallet_nonce") == nonce, "the wallet's nonce", claims.get("wallet_nonce", "none"))


@check("post-wallet-nonce-own")
async def wallet_nonce_is_of_each_post(session: Session) -> None:
    """Two POSTs to one request_uri with two nonces: each gets its own."""
    request, first = await _post(session, wallet_nonce="first-nonce-of-the-wallet")
    request_object(first)
    url = request.parameters()["request_uri"]
    again = await session.http.post(url, form={"wallet_nonce": "second-nonce-of-the-wallet"})
    found = request_object(again).claims().get("wallet_nonce")
    expect(found == "second-nonce-of-the-wallet", "the nonce of the second POST", found)


@check("post-no-wallet-nonce")
async def no_wallet_nonce_is_invented(session: Session) -> None:
    """A POST without wallet_nonce: none in the Request Object."""
    _, _, claims = await _object(session)
    expect("wallet_nonce" not in claims, "no wallet_nonce", "one")


@check("post-client-id")
async def posted_object_is_of_the_same_client(session: Session) -> None:
    """client_id of the link and of the Request Object that was posted for."""
    request, _, claims = await _object(session, wallet_nonce="n" * 22)
    outer, inner = request.parameters().get("client_id"), claims.get("client_id")
    expect(inner == outer, f"client_id {outer}", inner)


@check("post-signature")
async def posted_object_is_signed(session: Session) -> None:
    """typ and signature of the Request Object that was posted for."""
    _, jws, _ = await _object(session, wallet_nonce="n" * 22)
    typ = jws.header.get("typ")
    expect(typ == "oauth-authz-req+jwt", "typ oauth-authz-req+jwt", typ)
    if "x5c" in jws.header:
        jws.require_signature(jwk_of_leaf(chain_of(jws.header)))


@check("post-unknown-parameter")
async def unknown_parameters_are_ignored(session: Session) -> None:
    """A parameter of the POST that nobody defined."""
    _, answer = await _post(session, undefined_parameter="x")
    expect(answer.status == 200, "HTTP 200", answer)


@check("post-wallet-metadata")
async def wallet_metadata_is_read(session: Session) -> None:
    """A POST with the metadata of a wallet that can do all that is asked."""
    _, answer = await _post(session, wallet_metadata=compact_json(ABLE).decode())
    expect(answer.status == 200, "HTTP 200", answer)


@check("post-wallet-metadata-unknown")
async def unknown_wallet_metadata_is_ignored(session: Session) -> None:
    """A member of wallet_metadata that nobody defined."""
    _, answer = await _post(session, wallet_metadata=compact_json({**ABLE, "undefined_member": 1}).decode())
    expect(answer.status == 200, "HTTP 200", answer)


@check("post-wallet-metadata-not-json")
async def wallet_metadata_is_json(session: Session) -> None:
    """wallet_metadata that is not JSON: 4xx."""
    await _refused(session, wallet_metadata="{no json")


@check("post-wallet-metadata-array")
async def wallet_metadata_is_an_object(session: Session) -> None:
    """wallet_metadata that is a JSON array: 4xx."""
    await _refused(session, wallet_metadata="[]")


@check("post-wallet-metadata-large")
async def wallet_metadata_is_bounded(session: Session) -> None:
    """wallet_metadata of half a MiB: 4xx, before anybody reads it."""
    await _refused(session, wallet_metadata=compact_json({"undefined_member": "x" * (1 << 19)}).decode())


@check("post-wallet-unable")
async def unable_wallet_is_told(session: Session) -> None:
    """A wallet that says it knows another format only: 4xx rather than a request that it cannot answer."""
    formats: dict[str, Any] = {"vp_formats_supported": {"undefined_format": {}}}
    await _refused(session, wallet_metadata=compact_json({**ABLE, **formats}).decode())


@check("post-one-encoding")
async def wallet_encodings_are_heeded(session: Session) -> None:
    """A wallet that encrypts with A256GCM only: no other encoding is offered to it."""
    request = await request_uri(session, "direct_post.jwt", variant=VARIANT)
    able = {**ABLE, "authorization_encryption_enc_values_supported": ["A256GCM"]}
    form = {"wallet_metadata": compact_json(able).decode()}
    answer = await session.http.post(request.parameters().get("request_uri", ""), form=form)
    metadata = request_object(answer).claims().get("client_metadata", {})
    offered = metadata.get("encrypted_response_enc_values_supported", ["A128GCM"])
    expect(offered == ["A256GCM"], "A256GCM alone", offered)
