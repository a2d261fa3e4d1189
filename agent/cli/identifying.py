"""`chancery did create|list|update|rotate|deactivate|approve|witness|resolve`."""

import json
from typing import Any, TextIO
from urllib.parse import quote

import click

from agent.cli.client import Client, json_flag, show


@click.group()
def did() -> None:
    """DIDs: those that this server hosts, and everybody's."""


def _options(command: Any) -> Any:
    for option in (
        click.option("--witness", "witnesses", multiple=True, metavar="DID:KEY", help="Who approves every version."),
        click.option("--threshold", type=int, default=0, help="How many of them it takes."),
        click.option("--also-known-as", "also_known_as", multiple=True, help="Another identifier of the same subject."),
        click.option("--service", "services", multiple=True, metavar="JSON", help="A service of the document."),
    ):
        command = option(command)
    return command


def _body(witnesses: tuple[str, ...], threshold: int, known: tuple[str, ...], services: tuple[str, ...]) -> Any:
    body: dict[str, Any] = {"threshold": threshold}
    if witnesses:
        body["witnesses"] = list(witnesses)
    if known:
        body["also_known_as"] = list(known)
    if services:
        try:
            body["services"] = [json.loads(one) for one in services]
        except ValueError:
            raise click.BadParameter("a service is JSON") from None
    return body


def _told(answer: Any) -> str:
    text = f"{answer['did']}\nversion {answer['version_id']}\nid {answer['id']}"
    if answer["published"]:
        return text
    return f"{text}\nwaits for {answer['threshold']} of {', '.join(answer['witnesses'])}"


@did.command()
@click.argument("place")
@click.option("--method", default="webvh", show_default=True)
@click.option("--pre-rotation/--no-pre-rotation", default=True, show_default=True, help="Commit to the next keys.")
@click.option("--portable", is_flag=True, help="It may move to another place later.")
@click.option("--web", is_flag=True, help="Put a did:web document beside the log.")
@_options
@json_flag
def create(
    place: str,
    method: str,
    pre_rotation: bool,
    portable: bool,
    web: bool,
    witnesses: tuple[str, ...],
    threshold: int,
    also_known_as: tuple[str, ...],
    services: tuple[str, ...],
    as_json: bool,
) -> None:
    """Make a DID at PLACE, a word that becomes the last part of its address."""
    body = {"place": place, "method": method, "pre_rotation": pre_rotation, "portable": portable, "web": web}
    answer = Client().post("/dids", {**body, **_body(witnesses, threshold, also_known_as, services)})
    show(answer, as_json, _told(answer))


@did.command(name="list")
@json_flag
def list_(as_json: bool) -> None:
    """List the hosted DIDs."""
    answer = Client().get("/dids")
    show(answer, as_json, "\n".join(f"{one['place']}\t{one['status']}\t{one['did']}" for one in answer["items"]))


def _change(name: str, as_json: bool, body: Any) -> None:
    client = Client()
    found = [one["id"] for one in client.get("/dids")["items"] if name in (one["place"], one["did"], one["id"])]
    if not found:
        raise click.BadParameter(f"no DID {name} here")
    answer = client.patch(f"/dids/{found[0]}", body)
    show(answer, as_json, _told(answer))


@did.command()
@click.argument("name")
@click.option("--move-to", metavar="URL", help="The new place, https://host/path.")
@_options
@json_flag
def update(
    name: str,
    move_to: str | None,
    witnesses: tuple[str, ...],
    threshold: int,
    also_known_as: tuple[str, ...],
    services: tuple[str, ...],
    as_json: bool,
) -> None:
    """Publish a new version of NAME (place, DID or id); the tenant's keys of now go into it."""
    body = _body(witnesses, threshold, also_known_as, services)
    _change(name, as_json, {**body, **({"move_to": move_to} if move_to else {})})


@did.command()
@click.argument("name")
@json_flag
def rotate(name: str, as_json: bool) -> None:
    """Give NAME new update keys."""
    _change(name, as_json, {"rotate": True})


@did.command()
@click.argument("name")
@click.confirmation_option(prompt="A deactivated DID does not come back. Go on?")
@json_flag
def deactivate(name: str, as_json: bool) -> None:
    """End NAME for good."""
    _change(name, as_json, {"deactivate": True})


@did.command()
@click.argument("did_id")
@click.argument("proof", type=click.File("r", encoding="utf-8"))
@json_flag
def approve(did_id: str, proof: TextIO, as_json: bool) -> None:
    """Hand in a witness's PROOF (a JSON file) for the version of DID_ID that waits."""
    answer = Client().post(f"/dids/{did_id}/approvals", {"proof": json.load(proof)})
    show(answer, as_json, _told(answer))


@did.command()
@click.argument("log", type=click.File("r", encoding="utf-8"), required=False)
@json_flag
def witness(log: TextIO | None, as_json: bool) -> None:
    """Approve the last entry of LOG as a witness; without a LOG say who this witness is."""
    if log is None:
        answer = Client().get("/did-witness")
        show(answer, as_json, answer["witness"])
    else:
        show(Client().post("/did-approvals", {"log": log.read()}), as_json)


@did.command()
@click.argument("identifier")
@json_flag
def resolve(identifier: str, as_json: bool) -> None:
    """Resolve a DID, or a DID URL, of any method that is on."""
    show(json.loads(Client().get(f"/identifiers/{quote(identifier, safe='')}")), as_json)
