"""DID methods."""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from protocols.did import DidDocument


class DidResolver(Protocol):
    """Resolves the DIDs of one method. Waits."""

    method: ClassVar[str]

    async def resolve(self, did: str) -> DidDocument:
        """The current document. Raises DidNotFound, InvalidDid (DID Resolution, 4)."""


class DidRegistrar(Protocol):
    """Makes DIDs of one method for keys that we hold. Waits."""

    method: ClassVar[str]

    async def create(self, keys: Mapping[str, Mapping[str, Any]], options: Mapping[str, Any]) -> DidDocument:
        """A document for public JWKs by fragment; hosted methods say with it what to serve."""
