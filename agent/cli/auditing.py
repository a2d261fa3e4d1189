"""`chancery audit export` and `chancery audit verify`."""

import json
import sys
from typing import Any, TextIO

import click

from agent.audit.verifying import Report, verify
from agent.cli.client import FAILED, Client, home, json_flag, show, stop
from protocols import x509
from protocols.encoding import parse_json_object
from protocols.errors import ProtocolError
from protocols.jose.jwk import Jwk, from_certificate, public, thumbprint

_HEAD = "audit.head"


@click.group()
def audit() -> None:
    """The record of what happened, and its proof."""


@audit.command()
def export() -> None:
    """Write the logs and their seals to standard output, as JSON lines."""
    click.echo(Client().get("/audit/export"), nl=False)


@audit.command(name="verify")
@click.argument("file", type=click.File("r", encoding="utf-8"), required=False)
@click.option("--key", "keys", type=click.File("r", encoding="utf-8"), multiple=True, help="Trusted: JWK or PEM.")
@click.option("--head", help="A seal hash that was seen earlier and must still be in the chain.")
@json_flag
def verify_(file: TextIO | None, keys: tuple[TextIO, ...], head: str | None, as_json: bool) -> None:
    """Prove an export, offline: FILE, or what the running server exports now.

    A PEM certificate may be the audit key's own or the authority above it; without --key the server's own authority
    is asked for, or the export's own key is believed and the answer says so.
    """
    text = file.read() if file else Client().get("/audit/export")
    try:
        lines = [parse_json_object(line) for line in text.splitlines()]
        trusted = _trusted(lines[0], keys, offline=file is not None)
    except (ProtocolError, IndexError, KeyError):
        stop("this is no audit export")
    remembered = home() / _HEAD
    if head is None and file is None and remembered.exists():
        head = remembered.read_text(encoding="ascii").strip()
    report = verify(lines, trusted, head or "")
    if file is None and report.well and report.head:
        remembered.write_text(f"{report.head}\n", encoding="ascii")
    _tell(report, bool(keys) or file is None, as_json)


def _trusted(header: dict[str, Any], keys: tuple[TextIO, ...], offline: bool) -> list[Jwk]:
    """The keys to believe: given ones, and the export's own when a given or known authority certifies it."""
    own = [(public(one["jwk"]), x509.parse_chain(one["x5c"])) for one in header["keys"]]
    found: list[Jwk] = []
    anchors: list[bytes] = []
    for given in keys:
        text = given.read()
        if text.lstrip().startswith("{"):
            found.append(public(json.loads(text)))
        else:
            anchors += x509.load_pem(text.encode())
    if not keys and not offline:
        anchors += x509.load_pem(Client().get("/certificate-authority")["pem"].encode())
    if not keys and offline:
        return [jwk for jwk, _ in own]
    found += [from_certificate(der) for der in anchors]
    found += [jwk for jwk, chain in own if _certified(jwk, chain, anchors)]
    return found


def _certified(jwk: Jwk, chain: tuple[bytes, ...], anchors: list[bytes]) -> bool:
    from datetime import UTC, datetime

    if not anchors or thumbprint(from_certificate(chain[0])) != thumbprint(jwk):
        return False
    try:
        x509.validate_chain(chain, tuple(anchors), datetime.now(UTC))
    except ProtocolError:
        return False
    return True


def _tell(report: Report, trusted: bool, as_json: bool) -> None:
    answer = {
        "valid": report.well,
        "seals": report.seals,
        "rows": report.rows,
        "unsealed": report.unsealed,
        "head": report.head,
        "key_trusted": trusted,
        "faults": report.faults,
    }
    plain = f"{report.rows} rows under {report.seals} seals, {report.unsealed} not sealed yet"
    if not trusted:
        plain += "\nthe export's own key was believed: name a key you trust with --key"
    if report.faults:
        plain += "\n" + "\n".join(f"WRONG: {fault}" for fault in report.faults[:50])
    show(answer, as_json, plain)
    if not report.well:
        sys.exit(FAILED)
