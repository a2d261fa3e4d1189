"""`chancery ca` and `chancery trust add`."""

from typing import TextIO

import click

from agent.cli.client import Client, json_flag, show


@click.command()
@json_flag
def ca(as_json: bool) -> None:
    """Print the certificate authority (PEM) that wallets and verifiers have to trust."""
    pem = Client().get("/certificate-authority")["pem"]
    show({"pem": pem}, as_json, pem.strip())


@click.group()
def trust() -> None:
    """What this tenant believes."""


@trust.command()
@click.argument("pem", type=click.File("r", encoding="utf-8"))
@click.option(
    "--role", "roles", multiple=True, default=("issue", "status"), help="issue, status, request, attest_wallet."
)
@click.option("--name", default="trust anchor")
@json_flag
def add(pem: TextIO, roles: tuple[str, ...], name: str, as_json: bool) -> None:
    """Trust the CA certificate in the file PEM."""
    answer = Client().post("/trust-anchors", {"certificate": pem.read(), "roles": list(roles), "name": name})
    show(answer, as_json, f"trusted {answer['id']}")
