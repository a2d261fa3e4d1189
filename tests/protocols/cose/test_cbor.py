"""CBOR from strangers: what is read, and what is refused within bounds."""

import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.cose.cbor import InvalidCbor, Tag, decode, embed, embedded, encode, head, unwrap

BOMBS = {
    "indefinite array": "9f01ff",
    "indefinite map": "bf0102ff",
    "indefinite bytes": "5f4101ff",
    "indefinite text": "7f6161ff",
    "an array of 2^63 items": "9b7fffffffffffffff01",
    "an array of 2^31 items": "9a7fffffff01",
    "a map of 2^32 pairs": "bb0000000100000000",
    "bytes of 2^63": "5b7fffffffffffffff01",
    "a key twice": "a201020103",
    "a text key twice": "a2616101616102",
    "a key twice, once in a longer form": "a20102180103",
    "a float that equals an integer key": "a20102fa3f80000003",
    "a float key": "a1f93c0001",
    "a boolean key": "a1f501",
    "an array key": "a1800102",
    "a null key": "a1f601",
    "a NaN key": "a1f97e0001",
    "two items": "0101",
    "nothing": "",
    "a break alone": "ff",
    "truncated": "8201",
    "a reserved length": "1c",
    "a simple value in a longer form": "f810",
    "text that is not UTF-8": "62c328",
}


@pytest.mark.parametrize("name", BOMBS)
def test_e9_cbor_outside_of_our_bounds_is_refused(name: str) -> None:
    with pytest.raises(InvalidCbor):
        decode(bytes.fromhex(BOMBS[name]))


@pytest.mark.parametrize("opening", [b"\x81", b"\xa1\x01", b"\xc6", b"\xd8\x18", b"\x82\x01"])
def test_e9_depth_is_bounded(opening: bytes) -> None:
    before = time.process_time()
    with pytest.raises(InvalidCbor):
        decode(opening * 100_000 + b"\x01")
    assert time.process_time() - before < 1


def test_e9_size_is_bounded() -> None:
    with pytest.raises(InvalidCbor, match="large"):
        decode(encode(bytes(4 * 1024 * 1024)))


@pytest.mark.parametrize(
    ("tag", "content"),
    [(0, "2020-01-01T00:00:00Z"), (1, 1.5), (2, bytes(9)), (4, [1, 2]), (30, [1, 0]), (35, "(a+)+$"), (36, "x"),
     (28, [1]), (29, 0), (258, [1, 1]), (1004, "2020-01-01"), (43000, [1, 2]), (55799, 1), (999_999, 1)],
)  # fmt: skip
def test_a_tag_is_kept_and_not_acted_on(tag: int, content: object) -> None:
    assert decode(encode(Tag(tag, content))) == Tag(tag, content)


def test_the_bytes_inside_tag_24_are_those_received() -> None:
    received = bytes.fromhex("d8184b") + bytes.fromhex("b9000161619a0000000001")[:11]
    assert embedded(decode(received)) == received[3:]
    assert embed(embedded(decode(received))) == received


@given(st.binary(max_size=300), st.integers(0, 3))
@settings(max_examples=100, deadline=None)
def test_unwrapping_says_what_decoding_says(content: bytes, cut: int) -> None:
    data = embed(content)
    assert unwrap(data) == content == embedded(decode(data))
    for spoiled in (
        data[: len(data) - 1 - cut],
        data + b"\0",
        data[:2],
        data[:3] if content else b"",
        b"\xd8\x19" + data[2:],
    ):
        with pytest.raises(InvalidCbor):
            unwrap(spoiled)


@pytest.mark.parametrize(
    "text", ["", "d8", "d818", "d81858", "d8185900", "d8185a000000", "d8185f4100ff", "d8185c", "d81861", "d8184100ff"]
)
def test_what_is_not_a_wrapped_item_is_refused(text: str) -> None:
    with pytest.raises(InvalidCbor):
        unwrap(bytes.fromhex(text))


@pytest.mark.parametrize("size", [0, 23, 24, 255, 256, 65_535, 65_536])
def test_heads_are_in_the_shortest_form(size: int) -> None:
    assert head(2, size) + bytes(size) == encode(bytes(size))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.binary() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(-(2**63), 2**63), inner),
    max_leaves=20,
)


@given(VALUES)
@settings(max_examples=150, deadline=None)
def test_what_is_encoded_is_read_again(value: object) -> None:
    try:
        assert decode(encode(value)) == value
    except InvalidCbor:
        assert depth(value) > 10


def depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((depth(one) for one in inner), default=0)


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_e9_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(InvalidCbor):
        decode(data)
