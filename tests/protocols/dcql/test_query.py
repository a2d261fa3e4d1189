"""DCQL queries that are stored and read back."""

import pytest

from protocols.dcql.query import InvalidQuery, parse, read_back


def test_a_stored_query_is_read_back_as_it_was_parsed() -> None:
    sent = {"credentials": [{"id": "pid", "format": "dc+sd-jwt", "meta": {}, "claims": [{"path": ["given_name"]}]}]}
    assert read_back(dict(reversed(parse(sent).sent.items()))) == parse(sent)
    with pytest.raises(InvalidQuery):
        read_back({"credentials": []})
