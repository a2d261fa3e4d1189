"""JWT VC Issuer Metadata as a verifier reads it: which keys an issuer says are its own (SD-JWT VC, 3)."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from protocols.encoding import parse_json_object
from protocols.jose import jwk as jwks
from protocols.sd_jwt.issuer_metadata import WELL_KNOWN
from protocols.sd_jwt.values import InvalidSdJwt

_MOST_KEYS = 100


def address(issuer: str) -> str:
    """The well-known path between the host and the path of the issuer (3.1). Raises InvalidSdJwt."""
    try:
        parts = urlsplit(issuer)
    except ValueError:
        raise InvalidSdJwt("iss is no URL") from None
    if not parts.netloc or parts.query or parts.fragment:
        raise InvalidSdJwt("iss is no URL of an issuer")
    return f"{parts.scheme}://{parts.netloc}/{WELL_KNOWN}{parts.path.rstrip('/')}"


def parse(body: bytes, issuer: str) -> Sequence[Mapping[str, Any]] | str:
    """The keys, or the address where they are (3.2, 3.3). Raises InvalidSdJwt, Malformed."""
    document = parse_json_object(body)
    if document.get("issuer") != issuer:
        raise InvalidSdJwt("the metadata is another issuer's")
    if ("jwks" in document) == ("jwks_uri" in document):
        raise InvalidSdJwt("the metadata has neither or both of jwks and jwks_uri")
    if "jwks" in document:
        return key_set(document["jwks"])
    if not isinstance(document["jwks_uri"], str):
        raise InvalidSdJwt("jwks_uri")
    return document["jwks_uri"]


def key_set(value: Any) -> Sequence[Mapping[str, Any]]:
    """The members of a JWK Set. Raises InvalidSdJwt."""
    keys = value.get("keys") if isinstance(value, Mapping) else None
    if not isinstance(keys, list) or not 1 <= len(keys) <= _MOST_KEYS or not all(isinstance(k, Mapping) for k in keys):
        raise InvalidSdJwt("not a JWK Set")
    return keys


def choose(keys: Sequence[Mapping[str, Any]], kid: str | None) -> Mapping[str, Any]:
    """The one key with this id, or the only one there is. Raises InvalidSdJwt, and Malformed for what is no key."""
    fitting = [key for key in keys if kid is None or key.get("kid") == kid]
    if len(fitting) != 1:
        raise InvalidSdJwt("no key of the issuer, or several")
    return jwks.public(fitting[0])
