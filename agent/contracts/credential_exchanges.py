"""The suite of `chancery.credential_exchanges`: formats that are issued by offer, request and credential."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import pytest

from agent.contracts.keys import ISSUER, NOW
from agent.contracts.subjects import Subject, finished, mutations
from agent.contracts.subjects import pytest_generate_tests as pytest_generate_tests
from protocols.encoding import render_json
from protocols.errors import ProtocolError
from protocols.ports.exchanges import Chosen, NewDefinition, NewRegistry, RegistryObjects, Requested, Revocation

SCHEMA_ID, DEFINITION_ID, REGISTRY_ID = (
    f"{ISSUER}/anoncreds/{kind}/1" for kind in ("schemas", "definitions", "registries")
)
AT = int(NOW.timestamp())
VALUES = {"name": "Erika", "age": "42"}


@dataclass(frozen=True, slots=True)
class Sample:
    """`revocable`: credentials can be revoked; `hidden`: a text that is not shown where it is not asked for, None in a
    format that shows everything. A presentation request is written as AnonCreds writes it, and asks for `name`."""

    revocable: bool = True
    hidden: str | None = "42"
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class World:
    """An issuer with a registry, a holder with a credential."""

    plugin: Any
    schema: Mapping[str, Any]
    definition: NewDefinition
    registry: NewRegistry | None
    link_secret: bytes
    offer: Mapping[str, Any]
    requested: Requested
    credential: Mapping[str, Any]
    held: bytes

    @property
    def objects(self) -> RegistryObjects:
        """What everybody can read."""
        registries = {REGISTRY_ID: self.registry.public} if self.registry else {}
        return RegistryObjects({SCHEMA_ID: self.schema}, {DEFINITION_ID: self.definition.public}, registries)


@cache
def world(factory: Any, revocable: bool) -> World:
    """One for all tests of a plugin: making keys takes seconds."""
    plugin = Subject("credential_exchanges", "world", factory, Sample()).built()
    schema = plugin.new_schema(ISSUER, "person", "1.0", list(VALUES))
    definition = finished(plugin.new_definition(ISSUER, SCHEMA_ID, schema, "1", revocable))
    registry, place = None, None
    if revocable:
        tails = f"{REGISTRY_ID}/tails"
        registry = finished(plugin.new_registry(REGISTRY_ID, DEFINITION_ID, definition.public, "1", 5, tails, AT))
        place = Revocation(REGISTRY_ID, registry.public, registry.secret, registry.status_list, 1)
    link_secret = finished(plugin.new_link_secret())
    offer = finished(plugin.offer(SCHEMA_ID, DEFINITION_ID, definition.secret))
    requested = finished(plugin.request(offer, definition.public, link_secret, "entropy"))
    credential = finished(plugin.issue(definition, offer, requested.request, VALUES, place))
    public = registry.public if registry else None
    held = finished(plugin.receive(credential, requested.secret, link_secret, definition.public, public))
    return World(plugin, schema, definition, registry, link_secret, offer, requested, credential, held)


def made(subject: Subject) -> World:
    """The subject's world."""
    return world(subject.factory, subject.sample.revocable)


def request(plugin: Any, **more: Any) -> dict[str, Any]:
    """Who asks for the name."""
    nonce = finished(plugin.new_nonce())
    asked = {"asked": {"name": "name"}}
    return {"name": "who", "version": "1.0", "nonce": nonce, "requested_attributes": asked} | {
        "requested_predicates": {},
        **more,
    }


