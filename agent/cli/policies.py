"""`chancery policy`: what the verifier accepts, in versions."""

import sys
from typing import TextIO

import click

from agent.cli.client import FAILED, Client, json_flag, read_json, show


@click.group()
def policy() -> None:
    """Verification policies: drafted, tried against accepted presentations, put in force."""


@policy.command()
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--activate", is_flag=True, help="In force at once.")
@json_flag
def store(file: TextIO, activate: bool, as_json: bool) -> None:
    """Draft the next version of the policy in FILE (JSON: name, types, formats, algorithms, claims, ...)."""
    made = Client().post("/verification-policies", {**read_json(file), "activate": activate})
    show(made, as_json, f"{made['name']}, version {made['version']}, {made['state']}: {made['id']}")


@policy.command(name="list")
@json_flag
def list_(as_json: bool) -> None:
    """Every version of every name."""
    answer = Client().get("/verification-policies")
    lines = [f"{one['id']}  {one['name']:24} {one['version']:4} {one['state']}" for one in answer["items"]]
    show(answer, as_json, "\n".join(lines))


@policy.command()
@click.argument("policy_id", type=click.UUID)
@json_flag
def activate(policy_id: str, as_json: bool) -> None:
    """Put a draft in force; the version before retires."""
    made = Client().post(f"/verification-policies/{policy_id}/activate", {})
    show(made, as_json, f"{made['name']}, version {made['version']}, {made['state']}")


@policy.command(name="test")
@click.argument("policy_id", type=click.UUID)
@click.option("--last", type=click.IntRange(1, 1000), default=100, help="How many accepted presentations.")
@json_flag
def test_(policy_id: str, last: int, as_json: bool) -> None:
    """Try a version against what was accepted; nothing changes. Ends 1 when it would have refused any."""
    found = Client().post(f"/verification-policies/{policy_id}/test", {"limit": last})
    lines = [f"{found['tried']} tried, {found['refused']} would be refused"]
    lines += [f"{one['presentation_id']}  {one['refused']}" for one in found["items"]]
    show(found, as_json, "\n".join(lines))
    if found["refused"]:
        sys.exit(FAILED)
