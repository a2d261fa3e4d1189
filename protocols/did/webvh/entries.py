"""Writing a log: entries prepared, signed elsewhere, and sealed (did:webvh 1.0, Create and Update)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from protocols.did.webvh import proof
from protocols.did.webvh.identifier import PLACEHOLDER, template
from protocols.did.webvh.log import Entry, multihash, verify_entry
from protocols.did.webvh.parameters import VERSION
from protocols.did.webvh.times import stamp
from protocols.encoding import parse_json_object, render_json
from protocols.errors import Malformed


@dataclass(frozen=True, slots=True)
class Prepared:
    """An entry that lacks its signature: `payload` is signed by the update key that was named."""

    unsigned: proof.Unsigned
    before: Entry | None
    now: datetime

    @property
    def payload(self) -> bytes:
        """What the key signs."""
        return self.unsigned.payload

    @property
    def did(self) -> str:
        """The DID that the entry's document is of."""
        return str(self.unsigned.document["state"]["id"])


def begin(
    authority: str,
    segments: tuple[str, ...],
    document: Mapping[str, Any],
    parameters: Mapping[str, Any],
    key: str,
    now: datetime,
) -> Prepared:
    """The first entry of a DID at host[:port] and path; `document` names the DID as `{SCID}` template does.

    Raises InvalidDid for a place that cannot be one, Malformed for a document of another DID.
    """
    did = template(authority, segments)
    if document.get("id") != did:
        raise Malformed("document of another DID")
    draft = {
        "versionId": PLACEHOLDER,
        "versionTime": stamp(now),
        "parameters": {"method": VERSION, "scid": PLACEHOLDER, **parameters},
        "state": dict(document),
    }
    scid = multihash(proof.canonical(draft))
    entry = parse_json_object(render_json(draft).decode("utf-8").replace(PLACEHOLDER, scid))
    return _prepared(entry, 1, key, None, now)


def append(
    before: Entry, document: Mapping[str, Any], parameters: Mapping[str, Any], key: str, now: datetime
) -> Prepared:
    """The next entry after the last one that is published."""
    # Two changes within a second: the second that the log shows is the next one.
    moment = max(now, before.time + timedelta(seconds=1))
    draft = {
        "versionId": before.version_id,
        "versionTime": stamp(moment),
        "parameters": dict(parameters),
        "state": dict(document),
    }
    return _prepared(draft, before.number + 1, key, before, moment)


def seal(prepared: Prepared, signature: bytes) -> Entry:
    """The entry with its proof, verified as a resolver would. Raises InvalidLog when it would not hold."""
    line = {**prepared.unsigned.document, "proof": [proof.seal(prepared.unsigned, signature)]}
    return verify_entry(render_json(line).decode("utf-8"), prepared.before, prepared.now)


def _prepared(entry: dict[str, Any], number: int, key: str, before: Entry | None, now: datetime) -> Prepared:
    entry["versionId"] = f"{number}-{multihash(proof.canonical(entry))}"
    return Prepared(proof.prepare(entry, key, now), before, now)
