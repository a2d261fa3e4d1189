"""What a status list says of a credential: fetched, believed, cached no longer than it says, never an older one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

import cbor2

from agent.gather.certificates import unrevoked_key
from agent.gather.heavy import finished
from agent.gather.newest import require_newest
from agent.scope import Scope, Shape
from agent.scope.status import StatusToken
from protocols import data_integrity
from protocols.errors import ProtocolError
from protocols.jose.jwk import Jwk, verify_signature
from protocols.ports import Purpose, StatusList, StatusMechanism, StatusReference
from protocols.ports.status import OpenedStatusList
from protocols.ports.tools import FetchFailed, FetchRefused

SHORT_TTL = 300.0
"""Seconds for which a list is not asked for again, at most."""
KIND = "foreign_status_token"
"""The kind under which caches keep lists."""
_INFORMING = frozenset({"message", "refresh"})


class StatusUnavailable(ProtocolError):
    """The credential's status cannot be found out."""

    code = "status_unavailable"


class Revoked(ProtocolError):
    """The credential was revoked or suspended by its issuer."""

    code = "credential_revoked"


@dataclass(frozen=True, slots=True)
class StatusSeen:
    """What a list said of a credential, and which list it was. `token` is the SHA-256 of the signed token, None where a
    list of our own was read where it is kept; `chain` leads from its signer to its `anchor`, told by id and
    identifier."""

    reference: StatusReference
    value: int
    issued_at: datetime
    read_at: datetime
    expires_at: datetime | None = None
    ttl: int | None = None
    token: bytes | None = None
    chain: tuple[bytes, ...] = ()
    anchor: tuple[str, str] | None = None

    @property
    def age(self) -> int:
        """Seconds since the list was issued."""
        return max(0, int((self.read_at - self.issued_at).total_seconds()))


@dataclass(frozen=True, slots=True)
class KnownList:
    """A list that was believed: its content, its token's SHA-256, the chain and anchor of its signer."""

    content: StatusList
    token: bytes
    chain: tuple[bytes, ...]
    anchor: tuple[str, str]


def _dump(one: KnownList) -> bytes:
    content = one.content
    listed = [content.uri, content.bits, content.packed, content.issued_at, content.expires_at, content.ttl]
    return cbor2.dumps([listed, one.token, one.chain, one.anchor, list(content.purposes)])


def _load(data: bytes) -> KnownList:
    listed, token, chain, anchor, purposes = cbor2.loads(data)
    content = replace(StatusList(*listed), purposes=tuple(purposes))
    return KnownList(content, token, tuple(chain), (anchor[0], anchor[1]))


SHAPE = Shape(_dump, _load)


async def require_status(scope: Scope, reference: StatusReference | None) -> None:
    """Nothing when the credential has no status or a good one. Raises Revoked, StatusUnavailable."""
    if reference is not None:
        require_good(await status_of(scope, reference))


def require_good(seen: StatusSeen) -> None:
    """Raises Revoked for any value but zero: a value that nobody defined is no good one.

    A list that has only news for its reader takes nothing away (Bitstring Status List 1.0, 2.1).
    """
    if not good_value(seen.reference, seen.value):
        raise Revoked(f"status {seen.value}")


def good_value(reference: StatusReference, value: int) -> bool:
    """Whether a value at a place takes nothing away."""
    return value == 0 or reference.purpose in _INFORMING


async def status_of(scope: Scope, reference: StatusReference) -> StatusSeen:
    """What the list says of the credential; of several places the first that is not good. Raises StatusUnavailable."""
    seen = await _one(scope, reference)
    for other in reference.others:
        if not good_value(seen.reference, seen.value):
            break
        seen = await _one(scope, other)
    return seen


async def _one(scope: Scope, reference: StatusReference) -> StatusSeen:
    mechanism = scope.plugins["status_mechanisms"].get(reference.mechanism)
    if mechanism is None:
        raise StatusUnavailable("unknown mechanism")
    try:
        return await _seen(scope, mechanism, reference)
    except ProtocolError as error:
        raise StatusUnavailable(error.detail or type(error).__name__) from None
    except (FetchFailed, FetchRefused) as error:
        raise StatusUnavailable(f"{type(error).__name__} {error}") from None


