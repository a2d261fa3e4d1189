"""DID methods."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol, runtime_checkable

from protocols.did import DidDocument, Version


class DidResolver(Protocol):
    """Resolves the DIDs of one method, or of the methods that `methods` names. Waits."""

    method: ClassVar[str]

    async def resolve(self, did: str) -> DidDocument:
        """The current document. Raises DidNotFound, InvalidDid (DID Resolution, 4)."""


@runtime_checkable
class ResolvesVersions(Protocol):
    """A resolver whose method keeps former versions. Waits."""

    async def resolve_version(self, did: str, version: Version) -> DidDocument:
        """The document of a version. Raises DidNotFound, InvalidDid."""


class DidRegistrar(Protocol):
    """Makes DIDs of one method for keys that we hold. Waits."""

    method: ClassVar[str]

    async def create(self, keys: Mapping[str, Mapping[str, Any]], options: Mapping[str, Any]) -> DidDocument:
        """A document for public JWKs by fragment; hosted methods say with it what to serve."""


@dataclass(frozen=True, slots=True)
class LogDraft:
    """What the next entry of a DID's log shall say, and the Multikey of the update key that signs it."""

    document: Mapping[str, Any]
    parameters: Mapping[str, Any]
    key: str


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry of a DID's log as it is published; `parameters` are those in force after it.

    `threshold` of the `approvers` (did:key) have to approve it before it is published; zero: nobody.
    """

    number: int
    version_id: str
    did: str
    document: Mapping[str, Any]
    parameters: Mapping[str, Any]
    line: str
    approvers: tuple[str, ...] = ()
    threshold: int = 0


class PreparedLogEntry(Protocol):
    """An entry that lacks its signature."""

    @property
    def payload(self) -> bytes:
        """What the update key signs."""

    @property
    def did(self) -> str:
        """The DID that the entry's document is of."""


@runtime_checkable
class KeepsDidLog(Protocol):
    """The registrar of a method whose DIDs have a signed log that we host. Never waits."""

    def template(self, authority: str, segments: tuple[str, ...]) -> str:
        """What a draft's document calls the DID that will be at a place, before the DID is known. Raises InvalidDid."""

    def begin(self, authority: str, segments: tuple[str, ...], draft: LogDraft, now: datetime) -> PreparedLogEntry:
        """The first entry of a DID at host[:port] and path. Raises InvalidDid, Malformed."""

    def append(self, lines: Sequence[str], draft: LogDraft, now: datetime) -> PreparedLogEntry:
        """The entry after those published. Raises InvalidDid."""

    def seal(self, prepared: Any, signature: bytes) -> LogEntry:
        """The signed entry. Raises InvalidDid when no resolver would believe it."""

    def read(self, lines: Sequence[str], now: datetime) -> tuple[LogEntry, ...]:
        """The entries of a whole log, verified but for their witnesses. Raises InvalidDid at the first that fails."""

    def commitment(self, key: str) -> str:
        """What an entry says of the Multikey of a key that may sign after it."""

    def moved(self, did: str, authority: str, segments: tuple[str, ...]) -> str:
        """The DID at another place. Raises InvalidDid."""

    def prepare_approval(self, version_id: str, key: str, now: datetime) -> Any:
        """A witness's approval of a version, to be signed (`payload`)."""

    def seal_approval(self, prepared: Any, signature: bytes) -> Mapping[str, Any]:
        """The witness's proof."""

    def approver(self, version_id: str, proof: Mapping[str, Any], now: datetime) -> str:
        """The did:key whose proof approves a version. Raises InvalidDid."""

    def approvals(self, proofs: Mapping[str, Sequence[Mapping[str, Any]]]) -> bytes:
        """The witnesses' file of proofs by version."""

    def beside(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """The document to serve for resolvers that know no log."""
