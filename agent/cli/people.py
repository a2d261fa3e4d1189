"""`chancery person` and `chancery presentation`: what a person may ask for."""

from typing import Any

import click

from agent.cli.client import Client, json_flag, show, stop

_WHOM = (
    click.option("--user", type=click.UUID, help="The account."),
    click.option("--subject", help="Your own name for the person, as in `offer --subject`."),
)


def _whom(user: object, subject: str | None) -> dict[str, Any]:
    if (user is None) == (subject is None):
        stop("name the person: --user or --subject", 2)
    return {"user": str(user)} if user else {"subject": subject}


def _takes_whom(command: Any) -> Any:
    for option in _WHOM:
        command = option(command)
    return command


@click.group()
def presentation() -> None:
    """Whose a presentation is, and that it goes."""


@presentation.command()
@click.argument("presentation_id", type=click.UUID)
@_takes_whom
@json_flag
def link(presentation_id: object, user: object, subject: str | None, as_json: bool) -> None:
    """Say who presented: it is in the person's copy, and goes when the person is erased."""
    Client().post(f"/presentation-requests/{presentation_id}/subject", _whom(user, subject))
    show({"presentation_id": str(presentation_id)}, as_json, "linked")


@presentation.command(name="erase")
@click.argument("presentation_id", type=click.UUID)
@json_flag
def erase_presentation(presentation_id: object, as_json: bool) -> None:
    """Destroy the key of what was disclosed and of the reports about it, whoever presented."""
    Client().post(f"/presentation-requests/{presentation_id}/erasure", {})
    show({"presentation_id": str(presentation_id)}, as_json, "erased")


@click.group()
def person() -> None:
    """What a person may ask for: a copy of what is kept of them, and that it goes."""


@person.command(name="export")
@_takes_whom
def export_person(user: object, subject: str | None) -> None:
    """Print everything that is kept of a person, and who opened it, as JSON."""
    show(Client().post("/person-exports", _whom(user, subject)), True)


@person.command()
@_takes_whom
@click.option("--legal-basis", default="erasure", help="A code word for the record.")
@json_flag
def erase(user: object, subject: str | None, legal_basis: str, as_json: bool) -> None:
    """Ask for a person's erasure; it is done when somebody approves it."""
    answer = Client().post("/erasure-requests", {**_whom(user, subject), "legal_basis": legal_basis})
    show(answer, as_json, f"erasure {answer['id']} waits for `person approve`")


@person.command()
@click.argument("erasure", type=click.UUID)
@json_flag
def approve(erasure: object, as_json: bool) -> None:
    """Erase, for good, and print the certificate."""
    answer = Client().post(f"/erasure-requests/{erasure}/approve", {})
    show(answer, as_json)


@person.command()
@json_flag
def erasures(as_json: bool) -> None:
    """Who was to be erased, and what became of it."""
    client = Client()
    items: list[Any] = []
    after: str | None = ""
    while after is not None:
        page = client.get(f"/erasure-requests?after={after}" if after else "/erasure-requests")
        items, after = items + page["items"], page["next"]
    show({"items": items}, as_json, "\n".join(f"{one['id']}  {one['state']}  {one['requested_at']}" for one in items))
