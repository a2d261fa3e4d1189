"""did:webvh 1.0: documents with a verifiable history, at web origins, ours too."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from protocols.did import DidDocument, DidNotFound, InvalidDid, Version
from protocols.did.webvh import InvalidLog, entries, log, proof, resolution, witness
from protocols.did.webvh.document import parallel
from protocols.did.webvh.identifier import PLACEHOLDER, WebvhDid, parse, template
from protocols.ports import PluginTools
from protocols.ports.dids import LogDraft, LogEntry
from protocols.ports.tools import FetchFailed, FetchRefused

# What takes longer to verify than a request may hold up others goes to a process that can be killed.
_INLINE_BYTES = 20_000
_SECONDS = 5.0
_ACCEPT_LOG = "text/jsonl, application/jsonl, text/plain, application/octet-stream"


class DidWebvh:
    """Resolves did:webvh through the guarded fetch; prepares, seals and publishes the logs of our own.

    Setting `plain_http`: hosts (host or host:port, separated by commas) that are asked without TLS and may have a
    single label, for a demo on one machine; the guard has to allow them as well.
    """

    method: ClassVar[str] = "webvh"

    def __init__(self, tools: PluginTools) -> None:
        self._fetch, self._sandbox = tools.fetch, tools.sandbox
        self._plain = frozenset(
            part.strip() for part in tools.settings.get("plain_http", "").split(",") if part.strip()
        )

    async def resolve(self, did: str) -> DidDocument:
        """The current document. Raises InvalidDid, DidNotFound, DidDeactivated."""
        return await self.resolve_version(did, Version())

    async def resolve_version(self, did: str, version: Version) -> DidDocument:
        """The document of a version. Raises as `resolve` does."""
        identifier = parse(did)
        plain = bool({identifier.host, identifier.authority} & self._plain)
        if not identifier.qualified and not plain:
            raise InvalidDid("did:webvh of no qualified domain name")
        lines = await self._get(identifier, plain, "did.jsonl", log.MAX_BYTES)
        proofs = b""
        if b'"witnesses"' in lines:
            proofs = await self._get(identifier, plain, "did-witness.json", witness.MAX_BYTES)
        now = datetime.now(UTC)
        if len(lines) + len(proofs) <= _INLINE_BYTES:
            return read(did, lines, proofs, version, now)
        try:
            found: DidDocument = await self._sandbox.run(read, did, lines, proofs, version, now, seconds=_SECONDS)
        except TimeoutError:
            raise InvalidDid("log takes too long to verify") from None
        return found

    async def _get(self, identifier: WebvhDid, plain: bool, name: str, max_bytes: int) -> bytes:
        url = identifier.url(name)
        if plain:
            url = "http" + url.removeprefix("https")
        try:
            answer = await self._fetch.get(url, _ACCEPT_LOG if name == "did.jsonl" else "application/json", max_bytes)
        except (FetchRefused, FetchFailed) as error:
            raise DidNotFound(str(error)) from None
        if answer.status != 200:
            raise DidNotFound(f"status {answer.status}")
        return answer.body

    def template(self, authority: str, segments: tuple[str, ...]) -> str:
        """See `ports.KeepsDidLog`, here and below."""
        return template(authority, segments)

    def begin(self, authority: str, segments: tuple[str, ...], draft: LogDraft, now: datetime) -> entries.Prepared:
        """The first entry. Raises InvalidDid for a place that cannot be one, Malformed."""
        return entries.begin(authority, segments, draft.document, draft.parameters, draft.key, now)

    def append(self, lines: Sequence[str], draft: LogDraft, now: datetime) -> entries.Prepared:
        """The entry after the last one. Raises InvalidLog when those before do not hold."""
        return entries.append(_whole(lines, now)[-1], draft.document, draft.parameters, draft.key, now)

    def seal(self, prepared: entries.Prepared, signature: bytes) -> LogEntry:
        """The signed entry. Raises InvalidLog when no resolver would believe it."""
        return _shown(entries.seal(prepared, signature))

    def read(self, lines: Sequence[str], now: datetime) -> tuple[LogEntry, ...]:
        """Every entry. Raises InvalidLog at the first that fails."""
        return tuple(_shown(entry) for entry in _whole(lines, now))

    def commitment(self, key: str) -> str:
        """Pre-Rotation Key Hash Generation."""
        return log.key_hash(key)

    def moved(self, did: str, authority: str, segments: tuple[str, ...]) -> str:
        """The same SCID at another place (DID Portability)."""
        return template(authority, segments).replace(PLACEHOLDER, parse(did).scid)

    def prepare_approval(self, version_id: str, key: str, now: datetime) -> proof.Unsigned:
        """Witnessing a DID Version Update."""
        return proof.prepare({"versionId": version_id}, key, now)

    def seal_approval(self, prepared: proof.Unsigned, signature: bytes) -> Mapping[str, Any]:
        """The witness's proof."""
        return proof.seal(prepared, signature)

    def approver(self, version_id: str, proof: Mapping[str, Any], now: datetime) -> str:
        """The did:key whose proof approves a version. Raises InvalidLog."""
        return witness.approver(version_id, proof, now)

    def approvals(self, proofs: Mapping[str, Sequence[Mapping[str, Any]]]) -> bytes:
        """did-witness.json."""
        return witness.render(proofs)

    def beside(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """The parallel did:web."""
        return parallel(document)


def _whole(lines: Sequence[str], now: datetime) -> tuple[log.Entry, ...]:
    found = log.verify("\n".join(lines).encode(), now)
    if found.fault:
        raise InvalidLog(found.fault)
    return found.entries


def _shown(entry: log.Entry) -> LogEntry:
    return LogEntry(
        number=entry.number,
        version_id=entry.version_id,
        did=str(entry.document["id"]),
        document=entry.document,
        parameters=entry.parameters.render(),
        line=entry.line,
        approvers=entry.approvers.ids,
        threshold=entry.approvers.threshold,
    )


def read(did: str, lines: bytes, proofs: bytes, version: Version, now: datetime) -> DidDocument:
    """The document of a version in a log, with its witnesses' file. Raises InvalidDid, DidNotFound."""
    found = log.verify(lines, now)
    if witness.required(found):
        found = witness.verify(found, witness.parse(proofs), now)
    return resolution.select(found, did, version)
