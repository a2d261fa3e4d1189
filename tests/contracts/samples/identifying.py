"""DID methods and trust resolvers."""

import json

from agent.contracts import did_methods, trust_resolvers
from agent.contracts.keys import ISSUER, NOW, Key, certified
from protocols.encoding import b64url
from protocols.ports import KeyReference, Purpose, TrustAnchor
from protocols.ports.trust import DocumentSigner

KEY = Key()
ROLES = frozenset({"issue"})
DID_JWK = f"did:jwk:{b64url(json.dumps(KEY.jwk).encode())}"
HOSTED = {"base_url": "https://a.example/t/x", "relationships": {"key": ["authentication"]}}
WEB_DOCUMENT = json.dumps({"id": "did:web:a.example", "verificationMethod": []}).encode()
EXAMPLE = "did:example:a"
METADATA = json.dumps({"issuer": ISSUER, "jwks": {"keys": [{**KEY.jwk, "kid": "1"}]}}).encode()


def resolver(kind: str, value: object, **more: object) -> trust_resolvers.Sample:
    """A sample of a resolver, believed because of an anchor."""
    anchor = {name: more.pop(name) for name in ("identifier", "certificate", "public_keys") if name in more}
    issuer = more.pop("issuer", None)
    believed = TrustAnchor("1", roles=ROLES, **{"identifier": ISSUER} | anchor)
    return trust_resolvers.Sample(KeyReference(kind, value, issuer), anchor=believed, **more)


def document_signer() -> trust_resolvers.Sample:
    signer = certified(document_signer=True)
    value = DocumentSigner(signer.chain, NOW)
    return resolver("iaca", value, certificate=signer.root, names_issuer=False)


SAMPLES = {
    "did_methods": {
        "jwk": lambda: did_methods.Sample({DID_JWK: {}}),
        "key": lambda: did_methods.Sample({KEY.did: {}}),
        "peer": lambda: did_methods.Sample({f"did:peer:0{KEY.did.removeprefix('did:key:')}": {}}),
        "universal": lambda: did_methods.Sample(
            {EXAMPLE: {"https://resolver.example/1.0/identifiers/did%3Aexample%3Aa": b'{"id": "did:example:a"}'}},
            fetched=EXAMPLE,
            settings={"methods": "example=https://resolver.example/1.0/identifiers"},
        ),
        "web": lambda: did_methods.Sample(
            {"did:web:a.example": {"https://a.example/.well-known/did.json": WEB_DOCUMENT}},
            fetched="did:web:a.example",
            options=HOSTED,
        ),
        "webvh": lambda: did_methods.Sample(fetched="did:webvh:Qm" + "1" * 44 + ":a.example", options=HOSTED),
    },
    "trust_resolvers": {
        "did_url": lambda: resolver("did_url", KEY.method, identifier=KEY.did),
        "iaca": document_signer,
        "jwk": lambda: trust_resolvers.Sample(KeyReference("jwk", KEY.jwk), Purpose.HOLD),
        "jwt_vc_issuer": lambda: resolver(
            "jwt_vc_issuer", "1", issuer=ISSUER, pages={f"{ISSUER}/.well-known/jwt-vc-issuer": METADATA}
        ),
        "registered": lambda: resolver("registered", None, issuer=ISSUER, public_keys=(KEY.jwk,)),
        "x5c": lambda: resolver("x5c", certified().chain, issuer=ISSUER, certificate=certified().root),
    },
}
