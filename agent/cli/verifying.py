"""`chancery request`, `chancery result`, `chancery query` and `chancery verifier`."""

import json
import sys
from typing import Any, TextIO

import click

from agent.cli.client import FAILED, PENDING, Client, json_flag, show, stop

_MODES = ["direct_post", "direct_post.jwt", "dc_api", "dc_api.jwt", "fragment"]


def _read(file: TextIO) -> Any:
    try:
        return json.load(file)
    except ValueError:
        stop("the file is not JSON", 2)


def _asked(query: TextIO | None, credential: str | None, claims: tuple[str, ...], name: str | None) -> dict[str, Any]:
    """The query by file, in plain words, or by name: exactly one of them."""
    if sum(one is not None for one in (query, credential, name)) != 1 or (claims and credential is None):
        stop("give a QUERY file, or --credential with --claim, or --query NAME", 2)
    if query is not None:
        return {"dcql_query": _read(query)}
    if credential is not None:
        return {"credentials": [{"type": credential, "claims": list(claims)}]}
    return {"query": name}


_credential = click.option("--credential", help="A credential configuration of the tenant, or a type (vct).")
_claim = click.option("--claim", "claims", multiple=True, help="A claim of it, as given_name or address.locality.")


@click.command()
@click.argument("query", type=click.File("r", encoding="utf-8"), required=False)
@_credential
@_claim
@click.option("--query", "name", help="The name of a stored query.")
@click.option("--prefix", default="x509_hash", help="Client identifier prefix, as x509_san_dns or redirect_uri.")
@click.option("--response-mode", type=click.Choice(_MODES), default="direct_post.jwt")
@click.option("--redirect-uri", help="Where the person's browser goes in the end.")
@click.option("--same-device", is_flag=True, help="Begin and end in one browser, on a page of the server.")
@click.option("--transaction-data", type=click.File("r", encoding="utf-8"), help="JSON file: an array of objects.")
@click.option("--profile", type=click.Choice(["haip-1.0"]))
@click.option(
    "--wallet", help="The wallet's authorization endpoint, as https://wallet.example/authorize or haip-vp://."
)
@click.option("--policy", help="The verification policy that decides; else the one named default.")
@json_flag
def request(
    query: TextIO | None,
    credential: str | None,
    claims: tuple[str, ...],
    name: str | None,
    prefix: str,
    response_mode: str,
    redirect_uri: str | None,
    same_device: bool,
    transaction_data: TextIO | None,
    profile: str | None,
    wallet: str | None,
    policy: str | None,
    as_json: bool,
) -> None:
    """Ask for a presentation: by the DCQL query in the file QUERY, in plain words, or by a stored query."""
    body = _asked(query, credential, claims, name)
    body |= {"client_id_prefix": prefix, "response_mode": response_mode, "same_device": same_device}
    optional = {
        "redirect_uri": redirect_uri,
        "profile": profile,
        "authorization_endpoint": wallet,
        "policy": policy,
    }
    body |= {name: value for name, value in optional.items() if value}
    if transaction_data is not None:
        body["transaction_data"] = _read(transaction_data)
    made = Client().post("/presentation-requests", body)
    names = ("authorization_request_uri", "start_uri", "presentation_id")
    answer = {name: made[name] for name in names if name in made}
    where = made.get("start_uri") or made["authorization_request_uri"]
    show(answer, as_json, f"{where}\npresentation: {answer['presentation_id']}")


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


@click.group()
def query() -> None:
    """Named DCQL queries, stored in versions."""


@query.command(name="store")
@click.argument("name")
@click.argument("file", type=click.File("r", encoding="utf-8"), required=False)
@_credential
@_claim
@json_flag
def store_query(name: str, file: TextIO | None, credential: str | None, claims: tuple[str, ...], as_json: bool) -> None:
    """Store the next version of NAME: the DCQL query in FILE, or plain words."""
    answer = Client().post("/dcql-queries", {"name": name, **_asked(file, credential, claims, None)})
    show(answer, as_json, f"{answer['name']}, version {answer['version']}")


@query.command(name="list")
@json_flag
def list_queries(as_json: bool) -> None:
    """Every version of every name."""
    answer = Client().get("/dcql-queries")
    lines = [f"{one['name']:30} {one['version']:4} {one['state']}" for one in answer["items"]]
    show(answer, as_json, "\n".join(lines))


@click.group()
def verifier() -> None:
    """How the tenant asks for presentations."""


@verifier.command()
@click.argument("settings", type=click.File("r", encoding="utf-8"))
@json_flag
def configure(settings: TextIO, as_json: bool) -> None:
    """Set what the JSON file SETTINGS names (profiles, origins, transaction_data_types, ...); the rest stays."""
    body = _read(settings)
    Client().patch("/verifier", body)
    show({"set": sorted(body)}, as_json, "done")
