"""`chancery didcomm`: invitations, contacts, texts, pings and threads."""

from io import StringIO
from typing import Any, TextIO

import click
import segno

from agent.cli import exchanging
from agent.cli.client import Client, json_flag, read_json, show


@click.group()
def didcomm() -> None:
    """Other agents: invite them, take their invitations, talk, exchange credentials."""


for command in exchanging.COMMANDS:
    didcomm.add_command(command)


@didcomm.command()
@click.option("--version", type=click.Choice(["1", "2"]), default="2", help="Of DIDComm; agents of Aries speak 1.")
@click.option("--goal-code", default="", help="What the invitation is for, as a code.")
@click.option("--goal", default="", help="The same for people.")
@click.option("--label", help="Who invites; the tenant's name by default.")
@click.option("--multi-use", is_flag=True, help="Several may take it.")
@click.option("--expires-in", type=click.IntRange(30, 31_536_000), help="Seconds until it can be taken no more.")
@click.option("--no-auto-accept", is_flag=True, help="Nobody who takes it is answered (version 1).")
@click.option("--mediate", is_flag=True, help="Whoever takes it may ask for mediation.")
@click.option("--offer", "configuration", help="Offer a credential of this configuration with it.")
@click.option("--claims", type=click.File("r", encoding="utf-8"), help="JSON file with the claims of the offer.")
@click.option("--request-proof", "dcql", type=click.File("r", encoding="utf-8"), help="Or ask with a DCQL query.")
@json_flag
def invite(
    version: str,
    goal_code: str,
    goal: str,
    label: str | None,
    multi_use: bool,
    expires_in: int | None,
    no_auto_accept: bool,
    mediate: bool,
    configuration: str | None,
    claims: TextIO | None,
    dcql: TextIO | None,
    as_json: bool,
) -> None:
    """Print an invitation for another agent, as a URL and a QR code."""
    body: dict[str, Any] = {"version": int(version), "goal_code": goal_code, "goal": goal, "multi_use": multi_use}
    body |= {"auto_accept": not no_auto_accept, "mediate": mediate}
    body |= {"label": label} if label is not None else {}
    body |= {"expires_in": expires_in} if expires_in else {}
    if [configuration, dcql].count(None) == 0 or (multi_use and (configuration or dcql)):
        raise click.UsageError("one of --offer and --request-proof, in an invitation for one")
    made = Client().post("/didcomm/invitations", body)
    if configuration:
        asked: dict[str, Any] = {"credential_configuration_id": configuration}
        asked |= {"claims": read_json(claims)} if claims else {}
        made = _carrying(made["id"], "credential-offers", asked)
    if dcql:
        made = _carrying(made["id"], "proof-requests", {"dcql_query": read_json(dcql)})
    told = {name: made[name] for name in ("url", "invitation", "id", "short_url")}
    show(told, as_json, f"{_blocks(made['qr'])}\n{made['url']}\ncontact: {made['id']}")


def _carrying(contact: str, what: str, body: dict[str, Any]) -> Any:
    """The invitation, with a request for whoever takes it."""
    Client().post(f"/didcomm/contacts/{contact}/{what}", body)
    return Client().get(f"/didcomm/contacts/{contact}/invitation")


def _blocks(link: str) -> str:
    """The link as a QR code of half blocks."""
    out = StringIO()
    segno.make(link, error="l", micro=False).terminal(out, border=2, compact=True)
    return out.getvalue()


@didcomm.command()
@click.argument("url")
@click.option("--label", default="", help="Your name for whoever invites.")
@click.option("--goal-code", "goal_codes", multiple=True, help="Take it only with one of these goal codes.")
@json_flag
def accept(url: str, label: str, goal_codes: tuple[str, ...], as_json: bool) -> None:
    """Take the invitation in URL, of either version."""
    body: dict[str, Any] = {"url": url, "label": label, **({"goal_codes": list(goal_codes)} if goal_codes else {})}
    made = Client().post("/didcomm/contacts", body)
    show(made, as_json, f"contact: {made['id']}")


@didcomm.command()
@json_flag
def contacts(as_json: bool) -> None:
    """Everybody, and invitations that wait."""
    found = Client().every("/didcomm/contacts")
    lines = [f"{one['id']}  v{one['version']}  {one['state']:10} {one['label']}" for one in found]
    show({"items": found}, as_json, "\n".join(lines))


@didcomm.command()
@click.argument("contact", type=click.UUID)
@click.argument("text")
@json_flag
def send(contact: str, text: str, as_json: bool) -> None:
    """Send TEXT to CONTACT."""
    made = Client().post(f"/didcomm/contacts/{contact}/messages", {"content": text})
    show(made, as_json, f"thread: {made['id']}")


@didcomm.command()
@click.argument("contact", type=click.UUID)
@json_flag
def ping(contact: str, as_json: bool) -> None:
    """Ask CONTACT for a sign of life; the thread tells whether it came."""
    made = Client().post(f"/didcomm/contacts/{contact}/pings", {})
    show(made, as_json, f"thread: {made['id']}")


@didcomm.command()
@click.argument("contact", type=click.UUID)
@json_flag
def rotate(contact: str, as_json: bool) -> None:
    """Speak with CONTACT under a new DID."""
    show(Client().post(f"/didcomm/contacts/{contact}/rotations", {}), as_json, "a new DID was announced")


@didcomm.command()
@click.argument("contact", type=click.UUID)
@json_flag
def end(contact: str, as_json: bool) -> None:
    """Tell CONTACT that you have left, and hear and say nothing more."""
    show(Client().post(f"/didcomm/contacts/{contact}/end", {}), as_json, "the relationship has ended")


@didcomm.command()
@click.argument("contact", type=click.UUID)
@json_flag
def messages(contact: str, as_json: bool) -> None:
    """The texts that went to and fro with CONTACT."""
    answer = Client().get(f"/didcomm/contacts/{contact}/messages")
    arrow = {"in": "<", "out": ">"}
    lines = [
        f"{one['created_at']} {arrow[one['direction']]} {one['body'].get('content', '')}" for one in answer["items"]
    ]
    show(answer, as_json, "\n".join(lines))


@didcomm.command()
@click.argument("thread", type=click.UUID, required=False)
@json_flag
def threads(thread: str | None, as_json: bool) -> None:
    """Every run of a protocol, or one with its messages."""
    if thread:
        one = Client().get(f"/didcomm/threads/{thread}")
        lines = [f"{one['id']}  {one['protocol']}  {one['role']}: {one['state']}"]
        lines += [f"  {each['direction']:3} {each['state']:8} {each['type']}" for each in one["messages"]]
        show(one, as_json, "\n".join(lines))
        return
    found = Client().every("/didcomm/threads")
    lines = [f"{each['id']}  {each['protocol']}  {each['role']}: {each['state']}" for each in found]
    show({"items": found}, as_json, "\n".join(lines))
