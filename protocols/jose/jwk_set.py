"""JWK Sets as they are published (RFC 7517, 5)."""

from collections.abc import Iterable, Mapping
from typing import Any

from protocols.encoding import render_json
from protocols.http import Call, Reply
from protocols.jose.jwk import Jwk

MEDIA_TYPE = "application/jwk-set+json"


def as_json(keys: Iterable[tuple[str, str, Jwk]]) -> dict[str, Any]:
    """The set of (kid, alg, public JWK), all for signatures."""
    return {"keys": [{**_public(jwk), "kid": kid, "alg": algorithm, "use": "sig"} for kid, algorithm, jwk in keys]}


def _public(jwk: Jwk) -> Mapping[str, Any]:
    return {name: jwk[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in jwk}


def parse(_call: Call) -> None:
    """A GET without parameters."""


def render(document: Mapping[str, Any]) -> Reply:
    """The set: it changes when keys do."""
    return Reply(200, render_json(dict(document)), MEDIA_TYPE, {"Cache-Control": "public, max-age=60"})
