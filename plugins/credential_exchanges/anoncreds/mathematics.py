"""What the library does, as functions for the sandbox: JSON and bytes in and out, no object of the library's.

The library draws its own randomness. What it refuses is refused as NotProved or InvalidAnonCreds; its messages may hold
what a peer sent, and are not passed on.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import anoncreds
from anoncreds import AnoncredsError

from protocols.anoncreds import InvalidAnonCreds, NotProved
from protocols.ports.exchanges import (
    Chosen,
    Document,
    NewDefinition,
    NewRegistry,
    RegistryObjects,
    Requested,
    Revocation,
)

_SECRETS = "private", "correctness"
_LINK = "default"


def new_definition(issuer: str, schema_id: str, schema: Document, tag: str, revocable: bool) -> NewDefinition:
    """Keys for every attribute: primes are looked for, which takes seconds."""
    made, private, proof = anoncreds.CredentialDefinition.create(
        schema_id, anoncreds.Schema.load(dict(schema)), issuer, tag, "CL", support_revocation=revocable
    )
    secret = dict(zip(_SECRETS, (private.to_dict(), proof.to_dict()), strict=True))
    return NewDefinition(made.to_dict(), json.dumps(secret).encode())


def new_registry(
    identifier: str, definition_id: str, definition: Document, tag: str, size: int, tails: str, now: int
) -> NewRegistry:
    """A registry in which nothing is revoked; its tails were written to a file that is read and gone."""
    loaded, issuer = anoncreds.CredentialDefinition.load(dict(definition)), str(definition["issuerId"])
    with tempfile.TemporaryDirectory() as folder:
        made, private = anoncreds.RevocationRegistryDefinition.create(
            definition_id, loaded, issuer, tag, "CL_ACCUM", size, tails_dir_path=folder
        )
        octets = Path(made.tails_location).read_bytes()
    public = made.to_dict()
    public["value"]["tailsLocation"] = tails
    made = anoncreds.RevocationRegistryDefinition.load(public)
    first = anoncreds.RevocationStatusList.create(loaded, identifier, made, private, issuer, True, now)
    return NewRegistry(public, json.dumps(private.to_dict()).encode(), octets, first.to_dict())


def offer(schema_id: str, definition_id: str, secret: bytes) -> Document:
    """An offer."""
    proof = anoncreds.KeyCorrectnessProof.load(json.loads(secret)["correctness"])
    made: Document = anoncreds.CredentialOffer.create(schema_id, definition_id, proof).to_dict()
    return made


def issue(
    definition: NewDefinition,
    offered: Document,
    request: Document,
    values: Mapping[str, str],
    revocation: Revocation | None,
) -> Document:
    """The credential. Raises InvalidAnonCreds for a request that is not for this offer."""
    private = anoncreds.CredentialDefinitionPrivate.load(json.loads(definition.secret)["private"])
    place = None
    if revocation is not None:
        place = anoncreds.CredentialRevocationConfig(
            anoncreds.RevocationRegistryDefinition.load(dict(revocation.registry)),
            anoncreds.RevocationRegistryDefinitionPrivate.load(json.loads(revocation.secret)),
            anoncreds.RevocationStatusList.load(dict(revocation.status_list)),
            revocation.index,
        )
    try:
        made: Document = anoncreds.Credential.create(
            anoncreds.CredentialDefinition.load(dict(definition.public)),
            private,
            anoncreds.CredentialOffer.load(dict(offered)),
            anoncreds.CredentialRequest.load(dict(request)),
            dict(values),
            None,
            place,
        ).to_dict()
    except AnoncredsError:
        raise InvalidAnonCreds("the request is not for this offer") from None
    return made


def revoke(definition: Document, registry: NewRegistry, indexes: Sequence[int], now: int) -> Document:
    """The next list."""
    private = anoncreds.RevocationRegistryDefinitionPrivate.load(json.loads(registry.secret))
    made: Document = (
        anoncreds.RevocationStatusList.load(dict(registry.status_list))
        .update(
            anoncreds.CredentialDefinition.load(dict(definition)),
            anoncreds.RevocationRegistryDefinition.load(dict(registry.public)),
            private,
            None,
            list(indexes),
            now,
        )
        .to_dict()
    )
    return made


def new_link_secret() -> bytes:
    """A fresh one."""
    return str(anoncreds.create_link_secret()).encode()


def new_nonce() -> str:
    """80 bits, as the library writes them."""
    return str(anoncreds.generate_nonce())


def request(offered: Document, definition: Document, link_secret: bytes, entropy: str) -> Requested:
    """Raises InvalidAnonCreds for an offer that its definition does not fit."""
    try:
        made, metadata = anoncreds.CredentialRequest.create(
            entropy,
            None,
            anoncreds.CredentialDefinition.load(dict(definition)),
            link_secret.decode(),
            _LINK,
            anoncreds.CredentialOffer.load(dict(offered)),
        )
    except AnoncredsError:
        raise InvalidAnonCreds("the offer does not fit its definition") from None
    return Requested(made.to_dict(), json.dumps(metadata.to_dict()).encode())


def receive(
    credential: Document, secret: bytes, link_secret: bytes, definition: Document, registry: Document | None
) -> bytes:
    """Raises InvalidAnonCreds for a credential that does not hold."""
    try:
        made = anoncreds.Credential.load(dict(credential)).process(
            anoncreds.CredentialRequestMetadata.load(json.loads(secret)),
            link_secret.decode(),
            anoncreds.CredentialDefinition.load(dict(definition)),
            anoncreds.RevocationRegistryDefinition.load(dict(registry)) if registry else None,
        )
    except AnoncredsError:
        raise InvalidAnonCreds("the credential does not hold") from None
    _require_encoded(credential["values"].items())
    return json.dumps(made.to_dict()).encode()


def present(wanted: Document, chosen: Sequence[Chosen], link_secret: bytes, objects: RegistryObjects) -> Document:
    """Raises NotProved when the credentials do not fit the request."""
    entries = anoncreds.PresentCredentials()
    try:
        with tempfile.TemporaryDirectory() as folder:
            for number, one in enumerate(chosen):
                _add(entries, one, Path(folder) / str(number))
        made: Document = anoncreds.Presentation.create(
            dict(wanted),
            entries,
            {},
            link_secret.decode(),
            {name: dict(value) for name, value in objects.schemas.items()},
            {name: anoncreds.CredentialDefinition.load(dict(value)) for name, value in objects.definitions.items()},
        ).to_dict()
    except AnoncredsError:
        raise NotProved("the credentials do not fit the request") from None
    return made


def _add(entries: Any, one: Chosen, tails: Path) -> None:
    credential = anoncreds.Credential.load(json.loads(one.credential))
    proved: dict[str, Any] = {}
    if one.registry is not None and one.status_list is not None and one.tails is not None:
        tails.write_bytes(one.tails)
        registry = anoncreds.RevocationRegistryDefinition.load(dict(one.registry))
        listed = anoncreds.RevocationStatusList.load(dict(one.status_list))
        state = anoncreds.CredentialRevocationState.create(registry, listed, one.index, str(tails))
        proved = {"timestamp": one.status_list["timestamp"], "rev_state": state}
    for referent, shown in one.attributes.items():
        entries.add_attributes(credential, referent, reveal=shown, **proved)
    entries.add_predicates(credential, *one.predicates, **proved)


def verify(wanted: Document, presentation: Document, objects: RegistryObjects) -> Mapping[str, Any]:
    """What is shown. Raises NotProved."""
    try:
        proved = anoncreds.Presentation.load(dict(presentation)).verify(
            dict(wanted),
            {name: dict(value) for name, value in objects.schemas.items()},
            {name: anoncreds.CredentialDefinition.load(dict(value)) for name, value in objects.definitions.items()},
            {name: anoncreds.RevocationRegistryDefinition.load(dict(v)) for name, v in objects.registries.items()},
            [anoncreds.RevocationStatusList.load(dict(one)) for one in objects.status_lists],
        )
    except AnoncredsError:
        raise NotProved("the library refuses it") from None
    if proved is not True:
        raise NotProved("the proof does not hold")
    return _shown(wanted, presentation["requested_proof"])


def _shown(wanted: Document, proof: Mapping[str, Any]) -> Mapping[str, Any]:
    """Values by referent and attribute, all of them asked for; a predicate that holds is True."""
    if proof.get("self_attested_attrs"):
        raise NotProved("what nobody issued")
    shown: dict[str, Any] = dict.fromkeys(proof.get("predicates", {}), True)
    for referent, one in proof.get("revealed_attrs", {}).items():
        name = wanted["requested_attributes"][referent]["name"]
        _require_encoded([(name, one)])
        shown[referent] = {name: one["raw"]}
    for referent, one in (proof.get("revealed_attr_groups") or {}).items():
        _require_encoded(one["values"].items())
        shown[referent] = {name: value["raw"] for name, value in one["values"].items()}
    for referent in proof.get("unrevealed_attrs", {}):
        raise NotProved(f"attribute not shown: {referent[:50]}")
    if shown.keys() != {*wanted["requested_attributes"], *wanted["requested_predicates"]}:
        raise NotProved("not what was asked")
    return shown


def _require_encoded(values: Any) -> None:
    """The proof is over the encoding of a value: that of the one beside it. The library does not compare them."""
    for _, one in values:
        (encoded,) = anoncreds.encode_credential_attributes({"_": one["raw"]}).values()
        if encoded != one["encoded"]:
            raise NotProved("a value is not the one that was encoded")
