"""Witnesses: proofs by did:key over versions (did:webvh 1.0, DID Witnesses)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from protocols.did.webvh import InvalidLog, proof
from protocols.did.webvh.log import Log
from protocols.did.webvh.parameters import Witnesses
from protocols.encoding import parse_json, render_json
from protocols.errors import Malformed

MAX_BYTES = 300_000
MAX_PROOFS = 500


def required(log: Log) -> bool:
    """Whether the witnesses' file has to be read at all."""
    return any(entry.approvers for entry in log.entries)


def parse(octets: bytes) -> list[tuple[str, list[Any]]]:
    """The witnesses' file: version and its proofs, believed by nobody yet. Raises InvalidLog."""
    if len(octets) > MAX_BYTES:
        raise InvalidLog("witness file is too large")
    try:
        listed = parse_json(octets)
    except Malformed as error:
        raise InvalidLog(error.detail) from None
    if not isinstance(listed, list):
        raise InvalidLog("witness file is no list")
    found = [
        (one["versionId"], one["proof"])
        for one in listed
        if isinstance(one, dict) and isinstance(one.get("versionId"), str) and isinstance(one.get("proof"), list)
    ]
    if sum(len(proofs) for _, proofs in found) > MAX_PROOFS:
        raise InvalidLog("witness file has too many proofs")
    return found


def render(proofs: Mapping[str, Sequence[Mapping[str, Any]]]) -> bytes:
    """The witnesses' file of proofs by version."""
    return render_json([{"versionId": version, "proof": list(found)} for version, found in proofs.items() if found])


def verify(log: Log, listed: list[tuple[str, list[Any]]], now: datetime) -> Log:
    """The log up to the first entry that lacks its witnesses (Verifying Witness Proofs During Resolution)."""
    places = {entry.version_id: place for place, entry in enumerate(log.entries)}
    watched = {one for entry in log.entries for one in entry.approvers.ids}
    approved: dict[str, int] = {}
    for version_id, proofs in listed:
        # Versions of another log, or not yet published, prove nothing here.
        if version_id in places:
            for who in _approvals(version_id, proofs, watched, now):
                # Who approves a version approves all before it.
                approved[who] = max(approved.get(who, -1), places[version_id])
    for place, entry in enumerate(log.entries):
        if not _enough(entry.approvers, {who for who, up_to in approved.items() if up_to >= place}):
            return Log(log.entries[:place], "too few witnesses", log.ids)
    return log


def approver(version_id: str, one: Any, now: datetime) -> str:
    """The did:key that a valid proof over a version is by. Raises InvalidLog."""
    key = proof.signer(one, fragment_needed=True)
    proof.verify({"versionId": version_id}, one, now)
    return f"did:key:{key}"


def _approvals(version_id: str, proofs: list[Any], watched: set[str], now: datetime) -> set[str]:
    """Distinct witnesses with a valid proof; what cannot be attributed is not even verified."""
    found: set[str] = set()
    for one in proofs:
        try:
            who = f"did:key:{proof.signer(one, fragment_needed=True)}"
            if who in watched and who not in found:
                found.add(approver(version_id, one, now))
        except InvalidLog:
            continue
    return found


def _enough(witnesses: Witnesses, approved: set[str]) -> bool:
    return len(approved & set(witnesses.ids)) >= witnesses.threshold
