"""`chancery tenant create|list`."""

import click

from agent.cli.client import Client, json_flag, show


@click.group()
def tenant() -> None:
    """Tenants of this server (needs the operator's key)."""


@tenant.command()
@click.argument("name")
@click.option("--display-name", help="What people read; the name by default.")
@json_flag
def create(name: str, display_name: str | None, as_json: bool) -> None:
    """Make a tenant with its keys, certificates and first configuration; prints its administrator's key once."""
    answer = Client(operator=True).post("/tenants", {"name": name, "display_name": display_name or name})
    show(answer, as_json, f"{answer['credential_issuer']}\nadministrator key: {answer['api_key']}")


@tenant.command(name="list")
@json_flag
def list_(as_json: bool) -> None:
    """List the tenants."""
    answer = Client(operator=True).get("/tenants")
    show(answer, as_json, "\n".join(f"{one['name']}\t{one['status']}\t{one['id']}" for one in answer["items"]))
