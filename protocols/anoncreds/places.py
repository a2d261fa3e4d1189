"""Where objects of our registry are: their identifiers are their addresses."""

from dataclasses import dataclass
from uuid import UUID

from protocols.anoncreds.errors import InvalidRegistryObject

ROOT = "anoncreds"
SETTLED = 60
"""Seconds after which nothing changes any more about what was in force."""
KINDS = {"schema": "schemas", "definition": "definitions", "registry": "registries"}
_STATUS, _TAILS = "status-list", "tails"


@dataclass(frozen=True, slots=True)
class Places:
    """Addresses below one issuer's; the issuer's identifier is that address."""

    issuer: str

    def of(self, kind: str, object_id: UUID) -> str:
        """The identifier of a schema, a definition or a registry."""
        return f"{self.root(kind)}{object_id}"

    def root(self, kind: str) -> str:
        """What the identifiers of a kind begin with."""
        return f"{self.issuer}/{ROOT}/{KINDS[kind]}/"


def tails(registry: str) -> str:
    """Where a registry's tails are."""
    return f"{registry}/{_TAILS}"


def status_list(registry: str, at: int) -> str:
    """The list that was in force at a time, in seconds since 1970."""
    return f"{registry}/{_STATUS}?at={at}"


def issuer_of(identifier: str) -> str:
    """The issuer below whose address the identifier is. Raises InvalidRegistryObject."""
    issuer, found, rest = identifier.rpartition(f"/{ROOT}/")
    kind, _, name = rest.partition("/")
    if not found or kind not in KINDS.values() or not name or "/" in name or len(identifier) > 2048:
        raise InvalidRegistryObject("no identifier of a registry over HTTP")
    if not issuer.startswith(("https://", "http://")) or any(mark in identifier for mark in "?#@\\ "):
        raise InvalidRegistryObject("no identifier of a registry over HTTP")
    return issuer
