"""`chancery tenant create|list|suspend|reinstate`."""

from urllib.parse import quote

import click

from agent.cli.client import Client, json_flag, show


@click.group()
def tenant() -> None:
    """Tenants of this server (needs the operator's key)."""


@tenant.command()
@click.argument("name")
@click.option("--display-name", help="What people read; the name by default.")
@click.option("--key-store", "key_stores", multiple=True, metavar="PURPOSE=STORE", help="Where keys are kept.")
@click.option("--country", help="Of its mobile documents: two capital letters.")
@click.option("--configuration", "configurations", multiple=True, default=("pid",), help="pid, mdl, pid_mdoc.")
@json_flag
def create(
    name: str,
    display_name: str | None,
    key_stores: tuple[str, ...],
    country: str | None,
    configurations: tuple[str, ...],
    as_json: bool,
) -> None:
    """Make a tenant with its keys, certificates and first configuration; prints its administrator's key once.

    Purposes of keys: ca, issuer, verifier, audit, iaca, document_signer, messaging.
    """
    stores = {purpose: store for purpose, _, store in (one.partition("=") for one in key_stores)}
    body = {
        "name": name,
        "display_name": display_name or name,
        "key_stores": stores,
        "configurations": list(configurations),
        **({"country": country} if country else {}),
    }
    answer = Client(operator=True).post("/tenants", body)
    show(answer, as_json, f"{answer['credential_issuer']}\nadministrator key: {answer['api_key']}")


@tenant.command(name="list")
@json_flag
def list_(as_json: bool) -> None:
    """List the tenants."""
    answer = Client(operator=True).get("/tenants")
    show(answer, as_json, "\n".join(f"{one['name']}\t{one['status']}\t{one['id']}" for one in answer["items"]))


@tenant.command()
@click.argument("name")
def suspend(name: str) -> None:
    """Serve nothing of a tenant any more, its status lists included, until it is reinstated."""
    Client(operator=True).patch(f"/tenants/{quote(name, safe='')}", {"status": "suspended"})


@tenant.command()
@click.argument("name")
def reinstate(name: str) -> None:
    """Serve a suspended tenant again."""
    Client(operator=True).patch(f"/tenants/{quote(name, safe='')}", {"status": "active"})
