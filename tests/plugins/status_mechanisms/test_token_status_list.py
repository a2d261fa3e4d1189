"""Token Status List: published vectors, and what is written is what is read."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.status_mechanisms.token_status_list import TokenStatusList
from protocols.encoding import parse_b64url
from protocols.errors import ProtocolError
from protocols.jose import jwk as jwks
from protocols.ports import PluginTools, StatusList
from protocols.status_list import inflate
from tests.refusals import STATUS_LIST

URI = "https://example.com/statuslists/1"
NOW = datetime.fromtimestamp(1_700_000_000, UTC)
_nothing: Any = None
mechanism = TokenStatusList(PluginTools({}, _nothing, _nothing))


def listed(bits: int, packed: bytes) -> StatusList:
    return StatusList(URI, bits, packed, NOW)


def test_short_lists_read_as_published(vectors: Callable[[str], Any]) -> None:
    for case in vectors("token-status-list/encoding.json")["short"]:
        packed = inflate(parse_b64url(case["lst"]))
        assert packed.hex() == case["byte_array"]
        found = [mechanism.read(listed(case["bits"], packed), index) for index in range(len(case["statuses"]))]
        assert found == case["statuses"]


def test_large_lists_read_as_published(vectors: Callable[[str], Any]) -> None:
    for case in vectors("token-status-list/encoding.json")["appendix_c"]:
        status = listed(case["bits"], inflate(parse_b64url(case["json"]["lst"])))
        assert all(mechanism.read(status, int(index)) == value for index, value in case["statuses"].items())
        found = sum(1 for index in range(case["size"]) if mechanism.read(status, index))
        assert found == sum(1 for value in case["statuses"].values() if value)


def believed(token: str, jwk: dict[str, Any]) -> StatusList:
    opened = mechanism.open(token.encode(), URI, NOW)
    if not jwks.verify_signature(jwk, opened.algorithm, opened.signing_input, opened.signature):
        raise ProtocolError("signature")
    return opened.content


def test_the_published_token_opens_and_bad_ones_do_not(vectors: Callable[[str], Any]) -> None:
    published = vectors("token-status-list/tokens.json")
    jwk = {name: published["key"][name] for name in ("kty", "crv", "x", "y")}
    content = believed(published["status_list_token_jwt"]["compact"], jwk)
    assert mechanism.read(content, 0) == 1
    cases = vectors("token-status-list/negative.json")
    assert len(cases) == 11
    reasons = {}
    for case in cases:
        with pytest.raises(ProtocolError) as refusal:
            mechanism.read(believed(case["jwt"], jwk), case.get("idx", 0))
            pytest.fail(case["id"])
        reasons[case["id"]] = refusal.value.detail
    assert reasons == STATUS_LIST


@given(st.sampled_from([1, 2, 4, 8]), st.lists(st.tuples(st.integers(0, 31), st.integers(0, 255)), max_size=20))
def test_what_is_written_is_read(bits: int, writes: list[tuple[int, int]]) -> None:
    packed, expected = bytearray(32), dict[int, int]()
    for index, value in writes:
        mechanism.write(packed, bits, index, value % (1 << bits))
        expected[index] = value % (1 << bits)
    status = listed(bits, bytes(packed))
    assert all(mechanism.read(status, index) == expected.get(index, 0) for index in range(32))


def test_places_outside_are_refused() -> None:
    with pytest.raises(ProtocolError):
        mechanism.read(listed(1, b"\0"), 8)
    with pytest.raises(ProtocolError):
        mechanism.write(bytearray(1), 1, 8, 1)
    with pytest.raises(ValueError, match="does not fit"):
        mechanism.write(bytearray(1), 1, 7, 2)
