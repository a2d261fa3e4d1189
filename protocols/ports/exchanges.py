"""Credential formats of two steps: the holder asks for a credential by a request that was made for its offer.

Everything is plain JSON; what is secret is bytes. No step waits: heavy ones answer Sandboxed, with the
seconds that they may take where those are more than usual.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from protocols.ports.tools import Sandboxed

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NewDefinition:
    """A credential definition that was made: what everybody may know, and the issuer's keys."""

    public: Document
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewRegistry:
    """A revocation registry: its public definition, the accumulator's key, the file of tails, and the first list."""

    public: Document
    secret: bytes = field(repr=False)
    tails: bytes = field(repr=False)
    status_list: Document = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Revocation:
    """A place in a registry, for a credential that can be revoked: `identifier` is the registry's."""

    identifier: str
    registry: Document
    secret: bytes = field(repr=False)
    status_list: Document = field(default_factory=dict)
    index: int = 0


@dataclass(frozen=True, slots=True)
class Requested:
    """A credential request; `secret` is what `receive` needs again."""

    request: Document
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A held credential, with what it answers: attributes by referent (shown or not), predicates.

    `registry`, `status_list` and `tails` prove that it is not revoked; None where that is not asked.
    """

    credential: bytes = field(repr=False)
    attributes: Mapping[str, bool] = field(default_factory=dict)
    predicates: tuple[str, ...] = ()
    index: int | None = None
    registry: Document | None = None
    status_list: Document | None = None
    tails: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class RegistryObjects:
    """Objects of registries by identifier; of status lists all that are needed."""

    schemas: Mapping[str, Document]
    definitions: Mapping[str, Document]
    registries: Mapping[str, Document] = field(default_factory=dict)
    status_lists: Sequence[Document] = ()


class ExchangesCredentials(Protocol):
    """One format that is issued by offer, request and credential. Never waits.

    What a peer sent is refused with a ProtocolError.
    """

    identifier: ClassVar[str]

    # The issuer
    def new_schema(self, issuer: str, name: str, version: str, attributes: Sequence[str]) -> Document:
        """A schema. Raises Malformed."""

    def new_definition(self, issuer: str, schema_id: str, schema: Document, tag: str, revocable: bool) -> Sandboxed:
        """A NewDefinition."""

    def new_registry(
        self, identifier: str, definition_id: str, definition: Document, tag: str, size: int, tails: str, now: int
    ) -> Sandboxed:
        """A NewRegistry for so many credentials; `tails` is where its file will be served, `now` in seconds."""

    def offer(self, schema_id: str, definition_id: str, secret: bytes) -> Sandboxed:
        """A credential offer, with a fresh nonce."""

    def issue(
        self,
        definition: NewDefinition,
        offer: Document,
        request: Document,
        values: Mapping[str, str],
        revocation: Revocation | None,
    ) -> Sandboxed:
        """The credential for the request that was made for this offer."""

    def revoke(self, definition: Document, registry: NewRegistry, indexes: Sequence[int], now: int) -> Sandboxed:
        """The next status list, after `registry.status_list`, in which these are revoked."""

    # The holder
    def new_link_secret(self) -> Sandboxed:
        """What binds the credentials of one holder, and is never shown."""

    def request(self, offer: Document, definition: Document, link_secret: bytes, entropy: str) -> Sandboxed:
        """A Requested."""

    def receive(
        self,
        credential: Document,
        secret: bytes,
        link_secret: bytes,
        definition: Document,
        registry: Document | None,
    ) -> Sandboxed:
        """The credential as it is kept, checked against the definition."""

    def present(
        self, request: Document, chosen: Sequence[Chosen], link_secret: bytes, objects: RegistryObjects
    ) -> Sandboxed:
        """A presentation."""

    # The verifier
    def new_nonce(self) -> Sandboxed:
        """A nonce for a presentation request, as text."""

    def verify(self, request: Document, presentation: Document, objects: RegistryObjects) -> Sandboxed:
        """What is shown, by referent: a mapping. Raises NotProved."""
