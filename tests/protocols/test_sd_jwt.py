"""SD-JWT: every published vector, good and bad; and what must hold for any claims."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import sd_jwt
from protocols.claims_path import ClaimsPath
from protocols.encoding import b64url, render_json
from protocols.errors import ProtocolError
from protocols.jose import jws, jwt
from protocols.jose.jwk import public
from protocols.sd_jwt import InvalidKeyBinding, InvalidSdJwt
from tests.refusals import SD_JWT

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


def test_negative_vectors_are_refused_each_for_its_own_reason(vectors: Callable[[str], Any]) -> None:
    cases = vectors("sd-jwt/negative.json")
    assert len(cases) == 31
    reasons = {}
    for case in cases:
        with pytest.raises(ProtocolError) as refusal:
            verified(case)
            pytest.fail(case["id"])
        reasons[case["id"]] = refusal.value.detail
    assert reasons == SD_JWT


def test_json_serializations_read_as_their_compact_form(vectors: Callable[[str], Any]) -> None:
    for case in vectors("sd-jwt/json_serialization.json"):
        opened = sd_jwt.parse_json_form(case["json"])
        again = sd_jwt.parse(case["compact_equivalent"])
        assert (opened.payload, opened.disclosures) == (again.payload, again.disclosures)


def test_published_disclosures_have_the_published_digests(vectors: Callable[[str], Any]) -> None:
    for case in vectors("sd-jwt/disclosures.json"):
        assert sd_jwt.digest("sha-256", case["disclosure"]) == case["digest_sha256"]
        read = sd_jwt.read_disclosure(case["disclosure"])
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


def payload_of(payload: dict[str, Any], *disclosures: str) -> sd_jwt.SdJwt:
    text = sd_jwt.assemble(jws.seal(jwt.render({"alg": "ES256"}, payload), b"x" * 64), disclosures)
    return sd_jwt.parse(text)


def disclosure(*parts: Any) -> str:
    return b64url(render_json(["salt", *parts]))


@pytest.mark.parametrize("algorithm", ["sha-256", "sha-384", "sha-512"])
def test_every_hash_algorithm_goes_all_the_way(new_key: Callable[..., Any], algorithm: str) -> None:
    holder, claims = new_key(), {"name": "Ann", "tags": ["a"]}
    paths: set[ClaimsPath] = {("name",), ("tags", 0)}
    payload, disclosures = sd_jwt.conceal(claims, paths, secrets.token_bytes, 1, algorithm)
    assert payload["_sd_alg"] == algorithm
    opened = payload_of(payload, *disclosures)
    assert sd_jwt.restore(opened) == claims
    prepared = sd_jwt.prepare_key_binding(opened.presented, "ES256", "aud", "n", NOW, opened.hash_algorithm)
    bound = sd_jwt.parse(opened.presented + jws.seal(prepared, holder.sign(prepared)))
    sd_jwt.verify_key_binding(bound, holder.jwk, "aud", "n", NOW, 60, 0, ALGORITHMS)
    another = "sha-384" if algorithm == "sha-256" else "sha-256"
    wrong = sd_jwt.prepare_key_binding(opened.presented, "ES256", "aud", "n", NOW, another)
    bound = sd_jwt.parse(opened.presented + jws.seal(wrong, holder.sign(wrong)))
    with pytest.raises(InvalidKeyBinding):
        sd_jwt.verify_key_binding(bound, holder.jwk, "aud", "n", NOW, 60, 0, ALGORITHMS)


def test_an_unknown_hash_algorithm_is_not_issued() -> None:
    with pytest.raises(InvalidSdJwt):
        sd_jwt.conceal({"a": 1}, [("a",)], secrets.token_bytes, 0, "sha-1")


def test_sd_alg_is_no_claim_to_be_issued_or_disclosed() -> None:
    with pytest.raises(InvalidSdJwt):
        sd_jwt.conceal({"_sd_alg": "x"}, [], secrets.token_bytes)
    one = disclosure("_sd_alg", "sha-512")
    assert sd_jwt.restore(payload_of({"_sd": [sd_jwt.digest("sha-256", one)]}, one)) == {}


def test_a_decoy_takes_no_place_in_an_array() -> None:
    one = disclosure("second")
    decoy = {"...": b64url(b"z" * 32)}
    opened = payload_of({"tags": [decoy, {"...": sd_jwt.digest("sha-256", one)}]}, one)
    assert sd_jwt.restore(opened) == {"tags": ["second"]}
    assert sd_jwt.choose(opened, [("tags", 0)]) == (one,)
    assert sd_jwt.choose(opened, [("tags", 1)]) == ()


def nested(disclosures: int, objects: int) -> sd_jwt.SdJwt:
    """Disclosures in disclosures, each below some plain objects."""
    texts = [disclosure("x", 1)]
    for _ in range(disclosures):
        value: dict[str, Any] = {"_sd": [sd_jwt.digest("sha-256", texts[-1])]}
        for _ in range(objects):
            value = {"y": value}
        texts.append(disclosure("x", value))
    return payload_of({"_sd": [sd_jwt.digest("sha-256", texts[-1])]}, *texts)


@pytest.mark.parametrize("read", [sd_jwt.restore, lambda opened: sd_jwt.choose(opened, [("x",)])])
def test_depth_is_bounded_across_disclosures(read: Callable[[sd_jwt.SdJwt], Any]) -> None:
    assert read(nested(5, 2))
    with pytest.raises(InvalidSdJwt):
        read(nested(200, 20))


_digests = st.sampled_from([sd_jwt.digest("sha-256", disclosure(*parts)) for parts in (("a", 1), (1,), ("b", {}))])
_hostile = st.recursive(
    _scalars | _digests,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["_sd", "...", "_sd_alg", "a", "b"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(
    st.dictionaries(st.sampled_from(["_sd", "...", "_sd_alg", "a", "b"]), _hostile, max_size=4),
    st.lists(_hostile.map(lambda value: b64url(render_json(value))), max_size=2),
    st.sets(st.sampled_from([disclosure("a", 1), disclosure(1), disclosure("b", {})])),
)
def test_hostile_payloads_are_refused_or_come_out_clean(
    payload: dict[str, Any], arbitrary: list[str], known: set[str]
) -> None:
    try:
        opened = payload_of(payload, *arbitrary, *known)
        claims = sd_jwt.restore(opened)
    except ProtocolError:
        return
    names = {name for path in every_path(claims) for name in path}
    assert names.isdisjoint({"_sd", "..."})
    assert set(sd_jwt.choose(opened, [(name,) for name in claims])) <= {one.text for one in opened.disclosures}
