"""`chancery issuer identity-provider`: whom people may sign in at."""

from typing import TextIO
from urllib.parse import quote

import click

from agent.cli.client import Client, json_flag, show


@click.group(name="identity-provider")
def identity_provider() -> None:
    """OpenID Providers at which people of this tenant sign in."""


@identity_provider.command()
@click.argument("issuer")
@json_flag
def redirect_uri(issuer: str, as_json: bool) -> None:
    """Print what has to be registered at ISSUER before it is added."""
    answer = Client().get(f"/identity-providers/redirect-uri?issuer={quote(issuer, safe='')}")
    show(answer, as_json, answer["redirect_uri"])


@identity_provider.command()
@click.argument("issuer")
@click.option("--client-id", required=True, help="What it knows us by.")
@click.option("--name", help="What people read on the button; ISSUER by default.")
@click.option(
    "--method", default="client_secret_basic", help="client_secret_basic, client_secret_post, private_key_jwt."
)
@click.option("--secret-file", type=click.File("r", encoding="utf-8"), help="The client secret; - is standard input.")
@click.option("--scope", default="openid profile", help="What is asked for.")
@click.option("--userinfo", is_flag=True, help="Ask its UserInfo endpoint for claims too.")
@json_flag
def add(
    issuer: str,
    client_id: str,
    name: str | None,
    method: str,
    secret_file: TextIO | None,
    scope: str,
    userinfo: bool,
    as_json: bool,
) -> None:
    """Let people sign in at ISSUER."""
    body = {"issuer": issuer, "client_id": client_id, "name": name or issuer, "method": method}
    body |= {"scope": scope, **({"client_secret": secret_file.read().strip("\r\n")} if secret_file else {})}
    answer = Client().post("/identity-providers", {**body, "userinfo": userinfo})
    show(answer, as_json, f"identity provider {answer['id']}\nredirect URI {answer['redirect_uri']}")


@identity_provider.command(name="list")
@json_flag
def list_providers(as_json: bool) -> None:
    """Print them."""
    answer = Client().get("/identity-providers")
    show(answer, as_json, "\n".join(f"{one['id']}  {one['issuer']}" for one in answer["items"]))


@identity_provider.command()
@click.argument("provider")
@json_flag
def remove(provider: str, as_json: bool) -> None:
    """Let nobody sign in at PROVIDER, an id, any more."""
    Client().delete(f"/identity-providers/{quote(provider, safe='')}")
    show({"removed": provider}, as_json, "removed")
