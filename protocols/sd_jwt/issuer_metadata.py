"""JWT VC Issuer Metadata (draft-ietf-oauth-sd-jwt-vc, section "JWT VC Issuer Metadata")."""

from collections.abc import Mapping
from typing import Any

from protocols.http import Call, Reply, json_reply

WELL_KNOWN = ".well-known/jwt-vc-issuer"


def parse(_call: Call) -> None:
    """A GET without parameters."""


def as_json(issuer: str, jwks: Mapping[str, Any]) -> dict[str, Any]:
    """The document, with the keys by value."""
    return {"issuer": issuer, "jwks": dict(jwks)}


def render(document: Mapping[str, Any]) -> Reply:
    """The document: it changes when keys do."""
    return json_reply(document, headers={"Cache-Control": "public, max-age=60"})
