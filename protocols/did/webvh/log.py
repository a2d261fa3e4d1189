"""Verifying a log (did:webvh 1.0, Read): every entry, in order, each step."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import base58

from protocols.did import InvalidDid
from protocols.did.webvh import InvalidLog, proof
from protocols.did.webvh.identifier import PLACEHOLDER, WebvhDid, parse
from protocols.did.webvh.parameters import Parameters, Witnesses, advance
from protocols.did.webvh.times import instant
from protocols.encoding import parse_json_object, render_json
from protocols.errors import Malformed

MAX_BYTES = 1_000_000
MAX_ENTRIES = 1000
_MAX_LINE = 200_000
_MAX_PROOFS = 8
_MEMBERS = {"versionId", "versionTime", "parameters", "state", "proof"}
_MULTIHASH = b"\x12\x20"
_TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Entry:
    """One verified entry: parameters are those in force after it, `approvers` whose approval it needs."""

    number: int
    version_id: str
    time: datetime
    version_time: str
    parameters: Parameters
    document: Mapping[str, Any]
    approvers: Witnesses
    line: str


@dataclass(frozen=True, slots=True)
class Log:
    """The entries that hold, and why the next one does not, when one does not."""

    entries: tuple[Entry, ...] = ()
    fault: str = ""
    ids: frozenset[str] = field(default=frozenset())


def verify(octets: bytes, now: datetime) -> Log:
    """Read and verify a log up to its end or its first fault; witnesses are yet to be asked. Raises InvalidLog."""
    if len(octets) > MAX_BYTES:
        raise InvalidLog("log is too large")
    try:
        lines = octets.decode("utf-8").rstrip("\n").split("\n")
    except UnicodeDecodeError:
        raise InvalidLog("log is no text") from None
    if len(lines) > MAX_ENTRIES:
        raise InvalidLog("log has too many entries")
    entries: list[Entry] = []
    fault = ""
    for line in lines:
        try:
            entries.append(verify_entry(line, entries[-1] if entries else None, now))
        except InvalidDid as error:
            fault = error.detail
            break
    return Log(tuple(entries), fault, frozenset(str(entry.document["id"]) for entry in entries))


def verify_entry(line: str, before: Entry | None, now: datetime) -> Entry:
    """Believe one entry after the one before it. Raises InvalidLog, InvalidDid."""
    entry = _read(line)
    # 1. parameters
    after = advance(entry["parameters"], before.parameters if before else None)
    if before and before.parameters.deactivated:
        raise InvalidLog("an entry after deactivation")
    # 2. time: later than the one before, and not of the future
    time = instant(entry["versionTime"])
    if before and time <= before.time:
        raise InvalidLog("versionTime is not later than the one before")
    if time > now + _TOLERANCE:
        raise InvalidLog("versionTime is in the future")
    # 3. number, hash of the content chained to the version before
    number = _require_version(entry, before, after)
    # 4. SCID: of the first entry, then of every state
    if before is None:
        _require_scid(entry, after.scid)
    identifier = _require_state(entry["state"], before, after)
    # 5. keys that were committed to
    active = _active_keys(entry["parameters"], before, after)
    # 6. the proofs, last, as they cost most
    _require_proofs(entry, active, now)
    approvers = before.parameters.witness if before and before.parameters.witness else after.witness
    state = {**entry["state"], "id": identifier.did}
    return Entry(number, entry["versionId"], time, entry["versionTime"], after, state, approvers, line)


def _read(line: str) -> dict[str, Any]:
    if len(line) > _MAX_LINE:
        raise InvalidLog("an entry is too large")
    try:
        entry = parse_json_object(line)
    except Malformed as error:
        raise InvalidLog(error.detail) from None
    if entry.keys() != _MEMBERS or not isinstance(entry["versionId"], str) or not isinstance(entry["state"], dict):
        raise InvalidLog("members of an entry")
    return entry


def _require_version(entry: Mapping[str, Any], before: Entry | None, after: Parameters) -> int:
    number = before.number + 1 if before else 1
    stated, _, digest = entry["versionId"].partition("-")
    if stated != str(number):
        raise InvalidLog("version number")
    content = {name: value for name, value in entry.items() if name != "proof"}
    content["versionId"] = before.version_id if before else after.scid
    if digest != multihash(proof.canonical(content)):
        raise InvalidLog("entryHash")
    return number


def _require_scid(entry: Mapping[str, Any], scid: str) -> None:
    """SCID Generation and Verification: the hash of the entry with placeholders in the SCID's place."""
    content = {name: value for name, value in entry.items() if name != "proof"}
    content["versionId"] = PLACEHOLDER
    text = render_json(content).decode("utf-8").replace(scid, PLACEHOLDER)
    if not scid or multihash(proof.canonical(parse_json_object(text))) != scid:
        raise InvalidLog("scid")


def _require_state(state: Mapping[str, Any], before: Entry | None, after: Parameters) -> WebvhDid:
    identifier = parse(state.get("id", ""))
    if identifier.scid != after.scid:
        raise InvalidLog("scid of the document")
    if before and before.document["id"] != identifier.did:
        if not after.portable:
            raise InvalidLog("moved without being portable")
        known = state.get("alsoKnownAs")
        if not isinstance(known, list) or before.document["id"] not in known:
            raise InvalidLog("moved without alsoKnownAs")
    return identifier


def _active_keys(stated: Mapping[str, Any], before: Entry | None, after: Parameters) -> tuple[str, ...]:
    """Authorized Keys: those of this entry with pre-rotation, else of the entry before."""
    if before is None:
        return after.update_keys
    committed = before.parameters.next_key_hashes
    if not committed:
        return before.parameters.update_keys
    if "updateKeys" not in stated or "nextKeyHashes" not in stated:
        raise InvalidLog("pre-rotation without updateKeys or nextKeyHashes")
    if not {key_hash(key) for key in after.update_keys} <= set(committed):
        raise InvalidLog("a key that was not committed to")
    return after.update_keys


def _require_proofs(entry: Mapping[str, Any], active: tuple[str, ...], now: datetime) -> None:
    proofs = entry["proof"]
    if not isinstance(proofs, list) or not 1 <= len(proofs) <= _MAX_PROOFS:
        raise InvalidLog("entry without proof, or with too many")
    if not {proof.signer(one) for one in proofs} <= set(active):
        raise InvalidLog("proof by no authorized key")
    content = {name: value for name, value in entry.items() if name != "proof"}
    for one in proofs:
        proof.verify(content, one, now)


def multihash(octets: bytes) -> str:
    """base58btc(multihash(octets)) with SHA-256."""
    return base58.b58encode(_MULTIHASH + hashlib.sha256(octets).digest()).decode("ascii")


def key_hash(key: str) -> str:
    """What nextKeyHashes has of a Multikey (Pre-Rotation Key Hash Generation and Verification)."""
    return multihash(key.encode("ascii"))
