"""`chancery evidence export` and `chancery evidence verify`."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any, TextIO

import click

from agent.cli.client import FAILED, Client, json_flag, show, stop
from agent.cli.reporting import lines_of, text
from agent.operations.verifying.evidence import Finding, InvalidEvidence, check_evidence
from protocols import x509
from protocols.errors import ProtocolError
from protocols.jose.jwk import from_certificate, public, thumbprint
from protocols.ports.tools import FetchRefused

_FAMILIES = ("did_methods", "status_mechanisms", "cryptosuites", "credential_formats", "trust_resolvers")


@click.group()
def evidence() -> None:
    """Why a presentation was accepted or refused, for somebody who asks neither us nor our server."""


@evidence.command()
@click.argument("report_id", type=click.UUID)
@click.option("--out", type=click.Path(path_type=Path), help="A file; else standard output.")
@json_flag
def export(report_id: str, out: Path | None, as_json: bool) -> None:
    """Write the evidence package of a report or a presentation: one signed text. It holds personal data."""
    package = Client().get(f"/verification-reports/{report_id}/evidence")
    if out is None:
        show({"evidence": package}, as_json, package)
        return
    out.touch(mode=0o600)
    out.write_text(f"{package}\n", encoding="ascii")
    show({"file": str(out)}, as_json, f"written to {out}")


@evidence.command(name="verify")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--key", "keys", type=click.File("r", encoding="utf-8"), multiple=True, help="Trusted: JWK or PEM.")
@json_flag
def verify_(file: TextIO, keys: tuple[TextIO, ...], as_json: bool) -> None:
    """Check a package offline: signature, then every presentation again as of the moment it was decided.

    A PEM certificate may be the tenant's audit key's own or the authority above it; without --key the package's own key
    is believed and the answer says so. Ends 1 when a line fails.
    """
    finding = asyncio.run(check_evidence(file.read(), _plugins()))
    _trust(finding, keys)
    answer = {
        "holds": finding.holds,
        "key_trusted": bool(keys) and finding.holds,
        "signer": thumbprint(finding.signer).hex() if finding.signer else None,
        "checks": finding.checks.render(),
        "presentations": [{"query_id": name, "checks": one.render()} for name, one in finding.presentations],
        "report": finding.package.get("report"),
    }
    show(answer, as_json, _plain(finding, bool(keys)))
    if not finding.holds:
        sys.exit(FAILED)


class _NoFetch:
    """Nothing is asked of anybody."""

    async def get(self, *_: Any, **__: Any) -> Any:
        raise FetchRefused("offline")

    post = get


def _plugins() -> Any:
    """Only what reads; in this process, as nobody else waits for it."""
    from agent import discovery
    from agent.config import read

    return discovery.build(read(), _NoFetch(), None, families=_FAMILIES)  # type: ignore[arg-type]  # no sandbox needed


def _trust(finding: Finding, keys: tuple[TextIO, ...]) -> None:
    """Whether one of the given keys signed, or certifies the key that did."""
    if not keys or not finding.signer:
        return
    finding.checks.begin("signer", seen=thumbprint(finding.signer).hex())
    if any(_signed(finding, key.read()) for key in keys):
        finding.checks.held()
    else:
        finding.checks.failed(InvalidEvidence("by none of the given keys"))


def _signed(finding: Finding, given: str) -> bool:
    try:
        if given.lstrip().startswith("{"):
            return thumbprint(public(json.loads(given))) == thumbprint(finding.signer)
        anchors = x509.load_pem(given.encode())
        if any(thumbprint(from_certificate(one)) == thumbprint(finding.signer) for one in anchors):
            return True
        chain = finding.chain
        if not chain or thumbprint(from_certificate(chain[0])) != thumbprint(finding.signer):
            return False
        from datetime import datetime

        at = datetime.fromisoformat(finding.package["exported_at"])
        x509.validate_chain(chain, tuple(anchors), at)
    except ValueError:
        stop("--key names neither a JWK nor a PEM certificate", 2)
    except (ProtocolError, KeyError):
        return False
    return True


def _plain(finding: Finding, keyed: bool) -> str:
    told = ["the evidence holds" if finding.holds else "the evidence does NOT hold"]
    if not keyed:
        told.append("the package's own key was believed: name a key you trust with --key")
    told += lines_of(finding.checks.render(), "the package")
    for name, one in finding.presentations:
        told += lines_of(one.render(), f"{name}, checked again")
    if "report" in finding.package:
        told += ["", "its report:", text(finding.package["report"])]
    return "\n".join(told)
