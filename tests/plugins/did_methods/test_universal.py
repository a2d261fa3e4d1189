import pytest

from plugins.did_methods.universal import UniversalResolver
from protocols.did import DidDeactivated, DidNotFound, InvalidDid, MethodNotSupported, Version
from protocols.did.document import InvalidDidDocument
from protocols.encoding import render_json
from protocols.errors import ProtocolError
from protocols.ports import PluginTools
from protocols.ports.tools import FetchFailed, FetchRefused
from tests.plugins.did_methods.webs import Web

DID = "did:ebsi:zvHWX359A3CvfJnCYaAiAde"
URL = "https://resolver.example/1.0/identifiers/did%3Aebsi%3AzvHWX359A3CvfJnCYaAiAde"
BASES = {"methods": "ebsi=https://resolver.example/1.0/identifiers/, cheqd=https://other.example/ids"}
DOCUMENT = {"id": DID, "verificationMethod": []}


def plugin(page: object = b"", status: int = 200, url: str = URL) -> UniversalResolver:
    return UniversalResolver(PluginTools(BASES, Web({url: page}, status), None))


def test_it_stands_for_the_methods_that_settings_name() -> None:
    assert plugin().methods == {"ebsi", "cheqd"}
    assert UniversalResolver(PluginTools({}, Web(), None)).methods == frozenset()


@pytest.mark.parametrize("page", [DOCUMENT, {"didDocument": DOCUMENT, "didDocumentMetadata": {"versionId": "1"}}])
async def test_a_result_or_a_document_is_read(page: object) -> None:
    assert (await plugin(render_json(page)).resolve(DID)).document == DOCUMENT


async def test_a_version_is_asked_for() -> None:
    found = plugin(render_json(DOCUMENT), url=f"{URL}?versionId=1%261")
    assert await found.resolve_version(DID, Version(id="1&1"))
    with pytest.raises(DidNotFound):
        await found.resolve_version(DID, Version(number="1"))


@pytest.mark.parametrize(
    ("page", "status", "refusal"),
    [
        (b"", 404, DidNotFound),
        (b"<html>", 200, DidNotFound),
        (b"{}", 500, DidNotFound),
        (b"{}", 302, DidNotFound),
        (b"{}", 400, InvalidDid),
        (b"{}", 501, MethodNotSupported),
        (b'{"didDocument":null}', 200, InvalidDidDocument),
        (render_json({"didDocument": {"id": "did:ebsi:other"}}), 200, DidNotFound),
        (render_json({**DOCUMENT, "authentication": "x"}), 200, InvalidDidDocument),
        (render_json({"didDocument": DOCUMENT, "didDocumentMetadata": {"deactivated": True}}), 200, DidDeactivated),
        (b"{}", 410, DidDeactivated),
        (FetchRefused("address"), 200, DidNotFound),
        (FetchFailed("time"), 200, DidNotFound),
    ],
)
async def test_what_is_no_answer_is_a_refusal(page: object, status: int, refusal: type[ProtocolError]) -> None:
    with pytest.raises(refusal):
        await plugin(page, status).resolve(DID)


async def test_another_method_is_not_asked_for() -> None:
    with pytest.raises(MethodNotSupported):
        await plugin().resolve("did:sov:abc")
