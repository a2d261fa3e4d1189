"""Reading a DID document that somebody else wrote: pydid judges its form, our types carry it on."""

from collections.abc import Mapping
from typing import Any

import pydid

from protocols.did import DidDocument, DidNotFound, parse_did
from protocols.encoding import parse_json_object
from protocols.errors import Malformed, ProtocolError

MAX_BYTES = 100_000
_MAX_ENTRIES = 100
_LISTS = (
    "verificationMethod",
    "authentication",
    "assertionMethod",
    "keyAgreement",
    "capabilityInvocation",
    "capabilityDelegation",
    "service",
)


class InvalidDidDocument(ProtocolError):
    """The DID document is not of the form that DID Core demands."""

    code = "invalidDidDocument"


def parse_document(body: bytes, did: str) -> DidDocument:
    """The document of `did` (DID Core 1.0, 5). Raises InvalidDidDocument, DidNotFound when it is of another DID."""
    parse_did(did)
    if len(body) > MAX_BYTES:
        raise InvalidDidDocument("too large")
    try:
        document = parse_json_object(body)
    except Malformed as error:
        raise InvalidDidDocument(error.detail) from None
    if document.get("id") != did:
        raise DidNotFound("document is of another DID")
    require_form(document)
    return DidDocument(did, document)


def require_lists(document: Mapping[str, Any]) -> None:
    """Judge no more than that lists are lists, and short. Raises InvalidDidDocument."""
    for name in _LISTS:
        entries = document.get(name, [])
        if not isinstance(entries, list) or len(entries) > _MAX_ENTRIES:
            raise InvalidDidDocument(f"{name} is no list, or too long")


def require_form(document: dict[str, Any]) -> None:
    """Judge the members of a document. Raises InvalidDidDocument."""
    require_lists(document)
    try:
        pydid.deserialize_document(document, strict=True)
    # pydid wraps what its models refuse, and lets errors of its own index through
    except (ValueError, TypeError, KeyError, AttributeError, pydid.DIDError, pydid.doc.DIDDocumentError):
        raise InvalidDidDocument("pydid refuses the form") from None
