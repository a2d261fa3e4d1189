"""What an OpenID Provider says of itself (OpenID Connect Discovery 1.0, 3 and 4), and its keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from protocols.encoding import parse_json_object
from protocols.errors import Malformed
from protocols.jose import jwk as jwks
from protocols.oauth.authorization_request import is_loopback
from protocols.oidc.errors import ProviderUnusable

ALGORITHMS = ("ES256", "ES384", "EdDSA", "Ed25519", "PS256", "RS256")
"""Of ID tokens: never `none`, never a symmetric one, whatever the provider announces."""
METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt")
_MOST_KEYS = 50


@dataclass(frozen=True, slots=True)
class ProviderMetadata:
    """The part of the document that counts here; `algorithms` are those of its ID tokens that we accept."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    algorithms: frozenset[str]
    names_itself: bool  # authorization_response_iss_parameter_supported (RFC 9207, 3)


def require_issuer(issuer: str) -> str:
    """An https URL without query and fragment; http on loopback only. Raises ProviderUnusable."""
    _require_url(issuer, "issuer")
    if "?" in issuer or "#" in issuer:
        raise ProviderUnusable("issuer")
    return issuer


def location(issuer: str) -> str:
    """Where the document is (Discovery 1.0, 4)."""
    return f"{issuer.rstrip('/')}/.well-known/openid-configuration"


def _require_url(url: Any, name: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except (ValueError, AttributeError, TypeError):
        raise ProviderUnusable(name) from None
    if not isinstance(url, str) or len(url) > 2048 or not url.isprintable() or " " in url or not host:
        raise ProviderUnusable(name)
    if parts.username is not None or "#" in url:
        raise ProviderUnusable(name)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise ProviderUnusable(f"{name} is not https")
    return url


def read(document: bytes, issuer: str) -> ProviderMetadata:
    """The document of this very issuer (Discovery 1.0, 4.3). Raises ProviderUnusable."""
    try:
        found = parse_json_object(document)
    except Malformed as error:
        raise ProviderUnusable(error.detail) from None
    if found.get("issuer") != issuer:
        raise ProviderUnusable("issuer is another")
    announced = found.get("id_token_signing_alg_values_supported", ["RS256"])
    algorithms = frozenset(ALGORITHMS) & frozenset(one for one in _list(announced) if isinstance(one, str))
    if not algorithms:
        raise ProviderUnusable("no alg that is accepted here")
    userinfo = found.get("userinfo_endpoint")
    return ProviderMetadata(
        issuer,
        _require_url(found.get("authorization_endpoint"), "authorization_endpoint"),
        _require_url(found.get("token_endpoint"), "token_endpoint"),
        _require_url(found.get("jwks_uri"), "jwks_uri"),
        None if userinfo is None else _require_url(userinfo, "userinfo_endpoint"),
        algorithms,
        found.get("authorization_response_iss_parameter_supported") is True,
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def read_keys(document: bytes) -> tuple[Mapping[str, Any], ...]:
    """The signature keys of a JWK Set (RFC 7517, 5); what is not a usable public key is passed over (5, last words)."""
    try:
        found = _list(parse_json_object(document).get("keys"))
    except Malformed as error:
        raise ProviderUnusable(error.detail) from None
    return tuple(one for one in found[:_MOST_KEYS] if isinstance(one, dict) and _usable(one))


def _usable(key: Mapping[str, Any]) -> bool:
    try:
        jwks.public(key)
    except Malformed:
        return False
    return key.get("use", "sig") == "sig" and bool(jwks.signs_with(key))


def candidates(keys: Sequence[Mapping[str, Any]], kid: str | None, algorithm: str) -> list[Mapping[str, Any]]:
    """The keys that may have signed: the one named, or all that fit when none is (Core 1.0, 10.1)."""
    fitting = [one for one in keys if algorithm in jwks.signs_with(one) and one.get("alg", algorithm) == algorithm]
    if kid is not None:
        return [one for one in fitting if one.get("kid") == kid]
    return fitting if len(fitting) == 1 else []
