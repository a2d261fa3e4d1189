"""Presentation definitions: written, read within bounds, and compared with credentials."""

from typing import Any

import jsonschema_rs
import pytest

from protocols.presentation_exchange import (
    Definition,
    Descriptor,
    Field,
    InvalidDefinition,
    InvalidSubmission,
    filter_of,
    parse,
    render,
    render_submission,
    require_submission,
)

CREDENTIAL = {
    "@context": ["https://www.w3.org/2018/credentials/v1"],
    "type": ["VerifiableCredential", "Badge"],
    "credentialSubject": {"name": "Erika", "marks": [1, 2], "a b": True},
}


def satisfies(schema: Any, value: Any) -> bool:
    return bool(jsonschema_rs.is_valid(schema, value))


def asked(**descriptor: Any) -> Any:
    return {"id": "d", "input_descriptors": [{"id": "one", "constraints": {"fields": []}, **descriptor}]}


def fields(*found: Any) -> Any:
    return asked(constraints={"fields": list(found)})


def fits(definition: Any) -> bool:
    return parse(definition).descriptors[0].fits(CREDENTIAL, satisfies)


def test_what_is_written_is_read() -> None:
    paths = (("credentialSubject", "a b"), ("credentialSubject", "marks", 1))
    wanted = Descriptor("one", tuple(Field((path,), filter_of([True, 2])) for path in paths))
    definition = Definition("d", (wanted,), ("DataIntegrityProof",))
    assert parse(render(definition)) == definition


@pytest.mark.parametrize(
    ("definition", "fitting"),
    [
        (fields({"path": ["$.vc.credentialSubject.name", "$.credentialSubject.name"]}), True),
        (fields({"path": ["$['credentialSubject']['name']"], "filter": {"const": "Erika"}}), True),
        (fields({"path": ["$.credentialSubject.name"], "filter": {"const": "Max"}}), False),
        (fields({"path": ["$.credentialSubject.marks.[0]"], "filter": {"minimum": 1}}), True),
        (fields({"path": ["$.credentialSubject.marks[2]"]}), False),
        (fields({"path": ["$.credentialSubject.marks[2]"], "optional": True}), True),
        (fields({"path": ["$.type"], "filter": {"contains": {"const": "Badge"}}}), True),
        (asked(schema=[{"uri": "https://www.w3.org/2018/credentials/v1"}]), True),
        (asked(schema=[{"uri": "https://www.w3.org/ns/credentials/v2"}]), False),
    ],
)
def test_a_credential_answers_what_it_answers(definition: Any, fitting: bool) -> None:
    assert fits(definition) is fitting


@pytest.mark.parametrize(
    "definition",
    [
        None,
        {},
        {"input_descriptors": []},
        {"input_descriptors": [{}]},
        asked() | {"submission_requirements": [{"rule": "all"}]},
        asked() | {"format": {"jwt_vp": {"alg": ["ES256"]}}},
        asked(group=["A"], unknown=1),
        asked(constraints={"statuses": {}}),
        {"input_descriptors": [{"id": "a"}, {"id": "a"}]},
        {"input_descriptors": [{"id": str(number)} for number in range(9)]},
        fields({"path": []}),
        fields({"path": ["$.a"], "predicate": "required"}),
        fields({"path": ["$.a"], "filter": {"pattern": "x" * 5_000}}),
        *(fields({"path": [path]}) for path in ("a", "$..a", "$.a[*]", "$[?(@.a)]", "$.a[-1]", "$" + ".a" * 17)),
    ],
)
def test_what_is_not_known_is_refused(definition: Any) -> None:
    with pytest.raises(InvalidDefinition):
        parse(definition)


def test_a_submission_names_its_descriptor_and_its_credential() -> None:
    shown = {"presentation_submission": render_submission("s", "d", ["one"])}
    require_submission(shown, "d", "one")
    for definition, descriptor, presentation in (("e", "one", shown), ("d", "two", shown), ("d", "one", {})):
        with pytest.raises(InvalidSubmission):
            require_submission(presentation, definition, descriptor)
