"""`chancery configuration`: what the issuer issues."""

from typing import Any, TextIO
from urllib.parse import quote

import click

from agent.cli.client import Client, json_flag, read_json, show


@click.group()
def configuration() -> None:
    """Credential configurations: what wallets are offered, in which format."""


@configuration.command(name="list")
@json_flag
def list_configurations(as_json: bool) -> None:
    """All of them, retired ones too."""
    found = Client().get("/credential-configurations")
    lines = [
        f"{one['credential_configuration_id']}  {one['format']}  {one['type']}{'' if one['active'] else '  retired'}"
        for one in found["items"]
    ]
    show(found, as_json, "\n".join(lines))


@configuration.command()
@click.argument("file", type=click.File("r", encoding="utf-8"))
@json_flag
def create(file: TextIO, as_json: bool) -> None:
    """Issue by the configuration in FILE (JSON, as `POST /credential-configurations` takes it) from now on."""
    made = Client().post("/credential-configurations", read_json(file))
    show(made, as_json, f"configuration {made['id']}")


@configuration.command()
@click.argument("file", type=click.File("r", encoding="utf-8"))
@json_flag
def define(file: TextIO, as_json: bool) -> None:
    """Issue what FILE defines (JSON, as `POST /credential-definitions` takes it) in each of its formats from now on."""
    made = Client().post("/credential-definitions", read_json(file))
    show(made, as_json, "\n".join(made["credential_configuration_ids"]))


@configuration.command(name="set")
@click.argument("configuration")
@click.option("--attested", is_flag=True, help="Wallets have to attest their keys (key_attestations_required).")
@click.option("--key-storage", multiple=True, help="With --attested: one of these levels, as iso_18045_high.")
@click.option("--user-authentication", multiple=True, help="With --attested: one of these levels.")
@click.option("--not-attested", is_flag=True, help="Wallets need not attest their keys.")
@click.option("--lifetime", type=click.IntRange(60, 315_360_000), help="Seconds that a credential is good for.")
@click.option("--display", type=click.File("r", encoding="utf-8"), help="JSON file: name, locale, logo, colours.")
@json_flag
def set_configuration(
    configuration: str,
    attested: bool,
    key_storage: tuple[str, ...],
    user_authentication: tuple[str, ...],
    not_attested: bool,
    lifetime: int | None,
    display: TextIO | None,
    as_json: bool,
) -> None:
    """Change CONFIGURATION; what is not named stays."""
    if (attested and not_attested) or (not attested and (key_storage or user_authentication)):
        raise click.UsageError("levels go with --attested, and --attested without --not-attested")
    body: dict[str, Any] = {}
    if attested:
        levels = {"key_storage": list(key_storage), "user_authentication": list(user_authentication)}
        body["key_attestations_required"] = {name: value for name, value in levels.items() if value}
    if not_attested:
        body["key_attestations_required"] = None
    if lifetime:
        body["lifetime"] = lifetime
    if display:
        body["display"] = read_json(display)
    _patch(configuration, body, as_json)


@configuration.command()
@click.argument("configuration")
@json_flag
def retire(configuration: str, as_json: bool) -> None:
    """Offer and advertise CONFIGURATION no more; what was begun goes on to its end."""
    _patch(configuration, {"active": False}, as_json)


@configuration.command()
@click.argument("configuration")
@json_flag
def reopen(configuration: str, as_json: bool) -> None:
    """Offer CONFIGURATION again."""
    _patch(configuration, {"active": True}, as_json)


def _patch(name: str, body: dict[str, Any], as_json: bool) -> None:
    Client().patch(f"/credential-configurations/{quote(name, safe='')}", body)
    show({"set": sorted(body)}, as_json, f"changed {name}")
