"""Which claims an offer carries, and whether they fit the credential type and its format."""

from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from agent.scope import TenantCatalogue
from agent.scope.tenants import CredentialConfiguration
from protocols.errors import ProtocolError

_RESERVED = frozenset({"_sd", "_sd_alg", "...", "__proto__", "constructor", "prototype"})
"""Words that mean something to a format, or to who reads a claim with JavaScript: in no depth the name of a claim."""
REGISTERED = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti", "cnf", "vct", "vct#integrity", "status", "vc", "vp"})
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
    if not claims and any(catalogue.configurations[name].claim_source is None for name in configurations):
        claims = catalogue.settings.get("samples", {}).get(configurations[0], {})
    for name in configurations:
        if catalogue.configurations[name].claim_source is None:
            require_fit(catalogue, name, claims)
        else:  # the source may know the rest
            require_unreserved(claims)
    return claims


def require_unreserved(claims: Any) -> None:
    """Raises InvalidClaims for a name, at any depth, that means something else to formats and those who read them."""
    if isinstance(claims, Mapping):
        if not _RESERVED.isdisjoint(claims) or any(name.startswith("@") for name in claims):
            raise InvalidClaims("reserved name")
        for value in claims.values():
            require_unreserved(value)
    elif isinstance(claims, list):
        for value in claims:
            require_unreserved(value)


def require_fit(catalogue: TenantCatalogue, name: str, claims: Mapping[str, Any]) -> None:
    """Raises InvalidClaims when they do not fit the configuration's type."""
    if not REGISTERED.isdisjoint(claims):
        raise InvalidClaims("registered name")
    require_unreserved(claims)
    configuration = catalogue.configuration(name)
    if configuration is None or configuration.schema is None:
        return
    placed = mapped(configuration, claims)
    if not fits(catalogue.version, str(configuration.type_id), configuration.schema, placed):
        raise InvalidClaims(name)


def mapped(configuration: CredentialConfiguration, claims: Mapping[str, Any]) -> Mapping[str, Any]:
    """The claims of the tenant's definition where the configuration's format has them. Raises InvalidClaims."""
    if not configuration.mapping:
        return claims
    if not claims.keys() <= configuration.mapping.keys():
        raise InvalidClaims("a name that the definition does not have")
    found: dict[str, Any] = {}
    for name, value in claims.items():
        *above, last = configuration.mapping[name]
        place = found
        for one in above:
            place = place.setdefault(one, {})
        place[last] = value
    return found


def properties_of(configuration: CredentialConfiguration) -> Mapping[str, Any] | None:
    """What may be claimed, each with its JSON Schema; None where the type does not say."""
    schema = configuration.schema or {}
    if not configuration.mapping:
        return schema.get("properties")
    return {name: _at(schema, path) for name, path in configuration.mapping.items()}


def _at(schema: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    for name in path:
        schema = schema.get("properties", {}).get(name, {})
    return schema


def fits(version: str, key: str, schema: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    """Whether claims fit a schema; compiled once for each `key` and `version` of the catalogue."""
    known, validator = _validators.get(key, ("", None))
    if known != version:
        validator = compiled(schema)
        if len(_validators) > 1000:
            _validators.clear()
        _validators[key] = (version, validator)
    return bool(validator.is_valid(dict(claims)))


def compiled(schema: Mapping[str, Any]) -> Any:
    """A validator that fetches nothing and matches patterns in linear time. Raises ValueError for no schema."""
    return jsonschema_rs.validator_for(dict(schema), offline=True, pattern_options=jsonschema_rs.RegexOptions())
