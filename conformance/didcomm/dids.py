"""DIDs as the suite's agents meet them: did:peer 2 and 4, did:key and did:web; and those that it makes for itself."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import base58

from conformance.didcomm.keys import agreeing, jwk_of_multikey, multikey
from conformance.http import Http
from conformance.jose import Jwk, Unreadable, b64u, compact_json, read_json, read_object, unb64u

_PURPOSES = {"E": "keyAgreement", "V": "authentication"}
_COMMON = {"t": "type", "s": "serviceEndpoint", "r": "routingKeys", "a": "accept"}
_JSON, _SHA256 = b"\x80\x04", b"\x12\x20"


@dataclass(frozen=True, slots=True)
class Document:
    """What a DID leads to: keys by absolute id, and services as they stand."""

    did: str
    agreement: Mapping[str, Jwk]
    authentication: Mapping[str, Jwk]
    services: Sequence[Mapping[str, Any]]

    def messaging(self) -> list[dict[str, Any]]:
        """The endpoints of its DIDCommMessaging services, in their order; texts of old drafts as objects."""
        found: list[dict[str, Any]] = []
        for service in self.services:
            if service.get("type") != "DIDCommMessaging":
                continue
            stated = service.get("serviceEndpoint")
            listed = stated if isinstance(stated, list) else [stated]
            found += [{**service, "uri": one} if isinstance(one, str) else dict(one or {}) for one in listed]
        return found

    def inboxes(self) -> list[str]:
        """The addresses that take messages by HTTP and need no mediator."""
        stated = [one for one in self.messaging() if not one.get("routingKeys")]
        return [str(one["uri"]) for one in stated if str(one.get("uri", "")).startswith("http")]


async def resolve(http: Http, did: str) -> Document:
    """The document of a DID in one of its long forms. Raises Unreadable."""
    if did.startswith("did:peer:4"):
        return read_document(did, _peer_4(did))
    if did.startswith("did:peer:2"):
        return read_document(did, _peer_2(did))
    if did.startswith("did:key:"):
        return _key(did)
    if did.startswith("did:web:"):
        host, *path = (unquote(part) for part in did.removeprefix("did:web:").split(":"))
        scheme = "http" if host.partition(":")[0] == "localhost" else "https"
        where = "/".join(path) or ".well-known"
        return read_document(did, (await http.get(f"{scheme}://{host}/{where}/did.json")).json())
    raise Unreadable(f"{did[:40]}: a DID method that is not known here")


def read_document(did: str, found: Mapping[str, Any]) -> Document:
    """Verification methods by purpose, embedded or referred to. Raises Unreadable."""
    methods = {_absolute(one, did): one for one in found.get("verificationMethod", []) if isinstance(one, dict)}

    def keys(purpose: str) -> dict[str, Jwk]:
        named = {}
        for entry in found.get(purpose, []):
            method = entry if isinstance(entry, dict) else methods.get(_absolute({"id": entry}, did))
            if method is not None:
                named[_absolute(method, did)] = _public(method)
        return named

    services = [one for one in found.get("service", []) if isinstance(one, dict)]
    return Document(did, keys("keyAgreement"), keys("authentication"), services)


def _absolute(entry: Mapping[str, Any], did: str) -> str:
    name = str(entry.get("id", ""))
    return did + name if name.startswith("#") else name


def _public(method: Mapping[str, Any]) -> Jwk:
    if isinstance(method.get("publicKeyJwk"), dict):
        return dict(method["publicKeyJwk"])
    if isinstance(method.get("publicKeyMultibase"), str):
        return jwk_of_multikey(method["publicKeyMultibase"])
    if isinstance(method.get("publicKeyBase58"), str):
        crv = "X25519" if str(method.get("type", "")).startswith("X25519") else "Ed25519"
        return {"kty": "OKP", "crv": crv, "x": b64u(base58.b58decode(method["publicKeyBase58"]))}
    raise Unreadable(f"verification method {method.get('id')} without a key that is known here")


def _key(did: str) -> Document:
    name = did.removeprefix("did:key:").partition("#")[0]
    jwk = jwk_of_multikey(name)
    other = agreeing(jwk)
    return Document(did, {f"{did}#{multikey(other)}": other}, {f"{did}#{name}": jwk}, ())


def _peer_2(did: str) -> dict[str, Any]:
    document: dict[str, Any] = {"verificationMethod": [], "service": []}
    for element in did.removeprefix("did:peer:2").split(".")[1:]:
        purpose, text = element[:1], element[1:]
        if purpose == "S":
            stated = read_json(unb64u(text))
            document["service"] += [_service(one) for one in (stated if isinstance(stated, list) else [stated])]
        else:
            name = f"#key-{len(document['verificationMethod']) + 1}"
            document["verificationMethod"].append({"id": name, "publicKeyMultibase": text})
            document.setdefault(_PURPOSES.get(purpose, "other"), []).append(name)
    return document


def _service(stated: Mapping[str, Any]) -> dict[str, Any]:
    found = {_COMMON.get(name, name): value for name, value in stated.items()}
    if isinstance(found.get("serviceEndpoint"), dict):
        found["serviceEndpoint"] = {_COMMON.get(name, name): value for name, value in found["serviceEndpoint"].items()}
    found["type"] = "DIDCommMessaging" if found.get("type") == "dm" else found.get("type")
    return found


def _peer_4(did: str) -> dict[str, Any]:
    digest, _, encoded = did.removeprefix("did:peer:4").partition(":")
    if not encoded or digest != _hash(encoded):
        raise Unreadable("did:peer:4 whose hash is not of its document")
    octets = base58.b58decode(encoded[1:])
    if not octets.startswith(_JSON):
        raise Unreadable("did:peer:4 that is not JSON")
    return read_object(octets[2:], "did:peer:4")


def _hash(encoded: str) -> str:
    return "z" + base58.b58encode(_SHA256 + hashlib.sha256(encoded.encode()).digest()).decode()


def peer_2(agreement: Mapping[str, Any], signing: Mapping[str, Any]) -> str:
    """A did:peer:2 of two public keys, without services: its holder is answered on the connection that it makes."""
    return f"did:peer:2.E{multikey(agreement)}.V{multikey(signing)}"


def peer_4(signing: Mapping[str, Any], service: Mapping[str, Any], agreement: Mapping[str, Any] | None = None) -> str:
    """The long form of a did:peer:4 with `#key-1`, which signs, a service, and `#key-2`, which agrees."""
    methods = [{"id": "#key-1", "type": "Multikey", "publicKeyMultibase": multikey(signing)}]
    document: dict[str, Any] = {"verificationMethod": methods, "authentication": ["#key-1"], "service": [dict(service)]}
    if agreement is not None:
        methods.append({"id": "#key-2", "type": "Multikey", "publicKeyMultibase": multikey(agreement)})
        document["keyAgreement"] = ["#key-2"]
    encoded = "z" + base58.b58encode(_JSON + compact_json(document)).decode()
    return f"did:peer:4{_hash(encoded)}:{encoded}"


def short(did: str) -> str:
    """The short form of a did:peer:4; other DIDs as they are."""
    return did.rpartition(":")[0] if did.startswith("did:peer:4") and did.count(":") == 3 else did
