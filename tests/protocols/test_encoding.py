import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.encoding import MAX_DEPTH, _parse_slowly, b64url, parse_b64url, parse_json, render_json
from protocols.errors import Malformed


@given(st.binary(max_size=100))
def test_bytes_make_the_round_trip(data: bytes) -> None:
    assert parse_b64url(b64url(data)) == data


@given(st.text(max_size=12) | st.text("ABab01-_+/= \n", max_size=8))
def test_text_that_is_read_is_written_the_same(text: str) -> None:
    try:
        data = parse_b64url(text)
    except Malformed:
        return
    assert b64url(data) == text


@pytest.mark.parametrize(
    "text", ["A", "AA=", "AA==", "=", "A+", "A/", "AB", "AAB", "AA AA", "AAAA\n", "é", "AAAAA", "AA\x00A", "\ud800AAA"]
)
def test_other_forms_of_base64_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        parse_b64url(text)


@given(st.integers(0, 63), st.integers(2, 3))
def test_stray_bits_are_refused(last: int, size: int) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    text = "A" * (size - 1) + alphabet[last]
    canonical = base64.urlsafe_b64encode(base64.urlsafe_b64decode(text + "=" * (-size % 4))).rstrip(b"=").decode()
    if canonical == text:
        assert len(parse_b64url(text)) == size - 1
    else:
        with pytest.raises(Malformed):
            parse_b64url(text)


@pytest.mark.parametrize("text", ['{"a":1,"a":2}', "NaN", "[Infinity]", "[" * 65 + "]" * 65, "{", "", b"\xff", "[1,]"])
def test_e3_loose_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(Malformed):
        parse_json(text)


@pytest.mark.parametrize("text", ["1e400", "-1e400", str(2**64), str(-(2**63) - 1), '"\\ud800"', '{"\\uDC00":1}'])
def test_json_that_cannot_be_written_again_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        parse_json(text)


@pytest.mark.parametrize("text", [str(2**64 - 1), str(-(2**63)), "1e300", '"\\ud83d\\ude00"', '"\\\\ud800"'])
def test_json_at_the_edge_makes_the_round_trip(text: str) -> None:
    value = parse_json(text)
    assert parse_json(render_json(value)) == value


@pytest.mark.parametrize(
    "text",
    [
        *(
            '{"a":1,"b":[true,null,1.5]}',
            '{"a": 1}',
            "-0",
            "-0.0",
            "1e5",
            "1.0",
            "18446744073709551615",
            "1e16",
            "1e-7",
        ),
        *(r'"\u0001"', r'"\u00e9"', r'"\/"', '"é"', "12345678901234567890.5", '{"":{"":[]}}', "[" * 60 + "]" * 60),
    ],
)
def test_text_that_is_read_quickly_is_read_the_same(text: str) -> None:
    quickly, slowly = parse_json(text), _parse_slowly(text)

    assert (repr(quickly), type(quickly)) == (repr(slowly), type(slowly))


@pytest.mark.parametrize(
    "text", ['{"a":1,"a":1}', '[{"a":1,"b":2,"a":1}]', '{"a":{"b":1,"b":2}}', "1e400", '"\\ud800"']
)
def test_what_orjson_would_take_is_refused_still(text: str) -> None:
    with pytest.raises(Malformed):
        parse_json(text)


@pytest.mark.parametrize("blank", ["", " "])
def test_arrays_and_objects_in_turns_nest_no_deeper_than_either_alone(blank: str) -> None:
    def nested(pairs: int) -> str:
        return blank + '[{"a":' * pairs + "1" + "}]" * pairs

    assert parse_json(nested(MAX_DEPTH // 2))
    with pytest.raises(Malformed):
        parse_json(nested(MAX_DEPTH // 2 + 1))
