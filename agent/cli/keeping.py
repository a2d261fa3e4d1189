"""`chancery retention` and `chancery archive`: how long what is kept where."""

import json
import sys
from typing import Any
from urllib.parse import quote

import click

from agent.cli.client import FAILED, Client, json_flag, show


@click.group()
def retention() -> None:
    """How long rows stay in the database, in the archive's tiers, and at all."""


@retention.command(name="list")
@json_flag
def list_(as_json: bool) -> None:
    """The policy of each table; ages in days."""
    answer = Client().get("/retention-policies")
    lines = [
        f"{one['table']:24} warm {one['warm_after']}  cool {one['cool_after']}  cold {one['cold_after']}  "
        f"erase {one['erase_after'] or 'never'}{'  HELD' if one['legal_hold'] else ''}"
        for one in answer["items"]
    ]
    show(answer, as_json, "\n".join(lines))


@retention.command(name="set")
@click.argument("table")
@click.option("--warm", type=int, default=90, show_default=True, help="Days until a month leaves the database.")
@click.option("--cool", type=int, default=365, show_default=True)
@click.option("--cold", type=int, default=1095, show_default=True)
@click.option("--erase", type=int, help="Days until it is erased; never by default.")
@click.option("--hold/--no-hold", default=False, help="Legal hold: nothing of it is erased.")
@json_flag
def set_(table: str, warm: int, cool: int, cold: int, erase: int | None, hold: bool, as_json: bool) -> None:
    """Set the policy of TABLE."""
    body: dict[str, Any] = {"warm_after": warm, "cool_after": cool, "cold_after": cold, "legal_hold": hold}
    data = json.dumps({**body, "erase_after": erase}).encode()
    Client().put(f"/retention-policies/{quote(table, safe='')}", data, "application/json")
    show({"table": table}, as_json, f"set {table}")


@retention.command()
@json_flag
def plan(as_json: bool) -> None:
    """What the next runs of the worker will do, by the same decisions: the dry run."""
    answer = Client().get("/retention-plan")
    lines = [f"{one['at']}  {one['table']} {one['month']} leaves" for one in answer["leaving"]]
    lines += [f"now  {one['id']} {one['action']} {one.get('tier', '')}" for one in answer["segments"]]
    if answer["status_tokens"]:
        lines.append(f"now  {answer['status_tokens']} status list tokens, of whose time no report is left, go")
    show(answer, as_json, "\n".join(lines))


@click.group()
def archive() -> None:
    """What left the database."""


@archive.command(name="list")
@json_flag
def list_segments(as_json: bool) -> None:
    """Segments: one tenant's rows of one table and month each, as sealed Parquet."""
    answer = Client().get("/archive-segments")
    lines = [
        f"{one['id']}  {one['month']}  {one['table']:24} {one['tier']:5} {one['rows']:>9} rows"
        f"{'  erased' if one['erased_at'] else ''}"
        for one in answer["items"]
    ]
    show(answer, as_json, "\n".join(lines))


@click.command()
@json_flag
def compliance(as_json: bool) -> None:
    """What is demanded, how it stands, and what has to be looked at again. Ends 1 when a review is due."""
    answer = Client().get("/compliance-records")
    lines = [
        f"{one['status']:14} {one['regulation']}: {one['requirement']}  review {one['next_review'] or 'never'}"
        f"{'  DUE' if one['due'] else ''}"
        for one in answer["items"]
    ]
    show(answer, as_json, "\n".join(lines))
    if any(one["due"] for one in answer["items"]):
        sys.exit(FAILED)
