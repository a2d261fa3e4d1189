"""`chancery iaca`: the issuing authority for mobile documents."""

import click

from agent.cli.client import Client, json_flag, show


@click.command()
@click.option("--renew", is_flag=True, help="Make a new document signer first.")
@json_flag
def iaca(renew: bool, as_json: bool) -> None:
    """Print the IACA certificate (PEM) that verifiers of this tenant's mobile documents have to trust."""
    client = Client()
    if renew:
        client.post("/document-signing/renew", {})
    answer = client.get("/document-signing")
    signer = answer["document_signer"]
    show(answer, as_json, f"{answer['iaca']['pem'].strip()}\nsigner until {signer['not_after']}: {signer['subject']}")