async def _seen(scope: Scope, mechanism: StatusMechanism, reference: StatusReference) -> StatusSeen:
    """Our own list as it stands in the database at this moment; another's from its address."""
    now = scope.now()
    if not reference.uri.startswith(f"{scope.tenant.base_url}/status-lists/"):
        known = await _list(scope, mechanism, reference)
        content = known.content
        if content.purposes and reference.purpose not in content.purposes:
            raise StatusUnavailable("a list for another purpose")
        value = mechanism.read(replace(content, bits=reference.bits or content.bits), reference.index)
        times = (content.issued_at, now, content.expires_at, content.ttl)
        return StatusSeen(reference, value, *times, known.token, known.chain, known.anchor)
    async with scope.unit() as unit:
        found: tuple[str, str, int, bytes] | None = await unit.status_lists.byte(reference.uri, reference.index)
    if found is None:
        raise StatusUnavailable("no list of ours")
    name, purpose, bits, packed = found
    if scope.plugins["status_mechanisms"][name].member != mechanism.member:  # another order of bits
        raise StatusUnavailable("a list of another mechanism")
    if purpose != reference.purpose:
        raise StatusUnavailable("a list for another purpose")
    value = mechanism.read(StatusList(reference.uri, bits, packed, now), reference.index % (8 // bits))
    return StatusSeen(reference, value, now, now)


async def _list(scope: Scope, mechanism: StatusMechanism, reference: StatusReference) -> KnownList:
    """Fetched, believed, and cached for its ttl."""

    async def fetch() -> KnownList:
        return await _fetch(scope, mechanism, reference.uri)

    key = f"{mechanism.member} {reference.uri}"  # what another mechanism read has its bits in another order
    found: KnownList = await scope.cache.get(KIND, key, fetch, SHORT_TTL, SHAPE)
    content = found.content
    age = (scope.now() - content.issued_at).total_seconds()
    if (content.expires_at and content.expires_at <= scope.now()) or (
        content.ttl and age > max(content.ttl, SHORT_TTL)
    ):
        await scope.cache.forget(KIND, key)
        found = await scope.cache.get(KIND, key, fetch, SHORT_TTL, SHAPE)
    return found


async def _fetch(scope: Scope, mechanism: StatusMechanism, uri: str) -> KnownList:
    others = scope.plugins["status_mechanisms"].values()
    serial = [mechanism, *(one for one in others if one.member == mechanism.member and one.name != mechanism.name)]
    known = {kind: one for one in serial for kind in media_types(one)}
    answer = await scope.fetch.get(uri, ", ".join(known))
    if answer.status != 200 or answer.media_type not in known:
        raise StatusUnavailable("status or media type of the answer")
    found = await believed_list(scope, known[answer.media_type], uri, answer.body)
    await require_newest(scope, uri, found.content.issued_at, StatusUnavailable)
    await keep_list(scope, found, answer.media_type, answer.body)
    return found


def media_types(mechanism: StatusMechanism) -> tuple[str, ...]:
    """Those that it reads, the one that it writes first."""
    return (mechanism.media_type, *getattr(mechanism, "reads", ()))


async def believed_list(scope: Scope, mechanism: StatusMechanism, uri: str, token: bytes) -> KnownList:
    """A token whose signer is believed. Raises StatusUnavailable, UnknownIssuer, a mechanism's own errors."""
    opened = mechanism.open(token, uri, scope.now())
    trusted = await unrevoked_key(scope, opened.signer, Purpose.STATUS)
    await finished(scope, verify_list(opened, trusted.jwk, scope.plugins["cryptosuites"]))
    anchor = (trusted.anchor.id, trusted.anchor.identifier) if trusted.anchor else ("", "")
    return KnownList(opened.content, sha256(token).digest(), trusted.chain, anchor)


async def keep_list(scope: Scope, known: KnownList, media_type: str, token: bytes) -> None:
    """For evidence: the token as it came, once however often it decides."""
    async with scope.unit() as unit:
        content = known.content
        await unit.status_evidence.keep(StatusToken(known.token, content.uri, media_type, token, content.issued_at))
        await unit.commit()


def verify_list(opened: OpenedStatusList, key: Jwk, suites: Mapping[str, Any]) -> Any:
    """Believe a list with this key: None, or Sandboxed. Raises StatusUnavailable, ProofVerificationError.

    A suite with which a holder leaves things out is none for a list: what is left out may be its end.
    """
    if opened.document is None:
        if not verify_signature(key, opened.algorithm, opened.signing_input, opened.signature):
            raise StatusUnavailable("signature")
        return None
    suite = suites.get(opened.algorithm)
    if suite is None or suite.selective:
        raise StatusUnavailable("cryptosuite")
    (proof,) = data_integrity.proofs_of(opened.document)
    return suite.verify(data_integrity.secured_by(opened.document, proof), proof, key)
