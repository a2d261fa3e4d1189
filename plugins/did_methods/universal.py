"""DIDs of methods that a Universal Resolver resolves for us (DID Resolution, HTTP(S) Binding)."""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from protocols.did import DidDeactivated, DidDocument, DidNotFound, InvalidDid, MethodNotSupported, Version, parse_did
from protocols.did.document import MAX_BYTES, InvalidDidDocument, require_form
from protocols.encoding import parse_json_object
from protocols.errors import Malformed
from protocols.ports import PluginTools
from protocols.ports.tools import Fetched, FetchFailed, FetchRefused

_RESULT = "application/did-resolution"
_ACCEPT = f'{_RESULT}, application/ld+json;profile="https://w3id.org/did-resolution"'


class UniversalResolver:
    """Read-only methods of other resolvers, which are believed as their operators' word, over the guarded fetch.

    Setting `methods`: "ebsi=https://resolver.example/1.0/identifiers/, cheqd=https://...", a base for each method.
    """

    method: ClassVar[str] = "universal"

    def __init__(self, tools: PluginTools) -> None:
        self._fetch = tools.fetch
        pairs = (part.split("=", 1) for part in tools.settings.get("methods", "").split(",") if "=" in part)
        self._bases = {method.strip(): base.strip().rstrip("/") for method, base in pairs}

    @property
    def methods(self) -> frozenset[str]:
        """The methods that settings name."""
        return frozenset(self._bases)

    async def resolve(self, did: str) -> DidDocument:
        """The current document. Raises DidNotFound, InvalidDid, DidDeactivated."""
        return await self.resolve_version(did, Version())

    async def resolve_version(self, did: str, version: Version) -> DidDocument:
        """The document of a version, if the resolver behind knows versions of the method."""
        method, _ = parse_did(did)
        if method not in self._bases:
            raise MethodNotSupported(method)
        if version.number is not None:
            raise DidNotFound("no numbers of versions over HTTP")
        options = {"versionId": version.id, "versionTime": version.time}
        query = urlencode({name: value for name, value in options.items() if value is not None})
        url = f"{self._bases[method]}/{quote(did, safe='')}" + (f"?{query}" if query else "")
        try:
            answer = await self._fetch.get(url, _ACCEPT, 2 * MAX_BYTES)
        except (FetchRefused, FetchFailed) as error:
            raise DidNotFound(str(error)) from None
        return _document(answer, did)


def _document(answer: Fetched, did: str) -> DidDocument:
    """The result's document (DID Resolution Result), or the document alone. Raises as the result says."""
    try:
        result = parse_json_object(answer.body)
    except Malformed:
        raise DidNotFound(f"status {answer.status} without a result") from None
    metadata = _mapping(result.get("didDocumentMetadata"))
    if answer.status == 410 or metadata.get("deactivated") is True:
        raise DidDeactivated({**metadata, "deactivated": True})
    if answer.status == 400:
        raise InvalidDid("the resolver behind says so")
    if answer.status == 501:
        raise MethodNotSupported("the resolver behind says so")
    if answer.status != 200:
        raise DidNotFound(f"status {answer.status}")
    document = result.get("didDocument") if "didDocument" in result else result
    if not isinstance(document, dict) or len(answer.body) > 2 * MAX_BYTES:
        raise InvalidDidDocument("no document in the result")
    if document.get("id") != did:
        raise DidNotFound("document is of another DID")
    require_form(document)
    return DidDocument(did, document, metadata)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
