"""`chancery request` and `chancery result`."""

import json
import sys
from typing import TextIO

import click

from agent.cli.client import FAILED, PENDING, Client, json_flag, show, stop


@click.command()
@click.argument("query", type=click.File("r", encoding="utf-8"))
@click.option("--prefix", default="x509_hash", help="Client identifier prefix: x509_hash, x509_san_dns, redirect_uri.")
@click.option("--response-mode", type=click.Choice(["direct_post", "direct_post.jwt"]), default="direct_post.jwt")
@json_flag
def request(query: TextIO, prefix: str, response_mode: str, as_json: bool) -> None:
    """Ask for a presentation by the DCQL query in the file QUERY."""
    try:
        dcql = json.load(query)
    except ValueError:
        stop("the query file is not JSON", 2)
    body = {"dcql_query": dcql, "client_id_prefix": prefix, "response_mode": response_mode}
    made = Client().post("/presentation-requests", body)
    answer = {name: made[name] for name in ("authorization_request_uri", "presentation_id")}
    show(answer, as_json, f"{answer['authorization_request_uri']}\npresentation: {answer['presentation_id']}")


@click.command()
@click.argument("presentation_id")
@json_flag
def result(presentation_id: str, as_json: bool) -> None:
    """Show what came of a presentation. Ends 0 when verified, 1 when refused, 4 while nothing is decided."""
    answer = Client().get(f"/presentation-requests/{presentation_id}")
    show(answer, as_json)
    if answer["state"] in ("verified", "collected"):
        return
    sys.exit(FAILED if answer["state"] in ("refused", "expired", "cancelled") else PENDING)
