"""CBOR Web Tokens: types, claims and times."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from protocols.cose import Tag, decode, encode, seal, verify
from protocols.cose.algorithms import ALGORITHMS
from protocols.cose.cwt import EXP, IAT, NBF, SUB, InvalidCwt, open_cwt, prepare_cwt, require_times, time_of
from protocols.cose.sign1 import TYP

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECONDS = int(NOW.timestamp())


def made(new_key: Callable[..., Any], claims: Any, typ: str = "application/statuslist+cwt") -> tuple[bytes, Any]:
    key = new_key()
    prepared = prepare_cwt(claims, "ES256", protected={TYP: typ})
    return encode(Tag(61, Tag(18, seal(prepared, key.sign(prepared.payload))))), key


def test_a_token_is_read_and_verified(new_key: Callable[..., Any]) -> None:
    token, key = made(new_key, {SUB: "https://example.com", IAT: SECONDS})
    opened = open_cwt(token, "application/statuslist+cwt")
    verify(opened.sign1, key.jwk, ALGORITHMS)
    assert opened.claims[SUB] == "https://example.com"
    assert time_of(opened.claims, IAT) == NOW
    assert open_cwt(encode(decode(token).value)).claims == opened.claims


def test_another_type_is_refused(new_key: Callable[..., Any]) -> None:
    token, _ = made(new_key, {})
    with pytest.raises(InvalidCwt):
        open_cwt(token, "other")


@pytest.mark.parametrize("claims", [{EXP: SECONDS - 61}, {NBF: SECONDS + 61}, {IAT: SECONDS + 61}, {EXP: "x"},
                                    {EXP: True}, {EXP: 1e300}, {EXP: float("nan")}, {}])  # fmt: skip
def test_times_that_do_not_hold_are_refused(claims: Any) -> None:
    with pytest.raises(InvalidCwt):
        require_times(claims, NOW, required=() if claims else (EXP,))


def test_times_within_the_skew_hold() -> None:
    require_times({EXP: SECONDS - 59, NBF: SECONDS + 59, IAT: SECONDS}, NOW)


@pytest.mark.parametrize("content", [[], None, 1])
def test_claims_are_a_map(new_key: Callable[..., Any], content: Any) -> None:
    from protocols.cose import prepare

    prepared = prepare(encode(content), "ES256")
    with pytest.raises(InvalidCwt):
        open_cwt(encode(seal(prepared, new_key().sign(prepared.payload))))
