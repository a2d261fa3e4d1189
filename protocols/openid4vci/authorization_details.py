"""authorization_details of type openid_credential (RFC 9396; OpenID4VCI 1.0, 5.1.1 and 6.2)."""

from collections.abc import Iterable, Mapping
from typing import Any

from protocols.encoding import parse_json
from protocols.errors import Malformed
from protocols.oauth.errors import InvalidAuthorizationDetails

TYPE = "openid_credential"


def parse(text: str, issuer: str) -> tuple[str, ...]:
    """The credential_configuration_ids asked for. Raises InvalidAuthorizationDetails."""
    try:
        entries = parse_json(text)
    except Malformed as error:
        raise InvalidAuthorizationDetails(error.detail) from None
    if not isinstance(entries, list) or not 1 <= len(entries) <= 16:
        raise InvalidAuthorizationDetails("no array of objects")
    return tuple(dict.fromkeys(_configuration(entry, issuer) for entry in entries))


def _configuration(entry: Any, issuer: str) -> str:
    if not isinstance(entry, dict) or entry.get("type") != TYPE:
        raise InvalidAuthorizationDetails("type")
    name = entry.get("credential_configuration_id")
    if not isinstance(name, str) or not name:
        raise InvalidAuthorizationDetails("credential_configuration_id")
    locations = entry.get("locations", [issuer])
    if not isinstance(locations, list) or issuer not in locations:
        raise InvalidAuthorizationDetails("locations")
    if not isinstance(entry.get("claims", []), list):
        raise InvalidAuthorizationDetails("claims")
    return name


def granted(configurations: Iterable[str]) -> list[Mapping[str, Any]]:
    """The entries of the token response, each with its credential_identifiers."""
    return [
        {"type": TYPE, "credential_configuration_id": one, "credential_identifiers": [identifier(one)]}
        for one in configurations
    ]


def identifier(configuration: str) -> str:
    """The one dataset of a configuration that a person has here."""
    return f"{configuration}#1"


def configuration_of(credential_identifier: str) -> str | None:
    """The configuration of a credential_identifier, None when it is none of ours."""
    name, mark, number = credential_identifier.rpartition("#")
    return name if mark and number == "1" and name else None
