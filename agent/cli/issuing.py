"""`chancery offer` and `cancel`, and what becomes of credentials: `revoke`, `suspend`, `reinstate`, `message`."""

import json
from typing import Any, TextIO

import click

from agent.cli.client import Client, json_flag, show, stop


@click.command()
@click.argument("configurations", nargs=-1, required=True)
@click.option(
    "--claims", type=click.File("r", encoding="utf-8"), help="JSON file with the claims; - is standard input."
)
@click.option("--tx-code", is_flag=True, help="Ask the wallet's user for a transaction code.")
@click.option(
    "--grant", type=click.Choice(["pre-authorized_code", "authorization_code"]), default="pre-authorized_code"
)
@click.option("--by-value", is_flag=True, help="Put the whole offer into the link.")
@click.option("--expires-in", type=click.IntRange(30, 604_800), help="Seconds until it can be taken no more.")
@click.option("--subject", help="Your own name for the person, kept only as a blind index: erases with it.")
@json_flag
def offer(
    configurations: tuple[str, ...],
    claims: TextIO | None,
    tx_code: bool,
    grant: str,
    by_value: bool,
    expires_in: int | None,
    subject: str | None,
    as_json: bool,
) -> None:
    """Offer a credential of each of CONFIGURATIONS to whoever opens the printed link."""
    body: dict[str, Any] = {
        "credential_configuration_ids": list(configurations),
        "tx_code": tx_code,
        "grant": grant,
        "by_value": by_value,
    }
    if expires_in:
        body["expires_in"] = expires_in
    if subject:
        body["subject"] = subject
    if claims:
        try:
            body["claims"] = json.load(claims)
        except ValueError:
            stop("the claims file is not JSON", 2)
    made = Client().post("/credential-offers", body)
    told = ("credential_offer_uri", "tx_code", "issuance_id", "evidence_uri")
    answer = {name: made[name] for name in told if name in made}
    code = f"\ntransaction code: {answer['tx_code']}" if answer["tx_code"] else ""
    code += f"\nto present before: {answer['evidence_uri']}" if "evidence_uri" in answer else ""
    show(answer, as_json, f"{answer['credential_offer_uri']}{code}\nissuance: {answer['issuance_id']}")


@click.command()
@click.argument("issuance")
@json_flag
def cancel(issuance: str, as_json: bool) -> None:
    """Take back the offer of ISSUANCE, as long as nothing was issued of it."""
    Client().delete(f"/credential-offers/{issuance}")
    show({"cancelled": issuance}, as_json, f"cancelled {issuance}")


@click.command()
@click.argument("credentials", nargs=-1, required=True)
@click.option("--reason", default="unspecified", help="A code word for the record.")
@json_flag
def revoke(credentials: tuple[str, ...], reason: str, as_json: bool) -> None:
    """Revoke CREDENTIALS for ever (their ids, or the ids of the issuances they came from)."""
    _change("revoke", credentials, reason, as_json)


@click.command()
@click.argument("credentials", nargs=-1, required=True)
@click.option("--reason", default="unspecified", help="A code word for the record.")
@json_flag
def suspend(credentials: tuple[str, ...], reason: str, as_json: bool) -> None:
    """Suspend CREDENTIALS until they are reinstated."""
    _change("suspend", credentials, reason, as_json)


@click.command()
@click.argument("credentials", nargs=-1, required=True)
@click.option("--reason", default="unspecified", help="A code word for the record.")
@json_flag
def reinstate(credentials: tuple[str, ...], reason: str, as_json: bool) -> None:
    """Make suspended CREDENTIALS valid again."""
    _change("reinstate", credentials, reason, as_json)


def _change(verb: str, credentials: tuple[str, ...], reason: str, as_json: bool) -> None:
    answer = Client().post(f"/credentials/{verb}", {"credentials": list(credentials), "reason": reason})
    show(answer, as_json, f"{verb}: {', '.join(answer['credentials'])}")


@click.command()
@click.argument("credential")
@click.argument("value", type=click.IntRange(0, 255))
@click.option("--reason", default="unspecified", help="A code word for the record.")
@json_flag
def message(credential: str, value: int, reason: str, as_json: bool) -> None:
    """Have the list of messages say the message of number VALUE of CREDENTIAL."""
    Client().post(f"/credentials/{credential}/message", {"value": value, "reason": reason})
    show({"credential": credential, "value": value}, as_json, f"message {value}: {credential}")
