"""DCQL: published queries, the ones to refuse, and matches against what a wallet presents."""

from collections.abc import Callable
from typing import Any

import pytest

from protocols.claims_path import select
from protocols.dcql import query
from protocols.dcql.query import InvalidQuery
from protocols.dcql.select import NotWhatWasAsked, require_match, require_shape
from protocols.ports import VerifiedCredential


def test_invalid_queries_are_refused(vectors: Callable[[str], Any]) -> None:
    cases = vectors("dcql/invalid_queries.json")
    assert len(cases) == 12
    for case in cases:
        with pytest.raises(InvalidQuery):
            query.parse(case["query"])
            pytest.fail(case["id"])


def credential(held: dict[str, Any]) -> VerifiedCredential:
    name = held.get("vct") or held.get("doctype") or ""
    checks = ("holder_binding",) if held.get("holder_binding", True) else ()
    return VerifiedCredential(held["format"], name, held.get("claims", {}), None, None, None, None, None, checks)


def answered(asked: query.DcqlQuery, wallet: list[dict[str, Any]]) -> bool:
    """Whether a wallet that presents all it has can satisfy the query."""
    fitting = {}
    for one in asked.credentials:
        for held in wallet:
            try:
                require_match(one, credential(held))
            except NotWhatWasAsked:
                continue
            fitting[one.id] = [held]
    try:
        require_shape(asked, fitting)
    except NotWhatWasAsked:
        return False
    return True


def test_published_matches(vectors: Callable[[str], Any]) -> None:
    cases, tried = vectors("dcql/match.json"), 0
    for case in cases:
        if any(one["format"] != "dc+sd-jwt" for one in case["query"]["credentials"]):
            continue
        try:
            asked = query.parse(case["query"])
        except InvalidQuery as error:
            assert "not supported" in error.detail, case["id"]
            continue
        tried += 1
        held = [one for one in case["wallet"] if one["format"] == "dc+sd-jwt"]
        assert answered(asked, held) == case["expected"]["satisfied"], case["id"]
    assert tried >= 12


def test_claims_paths(vectors: Callable[[str], Any]) -> None:
    published = vectors("dcql/claims_path.json")
    for case in published["cases"]:
        try:
            asked = query.parse(asking(case["path"]))
        except InvalidQuery:
            assert case["error"] in ("negative", "not-a-non-empty-array", "bad-component"), case
            continue
        found = list(select(published["credential"], asked.credentials[0].claims[0].path))
        assert found == case.get("selects", []), case


def asking(path: Any) -> dict[str, Any]:
    return {"credentials": [{"id": "a", "format": "dc+sd-jwt", "meta": {}, "claims": [{"path": path}]}]}
