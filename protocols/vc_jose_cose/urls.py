"""Enveloped credentials and presentations: a secured document as a data: URL (VCDM 2.0, 4.13.1 and 4.13.2)."""

import re
from collections.abc import Mapping
from typing import Any

from protocols import vcdm
from protocols.vc_jose_cose.document import InvalidEnvelope
from protocols.vc_jose_cose.enveloping import Opened, open_secured
from protocols.vcdm import V2

_TYPES = {"EnvelopedVerifiableCredential": "vc", "EnvelopedVerifiablePresentation": "vp"}
_NAMES = {kind: name for name, kind in _TYPES.items()}
_URL = re.compile(
    r"data:application/(?P<kind>vc|vp)\+(?P<form>jwt|sd-jwt|cose)(?P<base64>;base64)?,(?P<content>\S+)\n?"
)


def enveloped(form: str, kind: str, content: str) -> dict[str, Any]:
    """The object in whose place a secured document stands."""
    encoding = ";base64" if form == "cose" else ""
    url = f"data:application/{kind}+{form}{encoding},{content}"
    return {"@context": [V2], "id": url, "type": [_NAMES[kind]]}


def is_enveloped(document: Mapping[str, Any]) -> bool:
    """Whether a document says that it is in an envelope."""
    return not _TYPES.keys().isdisjoint(vcdm.types_of(document))


def open_enveloped(document: Mapping[str, Any]) -> Opened:
    """What is in the envelope, which is what its type says. Raises what `open_secured` raises."""
    types = list(vcdm.types_of(document))
    found = _URL.fullmatch(document["id"]) if isinstance(document.get("id"), str) else None
    if vcdm.version_of(document) != V2 or len(types) != 1 or found is None or _TYPES.get(types[0]) != found["kind"]:
        raise InvalidEnvelope("a context, one type, and a data: URL of that type")
    if (found["base64"] is not None) != (found["form"] == "cose"):
        raise InvalidEnvelope("base64 is for what is no text")
    if document.keys() - {"@context", "id", "type"}:
        raise InvalidEnvelope("members that nobody signed")
    return open_secured(found["form"], found["kind"], found["content"])
