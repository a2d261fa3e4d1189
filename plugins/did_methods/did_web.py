"""did:web: documents at web origins, ours too."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from protocols.did import DidDocument, DidNotFound, InvalidDid, parse_did
from protocols.did.document import MAX_BYTES, parse_document, require_form
from protocols.errors import Malformed
from protocols.jose import jwk as jwks
from protocols.ports import PluginTools
from protocols.ports.tools import FetchFailed, FetchRefused

_CONTEXT = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/jws-2020/v1")
_ACCEPT = "application/did+json, application/did+ld+json, application/json"
# The last label is no number, so no IPv4 address in any spelling is a name; brackets of IPv6 are no label.
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)*(?![0-9]+(?::|$)|0x)({_LABEL})(:[1-9][0-9]{{0,4}})?", re.ASCII)
_SEGMENT = re.compile(r"(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+", re.ASCII)
_FORBIDDEN = frozenset("/\\?#%\0")


class DidWeb:
    """Resolves did:web through the guarded fetch, and makes the documents that a tenant's base URL serves.

    Setting `plain_http`: hosts (host or host:port, separated by commas) that are asked without TLS, for a demo on one
    machine; the guard has to allow them as well.
    """

    method: ClassVar[str] = "web"

    def __init__(self, tools: PluginTools) -> None:
        self._fetch = tools.fetch
        self._plain = frozenset(
            part.strip() for part in tools.settings.get("plain_http", "").split(",") if part.strip()
        )

    async def resolve(self, did: str) -> DidDocument:
        """The document as published now. Raises InvalidDid, DidNotFound, InvalidDidDocument."""
        url = url_of(did)
        parts = urlsplit(url)
        if {parts.netloc, parts.hostname} & self._plain:
            url = "http" + url.removeprefix("https")
        try:
            answer = await self._fetch.get(url, _ACCEPT, MAX_BYTES)
        except (FetchRefused, FetchFailed) as error:
            raise DidNotFound(str(error)) from None
        if answer.status != 200:
            raise DidNotFound(f"status {answer.status}")
        return parse_document(answer.body, did)

    async def create(self, keys: Mapping[str, Mapping[str, Any]], options: Mapping[str, Any]) -> DidDocument:
        """The document to serve at `{base_url}/did.json` for public JWKs by fragment.

        Options: `base_url`; `relationships` by fragment; `services`, whose ids may be fragments.
        """
        did = did_of(options["base_url"])
        document = _render(did, keys, options.get("relationships", {}), options.get("services", ()))
        require_form(document)
        return DidDocument(did, document)


def url_of(did: str) -> str:
    """Where the document is (did:web, Read). Raises InvalidDid."""
    method, name = parse_did(did)
    host, *segments = name.split(":")
    host = re.sub("%3a", ":", host, count=1, flags=re.IGNORECASE)
    found = _HOST.fullmatch(host)
    if method != "web" or found is None or int((found[2] or ":1")[1:]) > 65535:
        raise InvalidDid("did:web of no host name")
    for segment in segments:
        plain = unquote(segment)
        if not _SEGMENT.fullmatch(segment) or plain in (".", "..") or not _FORBIDDEN.isdisjoint(plain):
            raise InvalidDid("did:web with an unusable path")
    return f"https://{host}/" + "/".join([*(segments or [".well-known"]), "did.json"])


def did_of(base_url: str) -> str:
    """The DID whose document `{base_url}/did.json` is. Raises InvalidDid for what did:web cannot spell."""
    parts = urlsplit(base_url)
    segments = [segment for segment in parts.path.split("/") if segment]
    did = ":".join(["did:web", parts.netloc.lower().replace(":", "%3A"), *segments])
    url_of(did)
    return did


def _render(
    did: str,
    keys: Mapping[str, Mapping[str, Any]],
    relationships: Mapping[str, Sequence[str]],
    services: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    if not relationships.keys() <= keys.keys():
        raise Malformed("relationship of an unknown key")
    document: dict[str, Any] = {"@context": list(_CONTEXT), "id": did, "verificationMethod": []}
    for fragment, jwk in keys.items():
        method = {"id": f"{did}#{fragment}", "type": "JsonWebKey2020", "controller": did}
        document["verificationMethod"].append({**method, "publicKeyJwk": jwks.public(jwk)})
        for relationship in relationships.get(fragment, ()):
            document.setdefault(relationship, []).append(method["id"])
    if services:
        document["service"] = [{**service, "id": _absolute(service["id"], did)} for service in services]
    return document


def _absolute(name: str, did: str) -> str:
    return f"{did}#{name.removeprefix('#')}" if not name.startswith("did:") else name
