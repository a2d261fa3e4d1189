"""Authorization Server Metadata (RFC 8414)."""

from collections.abc import Sequence
from typing import Any

from protocols.http import Call, Reply

WELL_KNOWN = ".well-known/oauth-authorization-server"


def as_json(issuer: str, token_endpoint: str, grant_types: Sequence[str]) -> dict[str, Any]:
    """The document. A server without an authorization endpoint supports no response type (RFC 8414, 2)."""
    return {
        "issuer": issuer,
        "token_endpoint": token_endpoint,
        "grant_types_supported": list(grant_types),
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["none"],
        "pre-authorized_grant_anonymous_access_supported": True,
    }


def parse(_call: Call) -> None:
    """A GET without parameters."""


def render(document: bytes) -> Reply:
    """The document as bytes: it changes with the catalogue only."""
    return Reply(200, document, "application/json", {"Cache-Control": "public, max-age=60"})
