import base58
import pytest

from plugins.did_methods.did_peer import DidPeer
from protocols import did as dids
from protocols.did import DidNotFound, InvalidDid, peer
from protocols.didcomm import routing
from protocols.encoding import b64url, render_json
from protocols.errors import Malformed
from protocols.ports import PluginTools

did_peer = DidPeer(PluginTools({}, None, None))
VERIFY, AGREE = "z6Mkj3PUd1WjvaDhNZhhhXQdz5UnZXmS7ehtx8bsPpD47kKc", "z6LSg8zQom395jKLrGiBNruB9MM6V8PWuf2FpEy4uRFiqQBR"


def published(vectors) -> dict:
    return vectors("didcomm/did-peer/vectors.json")


async def test_the_published_did_of_method_2_resolves(vectors) -> None:
    for vector in published(vectors)["method2"]:
        assert (await did_peer.resolve(vector["did"])).document == vector["document"]


async def test_the_published_dids_of_method_3_are_of_their_method_2(vectors) -> None:
    (vector,) = published(vectors)["method3"]
    short, long = vector["did_peer_3"], vector["did_peer_2"]
    assert peer.short_forms(long) == (short,)
    assert peer.short_document(short, long).id == short
    with pytest.raises(DidNotFound):
        await did_peer.resolve(short)
    with pytest.raises(InvalidDid):
        peer.short_document(short, published(vectors)["method2"][0]["did"])


async def test_the_published_did_of_method_0_is_its_did_key(vectors) -> None:
    (vector,) = published(vectors)["method0"]
    document = await did_peer.resolve(vector["did"])
    name = vector["did_key"].removeprefix("did:key:")
    assert list(dids.keys(document, "authentication")) == [f"{vector['did']}#{name}"]
    assert len(dids.keys(document, "keyAgreement")) == 1


async def test_the_published_dids_of_method_4_are_made_and_resolve_long_and_short(vectors) -> None:
    listed = published(vectors)["method4"]
    assert len(listed) >= 7
    for vector in listed:
        assert (await did_peer.resolve(vector["long"])).document == vector["resolved_long"]
        assert peer.short_forms(vector["long"]) == (vector["short"],)
        assert peer.short_document(vector["short"], vector["long"]).document == vector["resolved_short"]
        assert peer.is_short(vector["short"])
        assert not peer.is_short(vector["long"])
        assert peer.long_form(vector["input_document"]) == vector["long"]


async def test_published_faults_of_method_1_are_refused(vectors) -> None:
    for name, text in vectors("didcomm/did-peer/level-1-syntax.json").items():
        if name.startswith("bad-"):
            with pytest.raises(InvalidDid):
                await did_peer.resolve(text.strip())
        elif name.startswith("good-"):
            with pytest.raises(DidNotFound):
                await did_peer.resolve(text.strip())


def test_a_genesis_document_is_of_the_did_that_is_its_hash() -> None:
    stored = render_json({"@context": "https://www.w3.org/ns/did/v1", "authentication": []})
    did = "did:peer:1" + peer._multihash(stored)
    assert peer.genesis_document(did, stored).document["id"] == did
    for broken in (stored + b" ", b"{}"):
        with pytest.raises(InvalidDid):
            peer.genesis_document(did, broken)


def service(stated: object) -> str:
    return ".S" + b64url(render_json(stated))


@pytest.mark.parametrize(
    "stated",
    [
        {"t": "dm", "s": "https://a.example/in", "r": ["did:example:m#1"], "a": ["didcomm/v2"]},
        {"t": "dm", "s": {"uri": "https://a.example/in", "r": ["did:example:m#1"], "a": ["didcomm/v2"]}},
        {"t": "dm", "s": [{"uri": "https://a.example/in", "r": ["did:example:m#1"], "a": ["didcomm/v2"]}]},
        [{"t": "dm", "s": {"uri": "https://a.example/in", "routingKeys": ["did:example:m#1"]}}],
    ],
)
async def test_endpoints_of_every_year_are_understood(stated: object) -> None:
    document = await did_peer.resolve(f"did:peer:2.V{VERIFY}.E{AGREE}{service(stated)}")
    assert routing.endpoints(document) == (routing.Endpoint("https://a.example/in", ("did:example:m#1",)),)


