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


async def test_published_faults_are_refused(vectors) -> None:
    for vector in vectors("did-key/invalid.json"):
        with pytest.raises(InvalidDid):
            await did_key.resolve(vector["did"])


async def test_a_key_that_we_cannot_use_is_refused(vectors) -> None:
    (bls,) = [vector for vector in vectors("did-key/valid.json") if vector["key_type"] == "BLS12381G2"]
    with pytest.raises(InvalidDid):
        await did_key.resolve(bls["did"])


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
