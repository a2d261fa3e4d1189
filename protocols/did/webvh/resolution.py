"""From a verified log to the document that is asked for (did:webvh 1.0, Read, steps 10 and 11; Reading DID URLs)."""

from typing import Any

from protocols.did import DidDeactivated, DidDocument, DidNotFound, Version
from protocols.did.document import require_lists
from protocols.did.webvh import InvalidLog
from protocols.did.webvh.identifier import parse
from protocols.did.webvh.log import Entry, Log
from protocols.did.webvh.times import instant, stamp


def select(log: Log, did: str, version: Version) -> DidDocument:
    """The document of a version, the last one by default.

    Raises InvalidLog when the log, or no entry of this DID, holds; DidNotFound for a version that is not there;
    DidDeactivated for the document of now once there is none.
    """
    identifier = parse(did)
    if not log.entries or log.entries[0].parameters.scid != identifier.scid or did not in log.ids:
        raise InvalidLog(log.fault or "log of another DID")
    last = log.entries[-1]
    if not version:
        if log.fault:
            raise InvalidLog(log.fault)
        if last.parameters.deactivated:
            raise DidDeactivated(metadata(log, last))
    entry = _entry(log, version) if version else last
    require_lists(entry.document)
    return DidDocument(str(entry.document["id"]), entry.document, metadata(log, entry))


def _entry(log: Log, version: Version) -> Entry:
    found = list(log.entries)
    if version.id is not None:
        found = [entry for entry in found if entry.version_id == version.id]
    if version.number is not None:
        found = [entry for entry in found if str(entry.number) == version.number]
    if version.time is not None:
        moment = instant(version.time)
        found = [entry for entry in found if entry.time <= moment]
    if not found:
        raise DidNotFound("no such version")
    return found[-1]


def metadata(log: Log, entry: Entry) -> dict[str, Any]:
    """DID Document Metadata: of the entry, and of the DID as its last valid entry has it. Numbers are texts."""
    last = log.entries[-1]
    now = last.parameters
    witness = now.witness.render()
    following = next((one for one in log.entries if one.number == entry.number + 1), None)
    return {
        "versionId": entry.version_id,
        "versionNumber": str(entry.number),
        "versionTime": stamp(entry.time),
        "created": stamp(log.entries[0].time),
        "updated": stamp(last.time),
        **({"nextVersionId": following.version_id} if following else {}),
        "scid": now.scid,
        "portable": now.portable,
        "deactivated": now.deactivated,
        "ttl": str(now.ttl),
        "witness": {**witness, "threshold": str(witness["threshold"])} if witness else {},
        "watchers": list(now.watchers),
    }
