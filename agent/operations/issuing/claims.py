"""Which claims an offer carries, and whether they fit the credential type."""

from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from agent.scope import TenantCatalogue
from protocols.errors import ProtocolError

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
