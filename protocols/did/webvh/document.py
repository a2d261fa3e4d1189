"""What stands beside a did:webvh document: services that it has unsaid, and a did:web.

did:webvh 1.0, DID URL Path Resolution; WHOIS Resolution; Publishing a Parallel did:web DID.
"""

from collections.abc import Mapping
from typing import Any

from protocols.did.webvh.identifier import WebvhDid, parse
from protocols.encoding import parse_json_object, render_json

_LINKED_VP = "https://identity.foundation/linked-vp/contexts/v1"


def services(document: Mapping[str, Any], identifier: WebvhDid) -> list[Mapping[str, Any]]:
    """The document's services with #files and #whois, which it has without stating them."""
    stated = document.get("service")
    found = [one for one in stated if isinstance(one, dict)] if isinstance(stated, list) else []
    ids = {str(one.get("id")) for one in found}
    unsaid = (_files(identifier), _whois(identifier))
    return [*found, *(one for one in unsaid if ids.isdisjoint({one["id"], identifier.did + one["id"]}))]


def _files(identifier: WebvhDid) -> dict[str, Any]:
    return {"id": "#files", "type": "relativeRef", "serviceEndpoint": identifier.folder}


def _whois(identifier: WebvhDid) -> dict[str, Any]:
    endpoint = f"{identifier.folder}whois.vp"
    return {
        "@context": _LINKED_VP,
        "id": "#whois",
        "type": "LinkedVerifiablePresentation",
        "serviceEndpoint": endpoint,
    }


def did_web(did: str) -> str:
    """The did:web at the same place."""
    identifier = parse(did)
    return did.replace(f"did:webvh:{identifier.scid}:", "did:web:", 1)


def parallel(document: Mapping[str, Any]) -> dict[str, Any]:
    """The did:web document beside the log (Publishing a Parallel did:web DID)."""
    identifier = parse(str(document["id"]))
    whole = {**document, "service": services(document, identifier)}
    text = render_json(whole).decode("utf-8").replace(f"did:webvh:{identifier.scid}:", "did:web:")
    found = parse_json_object(text)
    known = [*(found.get("alsoKnownAs") or []), identifier.did]
    found["alsoKnownAs"] = [one for one in dict.fromkeys(known) if one != found["id"]]
    return found
