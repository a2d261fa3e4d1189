import json

import base58
import pytest

from plugins.did_methods.did_key import DidKey
from protocols import did as dids
from protocols.did import InvalidDid
from protocols.errors import Malformed
from protocols.ports import PluginTools

did_key = DidKey(PluginTools({}, None, None))


async def test_published_dids_resolve(vectors) -> None:
    known = [vector for vector in vectors("did-key/valid.json") if vector["key_type"] != "BLS12381G2"]
    assert len(known) >= 6
    for vector in known:
        document = await did_key.resolve(vector["did"])
        keys = dids.keys(document, "authentication")
        assert keys == {vector["verification_method_id"]: vector["public_key"]}
        agreement = list(dids.keys(document, "keyAgreement"))
        if "key_agreement_id" in vector:
            assert agreement == [vector["key_agreement_id"]]
        else:
            assert agreement == ([] if vector["key_type"] == "secp256k1" else list(keys))


async def test_g7_published_faults_are_refused(vectors) -> None:
    for vector in vectors("did-key/invalid.json"):
        with pytest.raises(InvalidDid):
            await did_key.resolve(vector["did"])


async def test_a_key_of_bls_resolves_to_its_multikey_and_gives_no_jwk(vectors) -> None:
    (bls,) = [vector for vector in vectors("did-key/valid.json") if vector["key_type"] == "BLS12381G2"]
    document = await did_key.resolve(bls["did"])
    (method,) = document.document["verificationMethod"]
    assert (method["id"], method["publicKeyMultibase"]) == (bls["verification_method_id"], bls["multibase"])
    assert document.document["assertionMethod"] == [method["id"]]
    assert dids.keys(document, "assertionMethod") == {}


def multibase(prefix: bytes, octets: bytes) -> str:
    return "did:key:z" + base58.b58encode(prefix + octets).decode()


G2 = bytes.fromhex(
    "a6d86b68f57f73dafd380415e2e4acf1092a2d16872c15f8a6a20b94cf10e9898188b679e4d6973ca08ba56d0a971279"
    "16cfb3670c0366a12fba3c9a0aeb54f898af23bc25716b6ba2d2903d0f42411ac7164f83b824f2aa98076277e3f1200e"
)


@pytest.mark.parametrize(
    "octets", [G2[:-1], G2 + b"\0", G2[:-1] + b"\1", b"\xc0" + bytes(95), b"\x80" + bytes(95), bytes(96)]
)
async def test_g7_a_point_that_is_not_of_the_group_is_refused(octets: bytes) -> None:
    with pytest.raises(InvalidDid):
        await did_key.resolve(multibase(b"\xeb\x01", octets))


P256 = {
    "kty": "EC",
    "crv": "P-256",
    "x": "igrFmi0whuihKnj9R3Om1SoMph72wUGeFaBbzG2vzns",
    "y": "efsX5b10x8yjyrj4ny3pGfLcY7Xby1KzgqOdqnsrJIM",
}


async def test_a_canonical_jwk_is_its_own_did(vectors) -> None:
    made = await did_key.create({"0": P256}, {"codec": "jwk_jcs-pub"})
    assert made == await did_key.resolve(made.id)
    assert made.id.startswith("did:key:z2dmzD81cgPx8Vki7JbuuMmFYrWPgYoytykUZ3eyqht1j9K")  # as EBSI's all begin
    assert list(dids.keys(made, "authentication").values()) == [P256]
    for vector in vectors("did-key/valid.json"):
        if vector["key_type"] != "BLS12381G2":
            other = await did_key.create({"0": vector["public_key"]}, {"codec": "jwk_jcs-pub"})
            assert vector["public_key"] in [one["publicKeyJwk"] for one in other.document["verificationMethod"]]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({**P256, "d": P256["x"]}, separators=(",", ":"), sort_keys=True),
        json.dumps({**P256, "kid": "1"}, separators=(",", ":"), sort_keys=True),
        json.dumps(P256, separators=(",", ":")),
        json.dumps(P256, sort_keys=True),
        json.dumps({**P256, "y": P256["x"]}, separators=(",", ":"), sort_keys=True),
        '{"k":"AAAA","kty":"oct"}',
        "[]",
        "",
        "{" * 700,
    ],
)
async def test_g7_a_jwk_that_is_private_padded_or_spelled_otherwise_is_refused(text: str) -> None:
    with pytest.raises(InvalidDid):
        await did_key.resolve(multibase(b"\xd1\xd6\x03", text.encode()))


@pytest.mark.parametrize("codec", [b"\x13\x01", b"\x80\x26", b"\x86\x26", b"\x00\x00", b"\xed", b"\xea\x01"])
async def test_g7_private_and_unknown_codecs_are_refused(codec: bytes) -> None:
    with pytest.raises(InvalidDid):
        await did_key.resolve(multibase(codec, bytes(32)))


async def test_what_is_made_is_what_resolves(vectors) -> None:
    for vector in vectors("did-key/valid.json"):
        if vector["key_type"] != "BLS12381G2":
            made = await did_key.create({"0": vector["public_key"]}, {})
            assert made == await did_key.resolve(vector["did"])


async def test_an_agreement_key_signs_nothing() -> None:
    document = await did_key.resolve("did:key:z6LScqmY9kirLuY22G6CuqBjuMpoqtgWk7bahWjuxFw5xH6G")
    assert dids.keys(document, "authentication") == {}
    assert len(dids.keys(document, "keyAgreement")) == 1


async def test_two_keys_are_not_one_did(vectors) -> None:
    jwk = vectors("did-key/valid.json")[0]["public_key"]
    with pytest.raises(Malformed):
        await did_key.create({"0": jwk, "1": jwk}, {})
