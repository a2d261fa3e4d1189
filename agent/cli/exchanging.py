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
@click.option("--anoncreds", is_flag=True, help="CONFIGURATION is the id of an AnonCreds definition.")
@click.option("--format", "format_", help="The attachment format, where another than the preferred one is wanted.")
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
    anoncreds: bool,
    format_: str | None,
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
    named = "definition" if anoncreds else "credential_configuration_id"
    body: dict[str, Any] = {named: configuration, "comment": comment}
    body |= {"claims": read_json(claims)} if claims else {}
    optional = {"subject": subject, "holder": holder, "expires_in": expires_in, "format": format_}
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


@click.command("request-proof")
@click.argument("contact", type=click.UUID, required=False)
@click.option("--dcql", type=_FILE, help="JSON file with a DCQL query; - is standard input.")
@click.option("--query", help="Or the name of a stored one.")
@click.option("--anoncreds", type=_FILE, help="Or a JSON file with what AnonCreds shall show.")
@click.option("--policy", help="The verification policy that decides.")
@click.option("--proof-type", "proof_types", multiple=True, help="A proof type that the presentation may have.")
@click.option("--expires-in", type=click.IntRange(30, 604_800), default=600, help="Seconds until it is too late.")
@click.option("--comment", default="", help="Words for whoever looks at it.")
@click.option("--thread", type=click.UUID, help="Answer the proposal in this thread, and name no contact.")
@json_flag
def request_proof(
    contact: str | None,
    dcql: TextIO | None,
    query: str | None,
    anoncreds: TextIO | None,
    policy: str | None,
    proof_types: tuple[str, ...],
    expires_in: int,
    comment: str,
    thread: str | None,
    as_json: bool,
) -> None:
    """Ask CONTACT to show a credential."""
    if (contact is None) is (thread is None) or [dcql, query, anoncreds].count(None) != 2:
        raise click.UsageError("a contact or a thread; --dcql, --query or --anoncreds")
    body: dict[str, Any] = {"proof_types": list(proof_types), "expires_in": expires_in, "comment": comment}
    body |= {"dcql_query": read_json(dcql)} if dcql else {}
    body |= {"anoncreds": read_json(anoncreds)} if anoncreds else {}
    body |= {"query": query} if query else {}
    body |= {"policy": policy} if policy else {}
    where = f"threads/{thread}/proof-request" if thread else f"contacts/{contact}/proof-requests"
    _told(Client().post(f"/didcomm/{where}", body), as_json)


@click.command()
@click.argument("thread", type=click.UUID)
@click.option("--credential", "chosen", type=click.UUID, multiple=True, help="Show this one, and not whichever fits.")
@json_flag
def present(thread: str, chosen: tuple[str, ...], as_json: bool) -> None:
    """Show what THREAD asks for."""
    body = {"credentials": [str(one) for one in chosen]}
    _told(Client().post(f"/didcomm/threads/{thread}/presentation", body), as_json)


COMMANDS = (offer, propose, request, issue, decline, credentials, request_proof, present)
"""Verbs of the group."""
