"""E13: what is signed as JSON is what is read as JSON (RFC 8785)."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from protocols.data_integrity import ProofTransformationError, hashing
from protocols.encoding import parse_json
from protocols.errors import Malformed


def test_every_published_file(vectors_folder: Path) -> None:
    found = sorted((vectors_folder / "jcs" / "input").glob("*.json"))
    for path in found:
        canonical = rfc8785.dumps(json.loads(path.read_text(encoding="utf-8")))
        assert canonical == (vectors_folder / "jcs" / "output" / path.name).read_bytes().rstrip(b"\n"), path.name
        octets = bytes.fromhex((vectors_folder / "jcs" / "outhex" / f"{path.stem}.txt").read_text())
        assert canonical == octets
    assert len(found) == 6


def test_every_published_number(vectors_folder: Path) -> None:
    numbers = json.loads((vectors_folder / "jcs" / "numbers.json").read_text())["numbers"]
    for one in numbers:
        (value,) = struct.unpack(">d", bytes.fromhex(one["ieee754_hex"]))
        if one["expected"] is None or one["expected"] == "error":
            continue
        assert rfc8785.dumps(value).decode() == one["expected"]
    assert len(numbers) >= 24


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, -(2**53), "\ud800", {"a": ["\udfff"]}], ids=repr)
def test_e13_what_jcs_cannot_say_is_not_signed(value: Any) -> None:
    with pytest.raises(ProofTransformationError):
        hashing.jcs_hashes({"claim": value}, {}, "sha256")


@pytest.mark.parametrize(
    "text", [b'{"a": 1, "a": 2}', b'{"a": NaN}', b'{"a": 1e400}', b'{"a": "\\ud800"}', b'{"a": 18446744073709551616}']
)
def test_e13_what_would_be_read_otherwise_is_not_read(text: bytes) -> None:
    with pytest.raises(Malformed):
        parse_json(text)


def test_e13_two_spellings_of_one_number_are_one_signature() -> None:
    one, other = parse_json(b'{"n": 1.0, "m": 1e2}'), parse_json(b'{"m": 100, "n": 1}')
    assert hashing.jcs_hashes(one, {}, "sha256") == hashing.jcs_hashes(other, {}, "sha256")
    composed, decomposed = {"n": "\u00e9"}, {"n": "e\u0301"}
    assert hashing.jcs_hashes(composed, {}, "sha256") != hashing.jcs_hashes(decomposed, {}, "sha256")
