"""`chancery didcomm`: credentials, offered, asked for, issued and held."""

from typing import Any, TextIO

import click

from agent.cli.client import Client, json_flag, read_json, show

_FILE = click.File("r", encoding="utf-8")


def _told(made: Any, as_json: bool) -> None:
    show(made, as_json, f"thread: {made['id']}")


@click.command()
@click.argument("contact", type=click.UUID, required=False)
@click.argument("configuration")
@click.option("--claims", type=_FILE, help="JSON file with the claims; - is standard input.")
@click.option("--subject", help="Your own name for the person, kept only as a blind index.")
@click.option("--holder", help="The DID that the credential shall be about, where you know it.")
@click.option("--expires-in", type=click.IntRange(30, 604_800), help="Seconds until it can be taken no more.")
@click.option("--comment", default="", help="Words for whoever looks at it.")
@click.option("--thread", type=click.UUID, help="Answer the proposal in this thread, and name no contact.")
@json_flag
def offer(
    contact: str | None,
    configuration: str,
    claims: TextIO | None,
    subject: str | None,
    holder: str | None,
    expires_in: int | None,
    comment: str,
    thread: str | None,
    as_json: bool,
) -> None:
    """Offer CONTACT a credential of CONFIGURATION."""
    if (contact is None) is (thread is None):
        raise click.UsageError("a contact or a thread")
    body: dict[str, Any] = {"credential_configuration_id": configuration, "comment": comment}
    body |= {"claims": read_json(claims)} if claims else {}
    optional = {"subject": subject, "holder": holder, "expires_in": expires_in}
    body |= {name: value for name, value in optional.items() if value}
    where = f"threads/{thread}/credential-offer" if thread else f"contacts/{contact}/credential-offers"
    _told(Client().post(f"/didcomm/{where}", body), as_json)


@click.command()
@click.argument("contact", type=click.UUID, required=False)
@click.argument("file", type=_FILE)
@click.option("--format", "format_", default="aries/ld-proof-vc-detail@v1.0", help="Of what the file holds.")
@click.option("--comment", default="", help="Words for whoever looks at it.")
@click.option("--thread", type=click.UUID, help="Against the offer in this thread, and name no contact.")
@json_flag
def propose(contact: str | None, file: TextIO, format_: str, comment: str, thread: str | None, as_json: bool) -> None:
    """Say to CONTACT which credential you should like, in a JSON FILE."""
    if (contact is None) is (thread is None):
        raise click.UsageError("a contact or a thread")
    body = {"attachments": [{"format": format_, "content": read_json(file)}], "comment": comment}
    where = f"threads/{thread}/credential-proposal" if thread else f"contacts/{contact}/credential-proposals"
    _told(Client().post(f"/didcomm/{where}", body), as_json)


@click.command()
@click.argument("thread", type=click.UUID)
@json_flag
def request(thread: str, as_json: bool) -> None:
    """Take the offer that THREAD stands at."""
    _told(Client().post(f"/didcomm/threads/{thread}/credential-request", {}), as_json)


@click.command()
@click.argument("thread", type=click.UUID)
@json_flag
def issue(thread: str, as_json: bool) -> None:
    """Issue what was asked for in THREAD and had to wait, for an approval say."""
    _told(Client().post(f"/didcomm/threads/{thread}/credential", {}), as_json)


@click.command()
@click.argument("thread", type=click.UUID)
@click.option("--comment", default="", help="Why, for whoever looks at it.")
@json_flag
def decline(thread: str, comment: str, as_json: bool) -> None:
    """End THREAD, and tell the other side."""
    _told(Client().post(f"/didcomm/threads/{thread}/problem-report", {"comment": comment}), as_json)


@click.command()
@json_flag
def credentials(as_json: bool) -> None:
    """What you hold."""
    found = Client().every("/didcomm/credentials")
    lines = [f"{one['id']}  {one['format']}  {one['type']}  {one['issuer']}" for one in found]
    show({"items": found}, as_json, "\n".join(lines))


COMMANDS = (offer, propose, request, issue, decline, credentials)
"""Verbs of the group."""
