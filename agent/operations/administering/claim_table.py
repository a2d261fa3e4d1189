"""Tables of claims that a tenant uploads: read, checked line by line, kept sealed."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.audit import AuditEvent
from agent.operations.issuing.claims import InvalidClaims, properties_of, require_fit
from agent.scope import Scope
from agent.scope.deferring import NewRecord
from agent.scope.tenants import CredentialConfiguration
from agent.tenancy import uuid7
from protocols.encoding import parse_json
from protocols.errors import Malformed, ProtocolError

ROWS = 20_000
_SHOWN = 50
_CHUNK = 1000
_SUBJECT = "subject"
_FORMULA = re.compile(r"[=@\t\r]|[+-](?![0-9 (])")
"""What a spreadsheet takes for a formula; +49 30 is a telephone number."""


class InvalidTable(ProtocolError):
    """The table has lines that cannot be taken."""

    code = "invalid_table"
    status = 422

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        super().__init__(f"lines: {', '.join(list(errors)[:_SHOWN])}")
        self.fields = dict(list(errors.items())[:_SHOWN])


@dataclass(frozen=True, slots=True)
class UploadTable:
    """Request: a table's name and its lines as CSV (UTF-8, a header line; column `subject`, the others claims, with
    dots between the names of a path)."""

    name: str
    text: bytes


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    subject: str
    claims: Mapping[str, Any]


async def upload_table(scope: Scope, request: UploadTable) -> int:
    """All lines or none; how many. Raises InvalidTable naming lines and columns, never what stands in them."""
    using = [
        one
        for one in scope.catalogue.every_configuration
        if one.claim_source and one.claim_source.kind == "table" and one.claim_source.settings["table"] == request.name
    ]
    if not using:
        raise InvalidTable({"table": ["no credential configuration takes its claims from it"]})
    lines = read_table(request.text, _types(using))
    _require_fit(scope, using, lines)
    records = [NewRecord(one.subject, uuid7(scope.now(), scope.entropy(10)), one.claims) for one in lines]
    async with scope.unit() as unit:
        for start in range(0, len(records), _CHUNK):
            await unit.claim_records.put(request.name, records[start : start + _CHUNK])
        unit.record(AuditEvent("claims.uploaded", "claim_table", None, "update", None, {"rows": len(records)}))
        await unit.commit()
    return len(records)


async def remove_table(scope: Scope, name: str) -> int:
    """Forget a table; how many lines it had."""
    async with scope.unit() as unit:
        gone: int = await unit.claim_records.remove(name)
        unit.record(AuditEvent("claims.removed", "claim_table", None, "delete", None, {"rows": gone}))
        await unit.commit()
    return gone


def _types(using: Sequence[CredentialConfiguration]) -> Mapping[str, Any]:
    """What each claim is, by the types' schemas."""
    found: dict[str, Any] = {}
    for one in using:
        found |= properties_of(one) or {}
    return found


def read_table(text: bytes, properties: Mapping[str, Any]) -> Sequence[_Line]:
    """The lines. A cell of a claim that is no string is JSON; an empty one is no claim. Raises InvalidTable."""
    try:
        reader = csv.reader(io.StringIO(text.decode("utf-8-sig"), newline=""), strict=True)
        header = [name.strip() for name in next(reader, [])]
    except (UnicodeDecodeError, csv.Error):
        raise InvalidTable({"line 1": ["not CSV in UTF-8"]}) from None
    _require_header(header, properties)
    errors: dict[str, list[str]] = {}
    lines: dict[str, _Line] = {}
    try:
        for cells in reader:
            wrong, line = _line(header, cells, reader.line_num, properties)
            if line and line.subject in lines:
                wrong.append(f"subject: as on line {lines[line.subject].number}")
            if wrong or line is None:
                errors[f"line {reader.line_num}"] = wrong
            else:
                lines[line.subject] = line
            if len(lines) > ROWS or len(errors) >= _SHOWN:
                break
    except csv.Error:
        errors[f"line {reader.line_num}"] = ["not CSV"]
    if len(lines) > ROWS:
        errors["table"] = [f"more than {ROWS} lines"]
    if errors or not lines:
        raise InvalidTable(errors or {"table": ["no lines"]})
    return list(lines.values())


def _require_header(header: Sequence[str], properties: Mapping[str, Any]) -> None:
    wrong = []
    if _SUBJECT not in header:
        wrong.append("no column subject")
    if len(set(header)) != len(header):
        wrong.append("a column twice")
    unknown = [name for name in header if name != _SUBJECT and name.split(".")[0] not in properties]
    if properties and unknown:
        wrong.append(f"columns that the type does not name: {', '.join(unknown)[:200]}")
    if wrong:
        raise InvalidTable({"line 1": wrong})


def _line(
    header: Sequence[str], cells: Sequence[str], number: int, properties: Mapping[str, Any]
) -> tuple[list[str], _Line | None]:
    if len(cells) != len(header):
        return [f"{len(cells)} cells, not {len(header)}"], None
    wrong: list[str] = []
    claims: dict[str, Any] = {}
    subject = ""
    for name, cell in zip(header, cells, strict=True):
        if name == _SUBJECT:
            subject = cell.strip()
        elif cell != "":
            try:
                _put(claims, name.split("."), _value(cell, properties.get(name, {})))
            except ValueError as error:
                wrong.append(f"{name}: {error}")
    if not 1 <= len(subject) <= 256:
        wrong.append("subject: 1 to 256 characters")
    return wrong, _Line(number, subject, claims)


def _value(cell: str, schema: Any) -> Any:
    """Raises ValueError for a text that a spreadsheet would run, or JSON that is none."""
    kind = schema.get("type", "string") if isinstance(schema, dict) else "string"
    if kind == "string":
        if _FORMULA.match(cell):
            raise ValueError("begins like a formula")
        return cell
    try:
        return parse_json(cell)
    except Malformed:
        raise ValueError("not JSON") from None


def _put(claims: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Raises ValueError when a column of the path holds a value already."""
    for name in path[:-1]:
        inner = claims.setdefault(name, {})
        if not isinstance(inner, dict):
            raise ValueError("two columns for one claim")  # noqa: TRY004  # told with the line
        claims = inner
    if path[-1] in claims:
        raise ValueError("two columns for one claim")
    claims[path[-1]] = value


def _require_fit(scope: Scope, using: Sequence[CredentialConfiguration], lines: Sequence[_Line]) -> None:
    errors: dict[str, list[str]] = {}
    for line in lines:
        for one in using:
            try:
                require_fit(scope.catalogue, one.credential_configuration_id, line.claims)
            except InvalidClaims:
                errors[f"line {line.number}"] = [f"does not fit the type of {one.credential_configuration_id}"]
        if len(errors) >= _SHOWN:
            break
    if errors:
        raise InvalidTable(errors)
