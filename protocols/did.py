"""DIDs, DID URLs and DID documents (DID Core 1.0)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from protocols.errors import ProtocolError


class InvalidDid(ProtocolError):
    """The DID is not of its method's form."""

    code = "invalidDid"


class DidNotFound(ProtocolError):
    """The DID cannot be resolved."""

    code = "notFound"
    status = 404


@dataclass(frozen=True, slots=True)
class DidDocument:
    """A resolved document; `document` as received, plain JSON."""

    id: str
    document: Mapping[str, Any]
    metadata: Mapping[str, Any] = field(default_factory=dict)
