"""Which claims an offer carries, and whether they fit the credential type."""

from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from agent.scope import TenantCatalogue
from protocols.errors import ProtocolError

_RESERVED = frozenset({"_sd", "_sd_alg", "...", "__proto__", "constructor", "prototype"})
"""Words that mean something to a format, or to who reads a claim with JavaScript: in no depth the name of a claim."""
_REGISTERED = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti", "cnf", "vct", "vct#integrity", "status", "vc", "vp"})
"""Words that the issuer alone says (RFC 7519, 4.1; RFC 7800; the SD-JWT VC draft)."""
_validators: dict[str, tuple[str, Any]] = {}


class InvalidClaims(ProtocolError):
    """The claims do not fit the schema of the credential type."""

    code = "invalid_claims"
    status = 422


def claims_for(
    catalogue: TenantCatalogue, configurations: tuple[str, ...], claims: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The claims given, or a demonstrating tenant's samples when none are. Raises InvalidClaims."""
    if not claims:
        claims = catalogue.settings.get("samples", {}).get(configurations[0], {})
    for name in configurations:
        require_fit(catalogue, name, claims)
    return claims


def require_fit(catalogue: TenantCatalogue, name: str, claims: Mapping[str, Any]) -> None:
    """Raises InvalidClaims when they do not fit the configuration's type."""
    if not _REGISTERED.isdisjoint(claims) or not _has_plain_names(dict(claims)):
        raise InvalidClaims("reserved name")
    configuration = catalogue.configurations[name]
    if configuration.schema is None:
        return
    key = str(configuration.type_id)
    version, validator = _validators.get(key, ("", None))
    if version != catalogue.version:
        validator = jsonschema_rs.validator_for(dict(configuration.schema))
        if len(_validators) > 1000:
            _validators.clear()
        _validators[key] = (catalogue.version, validator)
    if not validator.is_valid(dict(claims)):
        raise InvalidClaims(name)


def _has_plain_names(value: Any) -> bool:
    """Whether no object in there has a member that a format would take for its own."""
    if isinstance(value, dict):
        return (
            _RESERVED.isdisjoint(value)
            and not any(name.startswith("@") for name in value)
            and all(_has_plain_names(inner) for inner in value.values())
        )
    return all(_has_plain_names(inner) for inner in value) if isinstance(value, list) else True