async def test_a_key_is_found_by_its_number_and_by_what_it_is() -> None:
    did = f"did:peer:2.V{VERIFY}.E{AGREE}"
    document = await did_peer.resolve(did)
    for fragment in ("key-2", AGREE, AGREE[1:]):
        assert dids.find_key(document, "keyAgreement", f"{did}#{fragment}"), fragment
        assert dids.find_key(document, "authentication", f"{did}#{fragment}") is None
    for kid in (f"{did}#key-3", f"{did}#6LS", f"did:peer:2.V{VERIFY}#{AGREE}", "#key-2"):
        assert dids.find_key(document, "keyAgreement", kid) is None


def long(encoded: bytes) -> str:
    text = "z" + base58.b58encode(encoded).decode()
    return f"did:peer:4{peer._hash(text)}:{text}"


@pytest.mark.parametrize(
    "did",
    [
        "did:peer:5z6Mk",
        "did:peer:2",
        "did:peer:2.",
        "did:peer:0z6Mk",
        f"did:peer:2.X{VERIFY}",
        f"did:peer:2.V{VERIFY[:-1]}",
        f"did:peer:2.V{VERIFY}.S%%%",
        f"did:peer:2.V{VERIFY}.S{b64url(b'[1]')}",
        f"did:peer:2.V{VERIFY}.S{b64url(b'nonsense')}",
        "did:peer:2" + f".V{VERIFY}" * 41,
        long(b"{}"),
        long(b"\x80\x04[]"),
        long(b'\x80\x04{"id":"did:example:a"}'),
        long(b'\x80\x04{"authentication":{}}'),
        long(b"\x80\x04{}")[:-1],
        long(b"\x80\x04" + b"[" * 7000),
        "did:peer:4zQmd8CpeFPci817KDsbSAKWcXAE2mjvCQSasRewvbSF54Bd:z2M1k7h4psgp",
    ],
)
async def test_a_did_that_spells_no_document_is_refused(did: str) -> None:
    with pytest.raises((InvalidDid, Malformed)):
        await did_peer.resolve(did)


async def test_what_is_made_resolves(vectors) -> None:
    jwk = {"kty": "OKP", "crv": "X25519", "x": "NPb9QSnIdxy1eLxJtYkWyY1r6GMdw6jEhlkkFzvbnQM"}
    made = await did_peer.create(
        {"k": jwk},
        {
            "relationships": {"k": ["keyAgreement"]},
            "services": [{"id": "dm", "type": "DIDCommMessaging", "serviceEndpoint": {"uri": "https://a.example"}}],
        },
    )
    assert made == await did_peer.resolve(made.id)
    assert dids.keys(made, "keyAgreement") == {f"{made.id}#k": jwk}
    with pytest.raises(Malformed):
        await did_peer.create({}, {})
    with pytest.raises(Malformed):
        peer.long_form({"id": "did:example:a"})


def test_a_service_may_lead_to_a_mediators_did_and_the_rest_is_relative() -> None:
    mediator = "did:peer:2.Ez6LSg8zQom395jKLrGiBNruB9MM6V8PWuf2FpEy4uRFiqQBR"
    made = peer.long_form({"service": [{"id": "#s", "type": "DIDCommMessaging", "serviceEndpoint": {"uri": mediator}}]})
    assert peer.document(made).document["service"][0]["serviceEndpoint"]["uri"] == mediator
    for wrong in (
        {"service": [{"id": f"{mediator}#s"}]},
        {"authentication": [f"{mediator}#key-1"]},
        {"verificationMethod": [{"id": "#1", "controller": mediator}]},
    ):
        with pytest.raises(Malformed):
            peer.long_form(wrong)
