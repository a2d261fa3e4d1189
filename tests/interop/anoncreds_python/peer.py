"""A holder and verifier of its own on an older AnonCreds library, one JSON object a line; it reads registries over HTTP.

{"op": "request", "offer"} -> {"request"}; {"op": "receive", "credential"} -> {"values"}; {"op": "present", "request"} ->
{"presentation"}, with every attribute shown; {"op": "verify", "request", "presentation"} -> {"verified"}. What the library
refuses is {"refused"}.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import anoncreds

LINK = anoncreds.create_link_secret()
known: dict[str, Any] = {}


def read(uri: str) -> Any:
    with urlopen(uri, timeout=10) as answer:  # addresses of the test's own server
        return json.load(answer)


def request(asked: dict[str, Any]) -> dict[str, Any]:
    offer = asked["offer"]
    definition = anoncreds.CredentialDefinition.load(read(offer["cred_def_id"]))
    made, metadata = anoncreds.CredentialRequest.create(
        "entropy", None, definition, LINK, "default", anoncreds.CredentialOffer.load(offer)
    )
    known["metadata"] = metadata
    return {"request": made.to_dict()}


def receive(asked: dict[str, Any]) -> dict[str, Any]:
    credential = asked["credential"]
    definition = anoncreds.CredentialDefinition.load(read(credential["cred_def_id"]))
    registry = anoncreds.RevocationRegistryDefinition.load(read(credential["rev_reg_id"]))
    held = anoncreds.Credential.load(credential).process(known["metadata"], LINK, definition, registry)
    known["credential"] = held
    return {"values": {name: one["raw"] for name, one in held.to_dict()["values"].items()}}


def present(asked: dict[str, Any]) -> dict[str, Any]:
    wanted, held = asked["request"], known["credential"]
    listed = read(f"{held.rev_reg_id}/status-list")
    definition = read(held.rev_reg_id)
    with tempfile.TemporaryDirectory() as folder, urlopen(definition["value"]["tailsLocation"], timeout=10) as tails:
        path = Path(folder) / "tails"
        path.write_bytes(tails.read())
        state = anoncreds.CredentialRevocationState.create(
            anoncreds.RevocationRegistryDefinition.load(definition),
            anoncreds.RevocationStatusList.load(listed),
            held.rev_reg_index,
            str(path),
        )
    chosen, proved = anoncreds.PresentCredentials(), {"timestamp": listed["timestamp"], "rev_state": state}
    chosen.add_attributes(held, *wanted["requested_attributes"], reveal=True, **proved)
    chosen.add_predicates(held, *wanted["requested_predicates"], **proved)
    schemas = {held.schema_id: read(held.schema_id)}
    definitions = {held.cred_def_id: anoncreds.CredentialDefinition.load(read(held.cred_def_id))}
    made = anoncreds.Presentation.create(wanted, chosen, {}, LINK, schemas, definitions)
    return {"presentation": made.to_dict()}


def verify(asked: dict[str, Any]) -> dict[str, Any]:
    presentation = asked["presentation"]
    (used,) = presentation["identifiers"]
    registry = used["rev_reg_id"]
    proved = anoncreds.Presentation.load(presentation).verify(
        asked["request"],
        {used["schema_id"]: read(used["schema_id"])},
        {used["cred_def_id"]: anoncreds.CredentialDefinition.load(read(used["cred_def_id"]))},
        {registry: anoncreds.RevocationRegistryDefinition.load(read(registry))},
        [anoncreds.RevocationStatusList.load(read(f"{registry}/status-list?at={used['timestamp']}"))],
    )
    return {"verified": bool(proved)}


OPS = {"request": request, "receive": receive, "present": present, "verify": verify}
for line in sys.stdin:
    command = json.loads(line)
    try:
        answer = OPS[command["op"]](command)
    except anoncreds.AnoncredsError as error:
        answer = {"refused": str(error)}
    print(json.dumps(answer), flush=True)
