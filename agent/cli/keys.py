"""`chancery key` and `chancery type`."""

from typing import Any

import click

from agent.cli.client import Client, json_flag, show


@click.group()
def key() -> None:
    """Keys that the issuer signs with."""


@key.command(name="list")
@json_flag
def list_keys(as_json: bool) -> None:
    """Keys that sign, and those that are still published."""
    found = Client().get("/keys")
    lines = [f"{one['id']}  {one['purpose']:10} {one['state']:9} {one['kid']}" for one in found["items"]]
    show(found, as_json, "\n".join(lines))


@key.command()
@click.option("--purpose", default="issuer")
@click.option("--overlap", type=click.IntRange(min=0), help="Seconds for which the old key stays published.")
@json_flag
def rotate(purpose: str, overlap: int | None, as_json: bool) -> None:
    """Sign with a new key from now on; the old one stays published as long as anything it signed is good."""
    body: dict[str, Any] = {"purpose": purpose, **({} if overlap is None else {"overlap": overlap})}
    made = Client().post("/keys", body)
    show(made, as_json, f"{made['purpose']} signs with {made['kid']}")


@key.command()
@click.argument("identity", metavar="KEY")
@json_flag
def retire(identity: str, as_json: bool) -> None:
    """Publish KEY no more, which signs no more, and destroy it."""
    Client().delete(f"/keys/{identity}")
    show({"retired": identity}, as_json, f"retired {identity}")


@key.command()
@click.argument("identity", metavar="KEY")
@json_flag
def revoke(identity: str, as_json: bool) -> None:
    """Put the certificate of KEY, which signs no more, into its authority's revocation list for ever."""
    Client().post(f"/keys/{identity}/revoke", {})
    show({"revoked": identity}, as_json, f"revoked {identity}")


@click.group(name="type")
def type_() -> None:
    """Types of credentials, and where their metadata is."""


@type_.command()
@click.argument("configuration")
@click.argument("name")
@click.option("--title", help="What developers read.")
@click.option("--description")
@click.option("--extends", help="The vct of the type that this one extends.")
@click.option("--extends-integrity", help="The integrity of that type's document, if it is not one of ours.")
@json_flag
def publish(configuration: str, name: str, as_json: bool, **rest: str | None) -> None:
    """Host the metadata of CONFIGURATION's type at .../types/NAME, and issue with that address as vct."""
    given = {option: value for option, value in rest.items() if value is not None}
    made = Client().post("/credential-types", {"credential_configuration_id": configuration, "name": name, **given})
    show(made, as_json, f"{made['vct']} {made['integrity']}")


@type_.command()
@click.argument("configuration")
@click.argument("vct")
@json_flag
def choose(configuration: str, vct: str, as_json: bool) -> None:
    """Issue CONFIGURATION with VCT: a URN of the tenant's, or an address that was published."""
    Client().patch(f"/credential-configurations/{configuration}/type", {"vct": vct})
    show({"vct": vct}, as_json, f"{configuration} is {vct}")
