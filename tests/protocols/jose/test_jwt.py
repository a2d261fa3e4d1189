import json
from datetime import UTC, datetime

import pytest

from protocols.encoding import b64url
from protocols.errors import Malformed
from protocols.jose import jws, jwt

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())


def make(claims: object, typ: str | None = "a+jwt") -> str:
    header = {"alg": "ES256"} if typ is None else {"alg": "ES256", "typ": typ}
    return f"{b64url(json.dumps(header).encode())}.{b64url(json.dumps(claims).encode())}.{b64url(bytes(64))}"


def test_a_rendered_token_opens_and_verifies(new_key) -> None:
    key = new_key()
    prepared = jwt.render({"alg": "ES256", "typ": "a+jwt"}, {"iss": "joe"})
    opened = jwt.open_jwt(jws.seal(prepared, key.sign(prepared)), "a+jwt")
    jws.verify(opened.jws, key.jwk, {"ES256"})
    assert opened.claims == {"iss": "joe"}


@pytest.mark.parametrize("typ", ["b+jwt", "A+JWT", None, "JWT", "application/a+jwt"])
def test_e4_another_type_is_refused(typ: str | None) -> None:
    with pytest.raises(jwt.WrongType):
        jwt.open_jwt(make({}, typ), "a+jwt")


def test_a_set_of_types_may_hold_the_missing_one() -> None:
    jwt.open_jwt(make({}, None), {None, "JWT"})
    jwt.open_jwt(make({}, "JWT"), {None, "JWT"})
    with pytest.raises(jwt.WrongType):
        jwt.open_jwt(make({}, "kb+jwt"), {None, "JWT"})


@pytest.mark.parametrize("claims", [[], "x", 1, None])
def test_claims_are_an_object(claims: object) -> None:
    with pytest.raises(Malformed):
        jwt.open_jwt(make(claims), "a+jwt")


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"exp": SECONDS - 60}, jwt.Expired),
        ({"nbf": SECONDS + 61}, jwt.NotYetValid),
        ({"iat": SECONDS + 61}, jwt.NotYetValid),
        ({"iat": SECONDS - 361}, jwt.Stale),
        ({}, jwt.InvalidTime),
        ({"iat": "now"}, Malformed),
        ({"iat": True}, Malformed),
        ({"iat": -1}, Malformed),
        ({"iat": 1e300}, Malformed),
        ({"iat": None}, Malformed),
    ],
)
def test_times_that_forbid_use_are_refused(claims: dict, error: type[Exception]) -> None:
    with pytest.raises(error):
        jwt.require_times(claims, NOW, 60, max_age=300)


def test_required_times_must_be_there() -> None:
    with pytest.raises(jwt.InvalidTime, match="exp"):
        jwt.require_times({"iat": SECONDS}, NOW, required=("exp",))


def test_times_within_the_skew_are_fine() -> None:
    jwt.require_times({"iat": SECONDS + 60, "nbf": SECONDS + 59.5, "exp": SECONDS - 59}, NOW, 60, max_age=1)
