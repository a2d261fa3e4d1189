"""AnonCreds 1.0: objects of registries, offers, requests, credentials and presentations, as JSON, within bounds.

Pure: the mathematics is a plugin's. What has an identifier is an object of a registry over HTTP: the identifier is the
address, below its issuer's (`Places`).
"""

from protocols.anoncreds.errors import InvalidAnonCreds, InvalidRegistryObject, NotProved
from protocols.anoncreds.objects import (
    MAX_BYTES,
    parse_definition,
    parse_registry,
    parse_schema,
    parse_status_list,
    require_issuer,
    require_tails,
    revocable,
    tails_bytes,
)
from protocols.anoncreds.places import KINDS, Places
from protocols.anoncreds.presenting import (
    Identifier,
    Interval,
    PresentationTerms,
    intervals,
    intervals_by_credential,
    parse_identifiers,
    parse_presentation_request,
    render_presentation_request,
)

__all__ = [
    "KINDS",
    "MAX_BYTES",
    "Identifier",
    "Interval",
    "InvalidAnonCreds",
    "InvalidRegistryObject",
    "NotProved",
    "Places",
    "PresentationTerms",
    "intervals",
    "intervals_by_credential",
    "parse_definition",
    "parse_identifiers",
    "parse_presentation_request",
    "parse_registry",
    "parse_schema",
    "parse_status_list",
    "render_presentation_request",
    "require_issuer",
    "require_tails",
    "revocable",
    "tails_bytes",
]
