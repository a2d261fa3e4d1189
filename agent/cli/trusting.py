"""`chancery ca` and `chancery trust`."""

from typing import TextIO
from uuid import UUID

import click

from agent.cli.client import Client, json_flag, show


@click.command()
@click.option("--iaca", is_flag=True, help="The issuing authority of mobile documents instead.")
@click.option("--renew", is_flag=True, help="Make a new document signer first (with --iaca).")
@json_flag
def ca(iaca: bool, renew: bool, as_json: bool) -> None:
    """Print the certificate authority (PEM) that wallets and verifiers have to trust."""
    if renew and not iaca:
        raise click.UsageError("--renew goes with --iaca")
    if iaca:
        _show_iaca(renew, as_json)
        return
    pem = Client().get("/certificate-authority")["pem"]
    show({"pem": pem}, as_json, pem.strip())


def _show_iaca(renew: bool, as_json: bool) -> None:
    client = Client()
    if renew:
        client.post("/document-signing/renew", {})
    found = client.get("/document-signing")
    answer = {"pem": found["iaca"]["pem"], **found}
    show(answer, as_json, found["iaca"]["pem"].strip())


@click.group()
def trust() -> None:
    """What this tenant believes."""


@trust.command()
@click.argument("pem", type=click.File("r", encoding="utf-8"))
@click.option(
    "--role",
    "roles",
    multiple=True,
    default=("issue", "status"),
    help="issue, status, request, attest_wallet, authenticate_client.",
)
@click.option("--name", default="trust anchor")
@json_flag
def add(pem: TextIO, roles: tuple[str, ...], name: str, as_json: bool) -> None:
    """Trust the CA certificate in the file PEM."""
    answer = Client().post("/trust-anchors", {"certificate": pem.read(), "roles": list(roles), "name": name})
    show(answer, as_json, f"trusted {answer['id']}")


@trust.command(name="list")
@json_flag
def list_anchors(as_json: bool) -> None:
    """What is believed, and for what."""
    found = Client().get("/trust-anchors")
    lines = [f"{one['id']}  {', '.join(one['roles'])}  {one['name']}" for one in found["items"]]
    show(found, as_json, "\n".join(lines))


@trust.command()
@click.argument("anchor", type=click.UUID)
@json_flag
def remove(anchor: UUID, as_json: bool) -> None:
    """Believe ANCHOR (its id) no more: whatever it vouched for is refused from now on."""
    Client().delete(f"/trust-anchors/{anchor}")
    show({"removed": str(anchor)}, as_json, f"removed {anchor}")
