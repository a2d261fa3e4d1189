"""AnonCreds 1.0 (CL signatures), through the AnonCreds library: `ports.ExchangesCredentials`.

All of it is the library's mathematics, done in the sandbox.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from plugins.credential_exchanges.anoncreds import mathematics
from protocols.anoncreds import parse_identifiers, parse_schema
from protocols.anoncreds.errors import InvalidAnonCreds, NotProved
from protocols.encoding import render_json
from protocols.ports import PluginTools, Sandboxed
from protocols.ports.exchanges import Chosen, Document, NewDefinition, NewRegistry, RegistryObjects, Revocation

_KEYS, _ACT = 900.0, 60.0
"""Seconds that making keys may take, and anything else."""


def _same(value: Any) -> Any:
    return value


class AnonCreds:
    """Issues, holds, presents and verifies AnonCreds credentials."""

    identifier: ClassVar[str] = "anoncreds"

    def __init__(self, tools: PluginTools) -> None:
        """Needs no tools: objects of registries are handed in."""

    def new_schema(self, issuer: str, name: str, version: str, attributes: Sequence[str]) -> Document:
        """Raises InvalidAnonCreds."""
        made = {"issuerId": issuer, "name": name, "version": version, "attrNames": list(attributes)}
        parse_schema(render_json(made), f"{issuer}/anoncreds/schemas/new")
        return made

    def new_definition(self, issuer: str, schema_id: str, schema: Document, tag: str, revocable: bool) -> Sandboxed:
        """A NewDefinition; makes keys, which takes long."""
        return Sandboxed(mathematics.new_definition, (issuer, schema_id, schema, tag, revocable), _same, _KEYS)

    def new_registry(
        self, identifier: str, definition_id: str, definition: Document, tag: str, size: int, tails: str, now: int
    ) -> Sandboxed:
        """A NewRegistry; makes a file of 256 octets for each credential."""
        arguments = (identifier, definition_id, definition, tag, size, tails, now)
        return Sandboxed(mathematics.new_registry, arguments, _same, _KEYS)

    def offer(self, schema_id: str, definition_id: str, secret: bytes) -> Sandboxed:
        """An offer."""
        return Sandboxed(mathematics.offer, (schema_id, definition_id, secret), _same, _ACT)

    def issue(
        self,
        definition: NewDefinition,
        offer: Document,
        request: Document,
        values: Mapping[str, str],
        revocation: Revocation | None,
    ) -> Sandboxed:
        """The credential. Raises InvalidAnonCreds."""
        if not all(isinstance(request.get(name), dict) for name in ("blinded_ms", "blinded_ms_correctness_proof")):
            raise InvalidAnonCreds("credential request")
        if request.get("cred_def_id") != offer["cred_def_id"]:
            raise InvalidAnonCreds("the request is for another definition")
        return Sandboxed(mathematics.issue, (definition, offer, request, values, revocation), _same, _ACT)

    def revoke(self, definition: Document, registry: NewRegistry, indexes: Sequence[int], now: int) -> Sandboxed:
        """The next status list."""
        return Sandboxed(mathematics.revoke, (definition, registry, tuple(indexes), now), _same, _ACT)

    def new_link_secret(self) -> Sandboxed:
        """A link secret."""
        return Sandboxed(mathematics.new_link_secret, (), _same, _ACT)

    def request(self, offer: Document, definition: Document, link_secret: bytes, entropy: str) -> Sandboxed:
        """A Requested. Raises InvalidAnonCreds."""
        return Sandboxed(mathematics.request, (offer, definition, link_secret, entropy), _same, _ACT)

    def receive(
        self,
        credential: Document,
        secret: bytes,
        link_secret: bytes,
        definition: Document,
        registry: Document | None,
    ) -> Sandboxed:
        """The credential as it is kept. Raises InvalidAnonCreds."""
        if not isinstance(credential.get("values"), dict) or not isinstance(credential.get("signature"), dict):
            raise InvalidAnonCreds("credential")
        return Sandboxed(mathematics.receive, (credential, secret, link_secret, definition, registry), _same, _ACT)

    def present(
        self, request: Document, chosen: Sequence[Chosen], link_secret: bytes, objects: RegistryObjects
    ) -> Sandboxed:
        """A presentation. Raises NotProved."""
        return Sandboxed(mathematics.present, (request, tuple(chosen), link_secret, objects), _same, _ACT)

    def new_nonce(self) -> Sandboxed:
        """A nonce."""
        return Sandboxed(mathematics.new_nonce, (), _same, _ACT)

    def verify(self, request: Document, presentation: Document, objects: RegistryObjects) -> Sandboxed:
        """What is shown, by referent. Raises NotProved."""
        parse_identifiers(presentation)
        if not isinstance(presentation.get("requested_proof"), dict) or not isinstance(presentation.get("proof"), dict):
            raise NotProved("presentation")
        return Sandboxed(mathematics.verify, (request, presentation, objects), _same, _ACT)
