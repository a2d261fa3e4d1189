"""`chancery issuer approvals`, `policy`, `source` and `claims`: who may have what, and what it is issued from."""

import json
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

import click

from agent.cli.client import Client, json_flag, read_json, show


@click.group()
def approvals() -> None:
    """Issuances that wait for somebody."""


@approvals.command(name="list")
@json_flag
def list_approvals(as_json: bool) -> None:
    """Those that wait, oldest first."""
    items = Client().every("/approvals")
    lines = [
        f"{one['id']}  {one['credential_configuration_id']}  {one['state']}  {', '.join(one['waiting_for'])}"
        for one in items
    ]
    show({"items": items}, as_json, "\n".join(lines))


@approvals.command(name="show")
@click.argument("approval", type=click.UUID)
@json_flag
def show_approval(approval: str, as_json: bool) -> None:
    """One, with its claims; that they were read goes on record."""
    show(Client().get(f"/approvals/{approval}"), as_json)


@approvals.command()
@click.argument("approval", type=click.UUID)
@click.option("--claims", type=click.File("r", encoding="utf-8"), help="JSON file: issue these instead.")
@json_flag
def approve(approval: str, claims: TextIO | None, as_json: bool) -> None:
    """Let the wallet have it."""
    body = {"claims": read_json(claims)} if claims else {}
    Client().post(f"/approvals/{approval}/approve", body)
    show({"approved": str(approval)}, as_json, f"approved {approval}")


@approvals.command()
@click.argument("approval", type=click.UUID)
@click.option("--reason", default="unspecified", help="A code word for the record.")
@json_flag
def deny(approval: str, reason: str, as_json: bool) -> None:
    """Refuse it for good."""
    Client().post(f"/approvals/{approval}/deny", {"reason": reason})
    show({"denied": str(approval)}, as_json, f"denied {approval}")


@click.command()
@click.argument("issuance", type=click.UUID)
@json_flag
def paid(issuance: str, as_json: bool) -> None:
    """Record that ISSUANCE is paid for."""
    Client().put(f"/credential-offers/{issuance}/payment", b"", "application/json")
    show({"paid": str(issuance)}, as_json, f"paid {issuance}")


@click.command()
@click.argument("file", type=click.File("r", encoding="utf-8"))
@json_flag
def policy(file: TextIO, as_json: bool) -> None:
    """Activate the issuance policy in FILE (JSON: name, claims, max_active, cool_down, approval, interval, fee)."""
    made = Client().post("/issuance-policies", read_json(file))
    show(made, as_json, f"version {made['version']}")


@click.command()
@click.argument("configuration")
@click.option("--kind", help="given, sign_in, table, webhook, or another that is installed; none takes it away.")
@click.option("--setting", "settings", multiple=True, help="NAME=VALUE (JSON or text) of the source, repeatable.")
@click.option("--drop-extra", is_flag=True, help="Leave out claims that the type does not name, instead of refusing.")
@click.option("--policy", "policy_name", help="The issuance policy to go by; none takes it away.")
@json_flag
def source(
    configuration: str,
    kind: str | None,
    settings: tuple[str, ...],
    drop_extra: bool,
    policy_name: str | None,
    as_json: bool,
) -> None:
    """Say where the claims of CONFIGURATION come from, and by which policy it is issued."""
    body: dict[str, Any] = {}
    if kind is not None:
        named = {
            "kind": kind,
            "settings": dict(_setting(one) for one in settings),
            "extra": "drop" if drop_extra else "refuse",
        }
        body["claim_source"] = None if kind == "none" else named
    if policy_name is not None:
        body["policy"] = None if policy_name == "none" else policy_name
    Client().patch(f"/credential-configurations/{quote(configuration, safe='')}", body)
    show(body, as_json, f"configured {configuration}")


def _setting(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


@click.group()
def claims() -> None:
    """Tables of claims to issue from."""


@claims.command()
@click.argument("table")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_flag
def upload(table: str, file: Path, as_json: bool) -> None:
    """Put the lines of FILE (CSV: subject and claims) into TABLE, all or none."""
    made = Client().put(f"/claim-tables/{quote(table, safe='')}", file.read_bytes(), "text/csv")
    show(made, as_json, f"{made['rows']} lines")
