"""DCQL: published queries, the ones to refuse, and matches against what a wallet presents."""

from collections.abc import Callable
from typing import Any

import pytest

from protocols.claims_path import select
from protocols.dcql import query
from protocols.dcql.query import InvalidQuery
from protocols.dcql.select import NotWhatWasAsked, require_match, require_sets
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
    claims = held.get("claims", {})
    return VerifiedCredential(held["format"], name, claims, None, None, None, None, None, checks)


def matches(asked: query.DcqlQuery, wallet: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Each credential that fits each Credential Query, with the claims that answer it."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in asked.credentials:
        for held in wallet:
            try:
                claims = require_match(one, credential(held))
            except NotWhatWasAsked:
                continue
            answer = {"credential": held["id"], "claims": [list(claim.path) for claim in claims]}
            found.setdefault(one.id, []).append(answer)
    return found


def test_every_published_match_is_found_and_nothing_else(vectors: Callable[[str], Any]) -> None:
    cases = vectors("dcql/match.json")
    assert len(cases) == 23
    for case in cases:
        asked, expected = query.parse(case["query"]), case["expected"]
        found = matches(asked, case["wallet"])
        assert found == expected["matches"], case["id"]
        try:
            selection = require_sets(asked, found)
        except NotWhatWasAsked:
            selection = None
        assert (selection is not None) == expected["satisfied"], case["id"]
        assert list(selection or ()) == expected["first_option_selection"], case["id"]


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
