"""Presents an SD-JWT VC over HTTP, in a process of its own: the presentation and its KB-JWT are sd-jwt's (the SD-JWT
specification's reference implementation), JWS and JWE are jwcrypto's; what speaks HTTP and picks claims is here.

{"link", "credential", "key": JWK, "authority": PEM} -> {"status", "body", "client_id"} or {"error"}
"""

import base64
import hashlib
import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from cryptography import x509
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from sd_jwt.holder import SDJWTHolder

HTTP = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Refused(Exception):
    """The wallet does not answer this request."""


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def fetched(url: str) -> bytes:
    with HTTP.open(url, timeout=20) as answer:
        return bytes(answer.read())


def request_of(link: str, authority: str) -> dict[str, Any]:
    """The Authorization Request; one that is signed by whom its client identifier names."""
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(link).query))
    if "request_uri" not in query and "request" not in query:
        request = {name: json.loads(value) if value[:1] in "{[" else value for name, value in query.items()}
        prefix, _, rest = request["client_id"].partition(":")
        if prefix != "redirect_uri" or rest != request["response_uri"]:
            raise Refused("an unsigned request of another")
        return request
    text = query["request"] if "request" in query else fetched(query["request_uri"]).decode()
    token = JWS()
    token.deserialize(text)
    header = token.jose_header
    if header.get("typ") != "oauth-authz-req+jwt":
        raise Refused("typ")
    token.verify(signer(query["client_id"], header, authority))
    request = json.loads(token.payload)
    if request["client_id"] != query["client_id"]:
        raise Refused("client_id")
    return dict(request)


def signer(client_id: str, header: dict[str, Any], authority: str) -> JWK:
    prefix, _, rest = client_id.partition(":")
    if prefix == "decentralized_identifier":
        return of_did(rest, header["kid"])
    leaf = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0]))
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.encode()))
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    der = base64.b64decode(header["x5c"][0])
    named = {
        "x509_san_dns": names.get_values_for_type(x509.DNSName),
        "x509_hash": [b64(hashlib.sha256(der).digest())],
    }
    if rest not in named[prefix]:
        raise Refused("the certificate is another's")
    return JWK.from_pyca(leaf.public_key())


def of_did(did: str, kid: str) -> JWK:
    """did:jwk, which is its key."""
    method, _, encoded = did.rpartition(":")
    if method != "did:jwk" or kid != f"{did}#0":
        raise Refused("a DID that is not did:jwk, or another key")
    return JWK.from_json(base64.urlsafe_b64decode(encoded + "=="))


def presentation(credential: str, asked: dict[str, Any], request: dict[str, Any], key: dict[str, Any]) -> str:
    """The claims that the query names, each at the top level, and no other."""
    wallet = SDJWTHolder(credential)
    vct = wallet.sd_jwt_payload["vct"]
    if asked["format"] != "dc+sd-jwt" or vct not in asked["meta"]["vct_values"]:
        raise Refused("no such credential")
    names = {claim["path"][0]: True for claim in asked["claims"]}
    wallet.create_presentation(names, request["nonce"], request["client_id"], JWK(**key), "ES256")
    return str(wallet.sd_jwt_presentation)


def answer(request: dict[str, Any], vp_token: dict[str, Any]) -> dict[str, str]:
    if request["response_mode"] == "direct_post":
        return {"vp_token": json.dumps(vp_token), "state": request["state"]}
    metadata = request["client_metadata"]
    (key,) = metadata["jwks"]["keys"]
    encoding = metadata.get("encrypted_response_enc_values_supported", ["A128GCM"])[0]
    header = {"alg": key["alg"], "enc": encoding, "kid": key["kid"]}
    token = JWE(json.dumps({"vp_token": vp_token, "state": request["state"]}), json.dumps(header))
    token.add_recipient(JWK(**key))
    return {"response": token.serialize(compact=True)}


def present(link: str, credential: str, key: dict[str, Any], authority: str) -> dict[str, Any]:
    request = request_of(link, authority)
    (asked,) = request["dcql_query"]["credentials"]
    form = answer(request, {asked["id"]: [presentation(credential, asked, request, key)]})
    try:
        with HTTP.open(request["response_uri"], urllib.parse.urlencode(form).encode(), timeout=20) as sent:
            status, body = sent.status, sent.read()
    except urllib.error.HTTPError as refused:
        status, body = refused.code, refused.read()
    return {"status": status, "body": body.decode(), "client_id": request["client_id"]}


try:
    print(json.dumps(present(**json.load(sys.stdin))))
except Exception as error:
    print(json.dumps({"error": f"{type(error).__name__}: {error}"}))
