"""Schemas, credential definitions, revocation registry definitions and status lists (AnonCreds 1.0, Data Model)."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import base58

from protocols.anoncreds.errors import InvalidRegistryObject
from protocols.anoncreds.places import issuer_of
from protocols.encoding import parse_json_object
from protocols.errors import Malformed

MOST_ATTRIBUTES = 125
MOST_CREDENTIALS = 32_768
MAX_BYTES = 4_000_000


def require_issuer(identifier: str, document: Mapping[str, Any]) -> None:
    """Whoever serves an object below an address is its issuer. Raises InvalidRegistryObject."""
    if document.get("issuerId") != issuer_of(identifier):
        raise InvalidRegistryObject("issuerId is not where the object is")


def parse_schema(body: bytes, identifier: str) -> Mapping[str, Any]:
    """A schema at its identifier. Raises InvalidRegistryObject."""
    found = _object(body, identifier)
    names = found.get("attrNames")
    if not isinstance(names, list) or not 1 <= len(names) <= MOST_ATTRIBUTES or not all(map(_text, names)):
        raise InvalidRegistryObject("attrNames")
    if len(set(names)) != len(names) or not _text(found.get("name")) or not _text(found.get("version")):
        raise InvalidRegistryObject("schema")
    return found


def parse_definition(body: bytes, identifier: str) -> Mapping[str, Any]:
    """A credential definition at its identifier; the library reads its keys. Raises InvalidRegistryObject."""
    found = _object(body, identifier)
    if found.get("type") != "CL" or not _text(found.get("tag")) or not _text(found.get("schemaId")):
        raise InvalidRegistryObject("definition")
    if not isinstance(found.get("value"), dict) or not isinstance(found["value"].get("primary"), dict):
        raise InvalidRegistryObject("definition")
    return found


def revocable(definition: Mapping[str, Any]) -> bool:
    """Whether credentials of a definition can be revoked."""
    return definition["value"].get("revocation") is not None


def parse_registry(body: bytes, identifier: str) -> Mapping[str, Any]:
    """A revocation registry definition at its identifier. Raises InvalidRegistryObject."""
    found = _object(body, identifier)
    value = found.get("value")
    if found.get("revocDefType") != "CL_ACCUM" or not _text(found.get("credDefId")) or not isinstance(value, dict):
        raise InvalidRegistryObject("registry")
    size = value.get("maxCredNum")
    if type(size) is not int or not 1 <= size <= MOST_CREDENTIALS:
        raise InvalidRegistryObject("maxCredNum")
    if not _text(value.get("tailsHash")) or not _text(value.get("tailsLocation")):
        raise InvalidRegistryObject("tails")
    return found


def tails_bytes(registry: Mapping[str, Any]) -> int:
    """How long a registry's file of tails is."""
    return 2 + 128 * (2 * int(registry["value"]["maxCredNum"]) + 1)


def require_tails(registry: Mapping[str, Any], octets: bytes) -> None:
    """The file is the one whose hash the definition states. Raises InvalidRegistryObject."""
    if base58.b58encode(sha256(octets).digest()).decode() != registry["value"]["tailsHash"]:
        raise InvalidRegistryObject("tailsHash")


def parse_status_list(body: bytes, registry: str, at: int) -> Mapping[str, Any]:
    """The list of a registry that was in force at a time. Raises InvalidRegistryObject."""
    found = _json(body)
    moment, entries = found.get("timestamp"), found.get("revocationList")
    if found.get("revRegDefId") != registry or found.get("issuerId") != issuer_of(registry):
        raise InvalidRegistryObject("the list is of another registry")
    if type(moment) is not int or not 0 < moment <= at:
        raise InvalidRegistryObject("the list is of another time")
    if not isinstance(entries, list) or len(entries) > MOST_CREDENTIALS or not set(entries) <= {0, 1}:
        raise InvalidRegistryObject("revocationList")
    if not isinstance(found.get("currentAccumulator"), str):
        raise InvalidRegistryObject("currentAccumulator")
    return found


def _object(body: bytes, identifier: str) -> Mapping[str, Any]:
    found = _json(body)
    require_issuer(identifier, found)
    return found


def _json(body: bytes) -> dict[str, Any]:
    if len(body) > MAX_BYTES:
        raise InvalidRegistryObject("too large")
    try:
        return parse_json_object(body)
    except Malformed as error:
        raise InvalidRegistryObject(error.detail) from None


def _text(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 2048
