"""Every parser of what a peer sends: octets in, a value or a ProtocolError out, within a second of CPU.

A target takes octets apart as its format does on the inside (`parts`), so that changes reach what lies under base64url.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from agent.contracts import credential_formats, status_mechanisms
from agent.contracts.keys import NOW, Key, certified
from agent.contracts.subjects import Subject
from protocols import cose, data_integrity, json_ld, mdoc, presentation_exchange, sd_jwt, vcdm
from protocols.anoncreds import parse_identifiers, parse_presentation_request
from protocols.cose import cbor
from protocols.dcql import query as dcql
from protocols.did import parse_did_url
from protocols.did.document import parse_document
from protocols.didcomm import attached, envelope, message
from protocols.didcomm.envelope import Trail
from protocols.encoding import b64url, parse_b64url, parse_json, parse_json_object
from protocols.errors import ProtocolError
from protocols.jose import jwe, jws, jwt
from protocols.json_ld import expanding
from protocols.status_list import inflate
from protocols.x509 import parse_chain
from tests.contracts.samples import subjects

LIMIT = 1.0
"""Seconds of CPU that nothing may take longer than."""
SEPARATOR, DISCLOSURE = b"\x00\xff.\x00", b"\x00\xff~\x00"
"""Between the parts of a token that was decoded; no valid part has them."""


@dataclass(frozen=True, slots=True)
class Target:
    """A parser with the octets that its mutations begin with."""

    name: str
    parse: Callable[[bytes], Any]
    seeds: tuple[bytes, ...]


class TooSlow(AssertionError):
    """It took longer than anything may."""


def meet(target: Target, octets: bytes) -> bool:
    """Whether the parser takes it. Whatever else it raises is a crash."""
    began = time.process_time()
    try:
        target.parse(octets)
        taken = True
    except ProtocolError:
        taken = False
    if time.process_time() - began > LIMIT:
        raise TooSlow(f"{target.name}: {octets[:200]!r}")
    return taken


def text(octets: bytes) -> str:
    return octets.decode("latin-1")


def parts(octets: bytes) -> list[bytes]:
    return octets.split(SEPARATOR)


def encoded(octets: bytes) -> str:
    """A token of as many parts, each base64url: what is changed is what stands inside."""
    return ".".join(b64url(one) for one in parts(octets))


def decoded(token: str) -> bytes:
    return SEPARATOR.join(parse_b64url(one) for one in token.split("."))


def _sd_jwt(octets: bytes) -> Any:
    issuer, *disclosures = octets.split(DISCLOSURE)
    token = "~".join([encoded(issuer), *(b64url(one) for one in disclosures), ""])
    format_ = format_named("dc+sd-jwt").built()
    opened = format_.open(token)
    return sd_jwt.restore(opened.content)


def _json(parse: Callable[[Any], Any]) -> Callable[[bytes], Any]:
    return lambda octets: parse(parse_json(octets))


def _mdoc(octets: bytes) -> Any:
    documents = mdoc.parse_device_response(octets)
    for document in documents:
        mdoc.require_digests(document.issuer_signed)
    return documents


def _sign1(octets: bytes) -> Any:
    return cose.open_sign1(cbor.decode(octets))


def _status_list(octets: bytes) -> Any:
    return status_named("token_status_list").built().open(encoded(octets).encode(), status_mechanisms.URI, NOW)


def _list_credential(octets: bytes) -> Any:
    return status_named("status_list_2021").built().open(octets, status_mechanisms.URI, NOW)


def _list_seeds() -> tuple[bytes, ...]:
    """A list of 2021 as a JWT, and as a document with a proof, whose signature nobody looks at here."""
    token = status_mechanisms.published(status_named("status_list_2021"), 1, {5: 1})
    document = parse_json_object(jws.parse(token.decode()).payload)["vc"]
    proof = data_integrity.new_proof("eddsa-jcs-2022", Key().method, "assertionMethod", NOW, proofValue="z11")
    return (token, *_dump({**document, "proof": proof}))


def _json_ld(octets: bytes) -> Any:
    document = parse_json_object(octets)
    json_ld.require_pinned(document)
    return expanding.to_quads(document, {})


def _credential(octets: bytes) -> Any:
    return format_named("ldp_vc").built().open(parse_json_object(octets))


def _x509(octets: bytes) -> Any:
    return parse_chain([octets])


def _jwe(octets: bytes) -> Any:
    return jwe.header(encoded(octets))


def _vcdm(document: Any) -> Any:
    try:
        vcdm.require_presentation(document)
    except ProtocolError:
        vcdm.require_credential(document)


@cache
def format_named(name: str) -> Subject:
    return next(one for one in subjects("credential_formats") if one.name == name)


@cache
def status_named(name: str) -> Subject:
    return next(one for one in subjects("status_mechanisms") if one.name == name)


def _presented(name: str) -> Any:
    subject, holder = format_named(name), Key()
    return credential_formats.present(subject, credential_formats.issue(subject, holder), holder)


def _seed_sd_jwt() -> bytes:
    issuer, *disclosures = _presented("dc+sd-jwt").split("~")[:-1]
    return DISCLOSURE.join([decoded(issuer), *map(parse_b64url, disclosures)])


DID_DOCUMENT = {
    "@context": ["https://www.w3.org/ns/did/v1"],
    "id": "did:example:a",
    "verificationMethod": [
        {"id": "#1", "type": "Multikey", "controller": "did:example:a", "publicKeyMultibase": "z6Mk"}
    ],
    "authentication": ["#1", {"id": "#2", "type": "JsonWebKey", "controller": "did:example:a", "publicKeyJwk": {}}],
    "service": [{"id": "#s", "type": "DIDCommMessaging", "serviceEndpoint": [{"uri": "https://a.example"}]}],
}
QUERY = {
    "credentials": [
        {
            "id": "pid",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": ["urn:eudi:pid:1"]},
            "claims": [{"id": "a", "path": ["given_name"]}, {"id": "b", "path": ["nationalities", None, 0]}],
            "claim_sets": [["a", "b"], ["a"]],
            "trusted_authorities": [{"type": "aki", "values": ["s9tIpPmhxdiuNkHMEWNpYim8S8Y"]}],
        }
    ],
    "credential_sets": [{"options": [["pid"]], "required": False}],
}
ENVELOPES = (
    {
        "protected": b64url(b'{"typ":"application/didcomm-encrypted+json","alg":"ECDH-ES+A256KW","enc":"A256GCM"}'),
        "recipients": [{"header": {"kid": "did:example:a#1"}, "encrypted_key": "AAAA"}],
        "iv": "AAAA",
        "ciphertext": "AAAA",
        "tag": "AAAA",
    },
    {"payload": "e30", "signatures": [{"protected": b64url(b'{"alg":"EdDSA"}'), "signature": "AA", "header": {}}]},
    {"id": "1", "type": "https://didcomm.org/trust-ping/2.0/ping", "body": {}, "from": "did:example:a", "to": []},
)
PROOF_REQUEST = {
    "nonce": "1234567890123",
    "requested_attributes": {"a": {"name": "name", "non_revoked": {"from": 1, "to": 2}}},
    "requested_predicates": {"b": {"name": "age", "p_type": ">=", "p_value": 18}},
}
DEFINITION = {
    "id": "d",
    "format": {"ldp_vp": {"proof_type": ["Ed25519Signature2020"]}},
    "input_descriptors": [
        {
            "id": "a",
            "schema": [{"uri": "https://a.example"}],
            "constraints": {"fields": [{"path": ["$.a['b'][0]"], "filter": {"const": 1}}]},
        }
    ],
}
EXCHANGES = (
    {
        "id": "1",
        "type": "https://didcomm.org/issue-credential/3.0/offer-credential",
        "body": {"credential_preview": {"body": {"attributes": [{"name": "a", "value": "b"}]}}},
        "attachments": [{"id": "1", "format": "a/b@v1.0", "data": {"json": {}}}],
    },
    {
        "id": "1",
        "type": "https://didcomm.org/present-proof/2.0/presentation",
        "body": {
            "formats": [{"attach_id": "1", "format": "a/b@v1.0"}],
            "presentations~attach": [{"@id": "1", "data": {"base64": "e30"}}],
        },
    },
)
IDENTIFIERS = {"identifiers": [{"schema_id": "https://a.example/anoncreds/schemas/1", "cred_def_id": "x"}]}


def _attachments(octets: bytes) -> Any:
    """What a message says, in the words of both versions."""
    found = message.parse(octets)
    return [attached.read(found, version) for version in (1, 2)]


def _dump(*values: Any) -> tuple[bytes, ...]:
    return tuple(json.dumps(value).encode() for value in values)


@cache
def targets() -> tuple[Target, ...]:
    """All of them; seeds are made anew, valid ones of every format."""
    token = Key().jwt({"typ": "JWT", "kid": "1"}, {"iss": "https://a.example", "iat": 1, "cnf": {"jwk": Key().jwk}})
    response, credential = parse_b64url(_presented("mso_mdoc")), _presented("ldp_vc")
    listed = status_mechanisms.published(status_named("token_status_list"), 1, {5: 1}).decode()
    return (
        Target("sd_jwt", _sd_jwt, (_seed_sd_jwt(),)),
        Target("sd_jwt_text", lambda octets: sd_jwt.parse(text(octets)), (_presented("dc+sd-jwt").encode(),)),
        Target(
            "sd_jwt_json",
            lambda octets: sd_jwt.parse_json_form(parse_json_object(octets)),
            _dump({"payload": "e30", "signature": "", "header": {}}),
        ),
        Target("jws", lambda octets: jws.parse(encoded(octets)), (decoded(token),)),
        Target("jws_text", lambda octets: jwt.open_jwt(text(octets), "JWT"), (token.encode(),)),
        Target(
            "jwe", _jwe, (SEPARATOR.join([b'{"alg":"ECDH-ES","enc":"A256GCM","epk":{}}', b"", b"iv", b"text", b"tag"]),)
        ),
        Target("cbor", cbor.decode, (response, b"\xd8\x18\x41\x00", b"\xbf\xff")),
        Target("cose", _sign1, (cbor.encode([b"\xa1\x01\x26", {}, b"payload", b"\x00" * 64]),)),
        Target("mdoc", _mdoc, (response,)),
        Target("status_list", _status_list, (decoded(listed),)),
        Target("list_credential", _list_credential, _list_seeds()),
        Target("inflation", inflate, (b"\x78\xda\x63\x60\x18\x05\xa3\x60\x14\x0c",)),
        Target("did_document", lambda octets: parse_document(octets, "did:example:a"), _dump(DID_DOCUMENT)),
        Target("did_url", lambda octets: parse_did_url(text(octets)), (b"did:example:a:b?versionId=1#key",)),
        Target("dcql", _json(dcql.parse), _dump(QUERY)),
        Target("presentation_exchange", _json(presentation_exchange.parse), _dump(DEFINITION)),
        Target("attachments", _attachments, _dump(*EXCHANGES)),
        Target("x509", _x509, (certified().chain[0], certified(document_signer=True).chain[0])),
        Target("didcomm", lambda octets: envelope.parse(octets, Trail()), _dump(*ENVELOPES)),
        Target("json_ld", _json_ld, _dump(credential)),
        Target("ldp_vc", _credential, _dump(credential)),
        Target("vcdm", _json(_vcdm), _dump(credential)),
        Target("anoncreds", _json(parse_presentation_request), _dump(PROOF_REQUEST)),
        Target("anoncreds_presentation", _json(parse_identifiers), _dump(IDENTIFIERS)),
    )


def target(name: str) -> Target:
    return next(one for one in targets() if one.name == name)
