"""Abuse cases E5 and E6: SD-JWTs made by who wants to be misread."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from plugins.credential_formats.dc_sd_jwt import DcSdJwt
from protocols import sd_jwt
from protocols.errors import ProtocolError
from protocols.ports import PluginTools
from protocols.sd_jwt import InvalidSdJwt
from tests.wallets import HolderKey, b64

KEY = HolderKey()
NOW = datetime(2026, 6, 1, tzinfo=UTC)
FORMAT = DcSdJwt(PluginTools({}, None, None, {"status_mechanisms": {}}))  # type: ignore[arg-type]  # fetches nothing


def disclosure(*parts: Any) -> str:
    return b64(json.dumps(parts).encode())


def digest(text: str) -> str:
    return b64(hashlib.sha256(text.encode()).digest())


def signed(payload: Mapping[str, Any], *disclosures: str) -> str:
    claims = {"vct": "urn:x:1", "iss": "https://issuer.example", **payload}
    token = KEY.jwt({"typ": "dc+sd-jwt"}, {name: value for name, value in claims.items() if value is not None})
    return "~".join((token, *disclosures)) + "~"


def verified(text: str) -> Mapping[str, Any]:
    """The claims, as the format plugin believes them."""
    opened = FORMAT.open(text)
    return FORMAT.verify(opened, KEY.jwk, "ES256", NOW, 60).claims


NAME = disclosure("salt", "given_name", "Erika")
OTHER = disclosure("salt", "given_name", "Max")
ELEMENT = disclosure("salt", "DE")


def recursive(depth: int) -> tuple[dict[str, Any], list[str]]:
    """A disclosure within a disclosure, so many times."""
    found = [disclosure("salt", "a", 1)]
    for _ in range(depth):
        found.append(disclosure("salt", "a", {"_sd": [digest(found[-1])]}))
    return {"_sd": [digest(found[-1])]}, found


def test_e5_what_is_honest_is_read_with_decoys_and_nesting() -> None:
    payload, disclosures = recursive(5)
    payload["_sd"].append(digest("a decoy"))
    claims = verified(signed(payload, *disclosures))
    for _ in range(5):
        claims = claims["a"]
    assert claims["a"] == 1


@pytest.mark.parametrize(
    ("payload", "disclosures"),
    [
        ({"_sd": [digest(NAME), digest(NAME)]}, [NAME]),
        ({"_sd": [digest(NAME)], "address": {"_sd": [digest(NAME)]}}, [NAME]),
        ({"_sd": [digest(NAME)]}, [NAME, NAME]),
        ({"_sd": []}, [NAME]),
        ({"_sd": [digest(NAME)]}, [NAME, OTHER]),
        ({"_sd": [digest(disclosure("salt", "_sd", []))]}, [disclosure("salt", "_sd", [])]),
        ({"_sd": [digest(disclosure("salt", "...", 1))]}, [disclosure("salt", "...", 1)]),
        ({"_sd": [digest(NAME)], "given_name": "Max"}, [NAME]),
        ({"_sd": [digest(NAME), digest(OTHER)]}, [NAME, OTHER]),
        ({"_sd": [digest(ELEMENT)]}, [ELEMENT]),
        ({"list": [{"...": digest(NAME)}]}, [NAME]),
        ({"list": [{"...": digest(ELEMENT), "more": 1}]}, [ELEMENT]),
        ({"...": digest(ELEMENT)}, [ELEMENT]),
        ({"_sd": digest(NAME)}, [NAME]),
        ({"_sd": [1]}, []),
        ({"_sd": [digest(NAME)], "_sd_alg": "md5"}, [NAME]),
        ({"_sd": [digest(NAME)], "_sd_alg": 256}, [NAME]),
        ({"_sd": [digest(disclosure("salt"))]}, [disclosure("salt")]),
        ({"_sd": [digest(disclosure(1, "a", 2))]}, [disclosure(1, "a", 2)]),
        ({"_sd": [digest("AAAA")]}, ["AAAA"]),
    ],
    ids=[
        *("digest twice", "digest in two places", "disclosure twice", "not referenced", "one not referenced"),
        *("_sd", "three dots", "name in clear", "name twice", "element as member", "member as element"),
        *("dots and more", "dots outside", "_sd no array", "digest no text", "_sd_alg", "_sd_alg no text"),
        *("short", "salt no text", "no JSON"),
    ],
)
def test_e5_what_could_be_read_two_ways_is_refused(payload: dict[str, Any], disclosures: list[str]) -> None:
    with pytest.raises(ProtocolError):
        verified(signed(payload, *disclosures))


def test_e5_a_thousand_levels_are_refused_at_once() -> None:
    payload, disclosures = recursive(990)
    with pytest.raises(InvalidSdJwt, match="too deep"):
        sd_jwt.restore(sd_jwt.parse(signed(payload, *disclosures)))
    with pytest.raises(InvalidSdJwt, match="too many"):
        sd_jwt.parse(signed({}, *([NAME] * 1001)))


@pytest.mark.parametrize("name", ["iss", "nbf", "exp", "cnf", "vct#integrity", "status"])
@pytest.mark.parametrize("hidden", [1, {"jwk": KEY.jwk}], ids=["number", "object"])
def test_e6_what_decides_about_the_credential_is_never_disclosable(name: str, hidden: Any) -> None:
    """Whoever holds it would choose whether it had expired, and who it was issued to."""
    one = disclosure("salt", name, hidden)
    payload = {"_sd": [digest(one)], name: None}
    if name == "iss":
        payload |= {"iss": None}
    with pytest.raises(ProtocolError):
        verified(signed(payload, one))


def test_e6_a_credential_whose_type_is_disclosable_has_none() -> None:
    one = disclosure("salt", "vct", "urn:x:1")
    with pytest.raises(InvalidSdJwt, match="vct"):
        FORMAT.open(signed({"vct": None, "_sd": [digest(one)]}, one))


def test_e6_a_name_that_decides_nothing_is_disclosed() -> None:
    one = disclosure("salt", "sub", "somebody")
    assert verified(signed({"_sd": [digest(one)]}, one))["sub"] == "somebody"
