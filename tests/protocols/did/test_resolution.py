"""The HTTP(S) binding of DID Resolution, and dereferencing behind it."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from agent.operations.trusting.resolve_did import resolver
from protocols.did import DidDeactivated, DidDocument, DidNotFound, FeatureNotSupported, Version, resolution
from protocols.did.document import InvalidDidDocument
from protocols.http import Call, Reply

DID = "did:example:123"
WEBVH = "did:webvh:Qm" + "1" * 44 + ":a.example:dids:x"
METHOD = {"id": "#key-1", "type": "Multikey", "controller": DID, "publicKeyMultibase": "z6Mk"}
DOCUMENT = {
    "id": DID,
    "verificationMethod": [METHOD],
    "assertionMethod": ["#key-1"],
    "service": [
        {"id": "#files", "type": "Files", "serviceEndpoint": "https://a.example/base/"},
        {"id": f"{DID}#more", "type": ["Files", "Other"], "serviceEndpoint": [{"uri": "x"}, "https://b.example/"]},
    ],
}


class Example:
    async def resolve(self, did: str) -> DidDocument:
        if did.endswith(":gone"):
            raise DidDeactivated({"deactivated": True})
        if did.endswith(":bad"):
            raise InvalidDidDocument()
        if did.endswith(":none"):
            raise DidNotFound()
        return DidDocument(did, {**DOCUMENT, "id": did}, {"versionId": "9"})

    async def resolve_version(self, did: str, version: Version) -> DidDocument:
        if version.number:
            raise FeatureNotSupported()
        return DidDocument(did, DOCUMENT, {"versionId": version.id or version.time})


async def ask(identifier: str, accept: str = "", query: str = "") -> tuple[Reply, Any]:
    headers = {"accept": [accept]} if accept else {}
    call = Call("GET", "https://us.example", {"did": identifier}, query, headers)
    methods = {"example": Example(), "webvh": Example()}
    reply = resolution.render(await resolver(lambda: methods)(resolution.parse(call)))
    return reply, json.loads(reply.body) if reply.body else None


@pytest.mark.parametrize("accept", ["", "*/*", "application/json", "application/did-resolution"])
async def test_a_did_gives_a_resolution_result(accept: str) -> None:
    reply, body = await ask(DID, accept)
    assert (reply.status, reply.media_type) == (200, "application/did-resolution")
    assert body == {
        "didDocument": DOCUMENT,
        "didResolutionMetadata": {"contentType": "application/did"},
        "didDocumentMetadata": {"versionId": "9"},
    }


@pytest.mark.parametrize("accept", ["application/did", "application/did+json", "text/html, application/did;q=0.5"])
async def test_a_document_alone_is_given_to_who_asks_for_it(accept: str) -> None:
    reply, body = await ask(DID, accept)
    assert reply.media_type in ("application/did", "application/did+json")
    assert body == DOCUMENT


@pytest.mark.parametrize(
    ("identifier", "accept", "query", "status", "type_"),
    [
        ("nonsense", "", "", 400, "INVALID_DID"),
        ("did:Example:1", "", "", 400, "INVALID_DID"),
        ("did:example:1#", "", "", 400, "INVALID_DID_URL"),
        ("did:example:1?a b", "", "", 400, "INVALID_DID_URL"),
        (f"{DID}?service=a&service=b", "", "", 400, "INVALID_DID_URL"),
        (f"{DID}?versionTime=yesterday", "", "", 400, "INVALID_DID_URL"),
        (f"{DID}?versionId=1", "", "versionId=2", 400, "INVALID_OPTIONS"),
        (DID, "", "expandRelativeUrls=perhaps", 400, "INVALID_OPTIONS"),
        (f"{DID}?relativeRef=/a", "", "", 400, "INVALID_DID_URL"),
        (f"{DID}?service=files&relativeRef=%252e%252e/a", "", "", 400, "INVALID_DID_URL"),
        (f"{DID}?service=files&relativeRef=../a", "", "", 400, "INVALID_DID_URL"),
        (f"{DID}?service=files&relativeRef=//evil.example", "", "", 400, "INVALID_DID_URL"),
        (f"{DID}?service=files&relativeRef=https://evil.example", "", "", 400, "INVALID_DID_URL"),
        ("did:example:none", "", "", 404, "NOT_FOUND"),
        (f"{DID}#other", "", "", 404, "NOT_FOUND"),
        (f"{DID}?service=other", "", "", 404, "NOT_FOUND"),
        (f"{DID}/path", "", "", 404, "NOT_FOUND"),
        (DID, "text/html", "", 406, "REPRESENTATION_NOT_SUPPORTED"),
        (DID, "text/uri-list", "", 406, "REPRESENTATION_NOT_SUPPORTED"),
        ("did:example:bad", "", "", 500, "INVALID_DID_DOCUMENT"),
        (f"{DID}#other", "", "verificationRelationship=assertionMethod", 500, "INVALID_VERIFICATION_METHOD"),
        (
            f"{DID}#key-1",
            "",
            "verificationRelationship=keyAgreement",
            500,
            "INVALID_RELATIONSHIP_FOR_VERIFICATION_METHOD",
        ),
        ("did:sov:1", "", "", 501, "METHOD_NOT_SUPPORTED"),
        (DID, "", "transformKeys=jwk", 501, "FEATURE_NOT_SUPPORTED"),
        (DID, "", "versionNumber=1", 501, "FEATURE_NOT_SUPPORTED"),
    ],
)
async def test_every_error_has_its_type_and_status(
    identifier: str, accept: str, query: str, status: int, type_: str
) -> None:
    reply, body = await ask(identifier, accept, query)
    metadata = body.get("didResolutionMetadata") or body["dereferencingMetadata"]
    assert (reply.status, metadata["error"]["type"]) == (status, f"https://www.w3.org/ns/did#{type_}")
    assert body.get("didDocument") is None
    assert body.get("content") is None


async def test_a_deactivated_did_is_gone() -> None:
    reply, body = await ask("did:example:gone", "application/did")
    assert (reply.status, body["didDocument"], body["didDocumentMetadata"]) == (410, None, {"deactivated": True})


async def test_a_version_is_pinned_beside_or_inside_and_the_identifier_may_be_escaped() -> None:
    for identifier, query in (
        (DID, "versionId=1-a"),
        (f"{DID}?versionId=1-a", ""),
        (quote(DID, safe=""), "versionId=1-a"),
    ):
        _, body = await ask(identifier, query=query)
        assert "1-a" in json.dumps(body)


async def test_relative_urls_are_expanded_on_demand() -> None:
    _, body = await ask(DID, query="expandRelativeUrls=true")
    assert body["didDocument"]["assertionMethod"] == [f"{DID}#key-1"]
    assert body["didDocument"]["service"][0]["id"] == f"{DID}#files"


async def test_a_fragment_is_dereferenced() -> None:
    reply, body = await ask(f"{DID}#key-1")
    assert (reply.media_type, body["content"]) == ("application/did-url-dereferencing", METHOD)
    _, alone = await ask(f"{DID}#key-1", "application/did", "verificationRelationship=assertionMethod")
    assert alone == METHOD
    assert (await ask(f"{DID}#files", "application/did"))[1]["type"] == "Files"


async def test_services_are_selected() -> None:
    _, body = await ask(f"{DID}?service=files")
    assert [one["id"] for one in body["content"]["service"]] == ["#files"]
    _, body = await ask(f"{DID}?serviceType=Files")
    assert len(body["content"]["service"]) == 2
    reply, _ = await ask(f"{DID}?service=files&relativeRef=doc%3Fa=1", "text/uri-list")
    assert (reply.status, reply.headers["Location"]) == (303, "https://a.example/base/doc?a=1")
    reply, body = await ask(f"{DID}?service=more&relativeRef=x#part")
    assert body["content"] == ["https://b.example/x#part"]


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("/whois", "https://a.example/dids/x/whois.vp"),  # implicit
        ("/governance/issuers.json", "https://a.example/base/governance/issuers.json"),  # by the document's #files
    ],
)
async def test_paths_of_did_webvh_are_below_its_place(path: str, address: str) -> None:
    reply, _ = await ask(WEBVH + path, "text/uri-list")
    assert (reply.status, reply.headers["Location"]) == (303, address)


async def test_a_path_of_did_webvh_does_not_climb() -> None:
    for path in ("/../x", "/%2e%2e/x", "/a/..%2fx"):
        assert (await ask(WEBVH + path))[0].status == 400
