"""`chancery limits` and `chancery tier`: what tenants may use."""

from typing import Any
from urllib.parse import quote

import click

from agent.cli.client import Client, json_flag, show, stop

NAMES = ("users", "credentials", "storage_gb", "api_calls_per_month", "verifications_per_month")


def _read(pairs: tuple[str, ...]) -> dict[str, int | None]:
    """NAME=NUMBER, or NAME=tier for what the tier says."""
    found: dict[str, int | None] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        name = name.removeprefix("max_")
        if name not in NAMES or not (value.isdigit() or value in ("tier", "none")):
            stop(f"{pair} is not NAME=NUMBER; names are {', '.join(NAMES)}")
        found[f"max_{name}"] = int(value) if value.isdigit() else None
    return found


@click.command()
@click.option("--tenant", help="Whose limits to set (needs the operator's key); without, the tenant's own are shown.")
@click.option("--set", "pairs", multiple=True, metavar="NAME=NUMBER", help="A limit; NAME=tier leaves it to the tier.")
@click.option("--tier", help="The tier that the tenant has.")
@json_flag
def limits(tenant: str | None, pairs: tuple[str, ...], tier: str | None, as_json: bool) -> None:
    """How the tenant stands, or what it may use."""
    if tenant is not None:
        body: dict[str, Any] = {**_read(pairs), **({"tier": tier} if tier else {})}
        Client(operator=True).patch(f"/tenants/{quote(tenant, safe='')}/limits", body)
        return
    answer = Client().get("/limits")
    lines = [f"tier {answer['tier']}"]
    for one in answer["items"]:
        limit = "no limit" if one["limit"] is None else one["limit"]
        state = "" if one["state"] == "ok" else f"  {one['state']}"
        lines.append(f"{one['name']:<28} {one['used']:>12} of {limit}{state}")
    show(answer, as_json, "\n".join(lines))


@click.group()
def tier() -> None:
    """Tiers: limits that tenants share (needs the operator's key)."""


@tier.command(name="set")
@click.argument("name")
@click.argument("pairs", nargs=-1)
def set_(name: str, pairs: tuple[str, ...]) -> None:
    """Make or replace a tier: NAME and its limits as NAME=NUMBER; what is not named has no limit."""
    Client(operator=True).post("/tiers", {"name": name, **_read(pairs)})


@tier.command(name="list")
@json_flag
def list_(as_json: bool) -> None:
    """List the tiers."""
    answer = Client(operator=True).get("/tiers")
    lines = []
    for one in answer["items"]:
        stated = " ".join(f"{name[4:]}={value}" for name, value in one.items() if name != "name" and value is not None)
        lines.append(f"{one['name']}\t{stated or 'no limits'}")
    show(answer, as_json, "\n".join(lines))