def present(here: World, asked: Mapping[str, Any], status_list: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """A presentation of the name, with proof against a status list where one is named."""
    chosen = Chosen(here.held, {"asked": True})
    if status_list is not None and here.registry is not None:
        chosen = replace(
            chosen, index=1, registry=here.registry.public, status_list=status_list, tails=here.registry.tails
        )
    presentation: Mapping[str, Any] = finished(here.plugin.present(asked, (chosen,), here.link_secret, here.objects))
    return presentation


def test_it_is_called_as_it_is_installed(subject: Subject) -> None:
    """`identifier` is the name of the entry point; what is public is plain JSON, and has no secret in it."""
    assert subject.built().identifier == subject.name
    here = made(subject)
    public = render_json([here.schema, here.definition.public, here.offer, here.requested.request, here.credential])
    for secret in (here.definition.secret, here.requested.secret, here.link_secret):
        assert secret not in public


def test_what_was_issued_is_presented_and_verified(subject: Subject) -> None:
    """Who asks for one attribute sees that one."""
    here = made(subject)
    asked = request(here.plugin)
    presentation = present(here, asked)
    assert finished(here.plugin.verify(asked, presentation, here.objects)) == {"asked": {"name": "Erika"}}
    if subject.sample.hidden is not None:
        assert f'"{subject.sample.hidden}"' not in render_json(presentation).decode()


def test_a_presentation_for_another_request_is_refused(subject: Subject) -> None:
    """A ProtocolError: each request has a nonce of its own."""
    here = made(subject)
    presentation = present(here, request(here.plugin))
    with pytest.raises(ProtocolError):
        finished(here.plugin.verify(request(here.plugin), presentation, here.objects))


def test_no_changed_value_is_believed(subject: Subject) -> None:
    """A ProtocolError, wherever what is shown was changed."""
    here = made(subject)
    asked = request(here.plugin)
    presentation = present(here, asked)
    for one in mutations(presentation["requested_proof"], 8):
        with pytest.raises(ProtocolError):
            finished(here.plugin.verify(asked, {**presentation, "requested_proof": one.value}, here.objects))
            pytest.fail(one.where)


def test_a_credential_is_for_its_request_and_its_holder(subject: Subject) -> None:
    """A ProtocolError: a request is of one offer, a credential of one request, a presentation of one link secret."""
    here = made(subject)
    other = finished(here.plugin.offer(SCHEMA_ID, DEFINITION_ID, here.definition.secret))
    with pytest.raises(ProtocolError):
        finished(here.plugin.issue(here.definition, other, here.requested.request, VALUES, None))
    asking = finished(here.plugin.request(here.offer, here.definition.public, here.link_secret, "more entropy"))
    public = here.registry.public if here.registry else None
    with pytest.raises(ProtocolError):
        finished(here.plugin.receive(here.credential, asking.secret, here.link_secret, here.definition.public, public))
    changed = next(iter(mutations(here.credential["values"], 1))).value
    with pytest.raises(ProtocolError):
        finished(
            here.plugin.receive(
                {**here.credential, "values": changed},
                here.requested.secret,
                here.link_secret,
                here.definition.public,
                public,
            )
        )


def test_what_is_revoked_cannot_be_proved(subject: Subject) -> None:
    """A proof against the list before holds for that list; none is made, or believed, for the list after."""
    here = made(subject)
    if here.registry is None:
        return
    first = here.registry.status_list
    asked = request(here.plugin, non_revoked={"from": AT, "to": AT + 10})
    objects = replace(here.objects, status_lists=(first,))
    assert finished(here.plugin.verify(asked, present(here, asked, first), objects))
    following = finished(here.plugin.revoke(here.definition.public, here.registry, (1,), AT + 5))
    assert (sum(first["revocationList"]), sum(following["revocationList"])) == (0, 1)
    with pytest.raises(ProtocolError):
        late = replace(here.objects, status_lists=(following,))
        finished(here.plugin.verify(asked, present(here, asked, following), late))


def test_noise_is_a_refusal_and_no_crash(subject: Subject) -> None:
    """A ProtocolError for whatever stands in place of a request, a credential or a presentation."""
    here = made(subject)
    asked = request(here.plugin)
    public = here.registry.public if here.registry else None
    noises: tuple[dict[str, Any], ...] = (
        {},
        {"a": None},
        {"values": {}, "signature": {}},
        {"identifiers": [], "requested_proof": 7},
    )
    for noise in noises:
        with pytest.raises(ProtocolError):
            finished(here.plugin.issue(here.definition, here.offer, noise, VALUES, None))
        with pytest.raises(ProtocolError):
            finished(
                here.plugin.receive(noise, here.requested.secret, here.link_secret, here.definition.public, public)
            )
        with pytest.raises(ProtocolError):
            finished(here.plugin.verify(asked, noise, here.objects))
