"""`chancery report`: why an answer was accepted, refused or ignored."""

import json
import sys
from collections.abc import Mapping
from typing import Any

import click

from agent.cli.client import FAILED, Client, json_flag, show

_SIGNS = {"held": "+", "failed": "X", "warned": "!", "not_made": "."}
_WELL = ("verified", "answered")


@click.command()
@click.argument("report_id")
@click.option("--all", "whole", is_flag=True, help="Of a presentation the reports of every answer, ignored ones too.")
@json_flag
def report(report_id: str, whole: bool, as_json: bool) -> None:
    """Show a verification report, line by line: by its own id, or a presentation's. Ends 1 when it says no."""
    if whole:
        found = Client().get(f"/presentation-requests/{report_id}/reports")["items"]
        show(found, as_json, "\n\n".join(text(one) for one in found))
        return
    answer = Client().get(f"/verification-reports/{report_id}")
    show(answer, as_json, text(answer))
    if answer["verdict"] not in _WELL:
        sys.exit(FAILED)


def text(found: Mapping[str, Any]) -> str:
    """A report for a person."""
    errors = f" ({', '.join(found['errors'])})" if found["errors"] else ""
    lines = [f"{found['verdict']}{errors} at {found['decided_at']}, report {found['report']}"]
    if found.get("policy"):
        lines.append(f"policy {found['policy']['name']}, version {found['policy']['version']}")
    lines += lines_of(found["checks"], "the answer")
    for one in found["presentations"]:
        lines += lines_of(one["checks"], f"{one['query_id']}: {one['format']} {one['type'] or ''}")
    return "\n".join(lines)


def lines_of(checks: list[Any], title: str) -> list[str]:
    """Lines of checks under a title, for a person."""
    return ["", title, *(_line(one) for one in checks)]


def _line(one: Mapping[str, Any]) -> str:
    told = [f"{name} {_value(one[name])}" for name in ("expected", "seen") if name in one]
    if "error" in one:
        told.insert(0, one["error"] + (f" ({one['detail']})" if "detail" in one else ""))
    return f"  {_SIGNS[one['result']]} {one['check']:18} {'; '.join(told)}".rstrip()


def _value(value: Any) -> str:
    found = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    # What a wallet sent is shown on a terminal: nothing of it may steer that.
    printable = "".join(one if one.isprintable() else "?" for one in found)
    return printable if len(printable) <= 120 else f"{printable[:117]}..."
