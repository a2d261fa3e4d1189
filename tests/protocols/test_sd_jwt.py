"""SD-JWT: every published vector, good and bad; and what must hold for any claims."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import sd_jwt
from protocols.errors import ProtocolError
from protocols.jose import jws, jwt
from protocols.jose.jwk import public
from protocols.sd_jwt import InvalidSdJwt

ALGORITHMS = ("ES256", "ES384", "EdDSA")
NOW = datetime(2025, 6, 1, tzinfo=UTC)


def verified(case: dict[str, Any], now: datetime = NOW) -> dict[str, Any]:
    """What a verifier does with a presentation, without a credential type above it."""
    wanted = case.get("verify_with") or {}
    opened = sd_jwt.parse(case["sd_jwt"])
    jws.verify(opened.jws, public(case["issuer_jwk"]), ALGORITHMS)
    claims = sd_jwt.restore(opened)
    moment = datetime.fromtimestamp(wanted.get("now", (case.get("kb") or {}).get("iat", now.timestamp())), UTC)
    jwt.require_times(claims, moment, skew=0)
    kb = case.get("kb") or {"aud": "https://verifier.example.org", "nonce": "1234567890"} | wanted
    if opened.key_binding is not None or kb.get("kb_required"):
        holder = claims.get("cnf", {}).get("jwk")
        if holder is None:
            raise InvalidSdJwt("no cnf")
        everything = 10**10
        sd_jwt.verify_key_binding(opened, public(holder), kb["aud"], kb["nonce"], moment, everything, 60, ALGORITHMS)
    return claims


def test_valid_vectors_give_exactly_the_processed_payload(vectors: Callable[[str], Any]) -> None:
    cases = vectors("sd-jwt/valid.json") + vectors("sd-jwt-vc/valid.json")
    assert len(cases) == 14
    for case in cases:
        assert verified(case) == case["processed_payload"], case["id"]


def test_negative_vectors_are_refused(vectors: Callable[[str], Any]) -> None:
    cases = vectors("sd-jwt/negative.json")
    assert len(cases) == 31
    for case in cases:
        with pytest.raises(ProtocolError):
            verified(case)
            pytest.fail(case["id"])


def test_json_serializations_read_as_their_compact_form(vectors: Callable[[str], Any]) -> None:
    for case in vectors("sd-jwt/json_serialization.json"):
        opened = sd_jwt.parse_json_form(case["json"])
        again = sd_jwt.parse(case["compact_equivalent"])
        assert (opened.payload, opened.disclosures) == (again.payload, again.disclosures)


def test_published_disclosures_have_the_published_digests(vectors: Callable[[str], Any]) -> None:
    for case in vectors("sd-jwt/disclosures.json"):
        assert sd_jwt._digest("sha-256", case["disclosure"]) == case["digest_sha256"]
        read = sd_jwt._read_disclosure(case["disclosure"])
        assert read.value == case["contents"][-1]


_scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20)
_names = st.text(min_size=1, max_size=10).filter(lambda name: name not in ("_sd", "...", "_sd_alg"))
_claims = st.dictionaries(
    _names,
    st.recursive(
        _scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=5,
)


def every_path(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for name, inner in items for found in ((*path, name), *every_path(inner, (*path, name)))]


@given(_claims, st.data())
def test_what_is_concealed_comes_back_whole(claims: dict[str, Any], data: st.DataObject) -> None:
    paths = every_path(claims)
    chosen = data.draw(st.sets(st.sampled_from(paths))) if paths else set()
    payload, disclosures = sd_jwt.conceal(claims, chosen, secrets.token_bytes, decoys=2)
    text = sd_jwt.assemble(jws.seal(jwt.render({"alg": "ES256"}, payload), b"x" * 64), disclosures)
    opened = sd_jwt.parse(text)
    assert len(disclosures) == len(chosen)
    assert sd_jwt.restore(opened) == claims
    kept = sd_jwt.choose(opened, chosen)
    assert set(kept) == set(disclosures)


@given(_claims)
def test_nothing_is_disclosed_without_its_disclosure(claims: dict[str, Any]) -> None:
    payload, _ = sd_jwt.conceal(claims, [(name,) for name in claims], secrets.token_bytes)
    text = sd_jwt.assemble(jws.seal(jwt.render({"alg": "ES256"}, payload), b"x" * 64), ())
    assert sd_jwt.restore(sd_jwt.parse(text)) == {}


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda data: data.decode("latin-1")))
def test_no_text_breaks_the_parser(text: str) -> None:
    for form in (text, f"{text}~", f"a.b.c~{text}~"):
        with pytest.raises(ProtocolError):
            sd_jwt.parse(form)


def test_choosing_a_claim_brings_its_parents_and_nothing_beside_it() -> None:
    claims = {"address": {"street": "1 Main", "town": "X"}, "name": "Ann", "tags": ["a", "b"]}
    disclosable = [("address",), ("address", "street"), ("address", "town"), ("name",), ("tags", None)]
    payload, disclosures = sd_jwt.conceal(claims, disclosable, secrets.token_bytes)
    issuer_jwt = jws.seal(jwt.render({"alg": "ES256"}, payload), b"x" * 64)
    opened = sd_jwt.parse(sd_jwt.assemble(issuer_jwt, disclosures))
    kept = sd_jwt.choose(opened, [("address", "street"), ("tags", 1)])
    shown = sd_jwt.restore(sd_jwt.parse(sd_jwt.assemble(issuer_jwt, kept)))
    assert shown == {"address": {"street": "1 Main"}, "tags": ["b"]}


def test_reserved_names_are_not_issued() -> None:
    with pytest.raises(InvalidSdJwt):
        sd_jwt.conceal({"a": {"_sd": []}}, [("a",)], secrets.token_bytes)
