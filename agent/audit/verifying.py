"""Checking an export offline: every row sealed, every seal signed, nothing altered, removed, moved or cut off."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from agent.audit.leaves import LOGS, leaf
from agent.audit.seals import FIRST, Seal, head_statement
from protocols.encoding import b64url, parse_b64url
from protocols.errors import ProtocolError
from protocols.jose.jwk import Jwk, public, thumbprint, verify_signature

KIND = "chancery-audit-export"
ERASED = "archive.erased"
"""The event of a segment that went for good: its metadata names the table, and how many rows it had."""


@dataclass(slots=True)
class Report:
    """What was found. `unsealed` rows are younger than the last seal and prove nothing yet; `erased` ones went by
    retention, and sealed rows account for each of them.
    """

    seals: int = 0
    rows: int = 0
    unsealed: int = 0
    erased: int = 0
    head: str = ""
    faults: list[str] = field(default_factory=list)

    @property
    def well(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def verify(lines: Iterable[Mapping[str, Any]], keys: Sequence[Jwk], known_head: str = "") -> Report:
    """Judge an export's lines by public keys that the caller trusts; `known_head` is a seal hash seen earlier."""
    report = Report()
    try:
        header, seals, rows = _sort(list(lines))
        trusted = {thumbprint(public(key)): public(key) for key in keys}
        _check_chain(report, header, seals, trusted)
        _check_head(report, header, seals, trusted)
        _check_rows(report, seals, rows)
    except (ProtocolError, KeyError, TypeError, ValueError, AttributeError) as error:
        report.faults.append(f"the export cannot be read: {type(error).__name__}")
        return report
    if known_head and known_head not in {b64url(seal.seal_hash) for seal in seals}:
        report.faults.append("a seal that was seen earlier is not in the chain any more")
    return report


_Row = tuple[str, Mapping[str, Any]]
"""Where a row comes from: a segment of the archive, or the database; and the row."""


def _sort(lines: list[Mapping[str, Any]]) -> tuple[Mapping[str, Any], list[Seal], list[_Row]]:
    header = lines[0]
    if header["kind"] != KIND:
        raise ValueError("kind")
    tenant = UUID(header["tenant_id"])
    seals = [_seal(tenant, line["seal"]) for line in lines[1:] if "seal" in line]
    return header, seals, [(line.get("segment", ""), line["row"]) for line in lines[1:] if "row" in line]


def _seal(tenant: UUID, shown: Mapping[str, Any]) -> Seal:
    packed = parse_b64url(shown["leaves"])
    if len(packed) % 32:
        raise ValueError("leaves")
    return Seal(
        tenant_id=tenant,
        seal_no=shown["seal_no"],
        epoch=shown["epoch"],
        from_xact=int(shown["from_xact"]),
        to_xact=int(shown["to_xact"]),
        leaves=tuple(packed[at : at + 32] for at in range(0, len(packed), 32)),
        prev_hash=parse_b64url(shown["prev_hash"]),
        algorithm=shown["algorithm"],
        key_thumbprint=parse_b64url(shown["key_thumbprint"]),
        signature=parse_b64url(shown["signature"]),
    )


def _signed(trusted: Mapping[bytes, Jwk], key: bytes, algorithm: str, statement: bytes, signature: bytes) -> bool:
    jwk = trusted.get(key)
    return jwk is not None and verify_signature(jwk, algorithm, statement, signature)


def _check_chain(
    report: Report, header: Mapping[str, Any], seals: Sequence[Seal], trusted: Mapping[bytes, Jwk]
) -> None:
    previous, reached = FIRST, (0, 0)
    for number, seal in enumerate(seals, 1):
        if seal.seal_no != number:
            report.faults.append(f"seal {number} is missing or out of order")
            return
        if seal.prev_hash != previous:
            report.faults.append(f"seal {number} does not follow the one before")
        if not _signed(trusted, seal.key_thumbprint, seal.algorithm, seal.statement, seal.signature):
            report.faults.append(f"the signature of seal {number} is not by a trusted key")
        if (seal.epoch, seal.from_xact) < reached or seal.from_xact >= seal.to_xact:
            report.faults.append(f"seal {number} overlaps the one before")
        previous, reached = seal.seal_hash, (seal.epoch, seal.to_xact)
    report.seals = len(seals)
    report.head = b64url(previous) if seals else ""


def _check_head(report: Report, header: Mapping[str, Any], seals: Sequence[Seal], trusted: Mapping[bytes, Jwk]) -> None:
    """The first line says how far the chain went when the export was made: what was cut off behind shows."""
    head = header["head"]
    stated = parse_b64url(head["seal_hash"])
    statement = head_statement(UUID(header["tenant_id"]), head["seal_no"], stated, head["at"])
    key, signature = parse_b64url(head["key_thumbprint"]), parse_b64url(head["signature"])
    if not _signed(trusted, key, head["algorithm"], statement, signature):
        report.faults.append("the first line is not signed by a trusted key")
    last = seals[-1].seal_hash if seals else FIRST
    if head["seal_no"] != len(seals) or stated != last:
        report.faults.append("the export was cut short: it ends before the seal that its first line names")


def _check_rows(report: Report, seals: Sequence[Seal], rows: Sequence[_Row]) -> None:
    """Rows stand in the order of their leaves; what retention erased leaves gaps that sealed rows account for."""
    expected = [(seal.seal_no, position, found) for seal in seals for position, found in enumerate(seal.leaves)]
    places: dict[bytes, list[int]] = {}
    for at, (_, _, found) in enumerate(expected):
        places.setdefault(found, []).append(at)
    seen, last, erased = set[int](), dict[str, int](), 0
    ended = (seals[-1].epoch, seals[-1].to_xact) if seals else (0, 0)
    for number, (source, row) in enumerate(rows, 1):
        free = [place for place in places.get(leaf(row), ()) if place not in seen]
        if not free:
            _strange(report, row, number, ended)
            continue
        at = free[0]
        if at < last.get(source, -1):
            report.faults.append(f"row {number} is out of order")
        seen.add(at)
        last[source] = max(last.get(source, -1), at)
        if row.get("event_type") == ERASED and row["metadata"]["table"] in LOGS:
            erased += row["metadata"]["rows"]
    report.rows = len(seen)
    missing = [place for at, place in enumerate(expected) if at not in seen]
    if len(missing) == erased:
        report.erased = erased
    else:
        report.faults += [f"row {position + 1} of seal {seal_no} is missing" for seal_no, position, _ in missing]
        report.faults += [f"{erased} rows were erased by retention, and {len(missing)} are missing"] * bool(erased)


def _strange(report: Report, row: Mapping[str, Any], number: int, ended: tuple[int, int]) -> None:
    if (int(row.get("epoch", 1)), int(row["xact"])) >= ended:
        report.unsealed += 1
        return
    report.faults.append(f"row {number} was altered or slipped in: no seal knows it")
