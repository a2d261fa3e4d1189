import base58
import pytest

from protocols import did as dids
from protocols.did import DidDocument, DidUrl, InvalidDid, multikey
from protocols.did.document import InvalidDidDocument, parse_document
from protocols.encoding import render_json
from protocols.errors import Malformed

ED25519 = "z6Mkf5rGMoatrSj1f4CyvuHBeXJELe9RPdzo2PKGNCKVtZxP"
ALICE = "did:example:alice"


@pytest.mark.parametrize(
    "text", ["", "did", "did:", "did:example:", "DID:example:a", "did:Example:a", "did:example:a b", "did:example:%4"]
)
def test_what_is_no_did_is_refused(text: str) -> None:
    with pytest.raises(InvalidDid):
        dids.parse_did(text)


def test_a_did_url_comes_apart() -> None:
    assert dids.parse_did_url("did:web:a.example:b/c/d?versionId=1#key-1") == DidUrl(
        "did:web:a.example:b", "/c/d", "?versionId=1", "key-1"
    )


@pytest.mark.parametrize("text", ["#key-1", "did:example:a#", "did:example:a# b", "did:example:a\n#b"])
def test_what_is_no_absolute_did_url_is_refused(text: str) -> None:
    with pytest.raises(InvalidDid):
        dids.parse_did_url(text)


def method(name: str, **changes: object) -> dict[str, object]:
    return {
        "id": f"{ALICE}#{name}",
        "type": "Multikey",
        "controller": ALICE,
        "publicKeyMultibase": ED25519,
        **changes,
    }


def test_keys_are_those_of_the_relationship_by_reference_or_embedded() -> None:
    document = DidDocument(
        ALICE,
        {
            "id": ALICE,
            "verificationMethod": [method("1"), method("2"), method("3")],
            "authentication": ["#1", method("4", id="#4"), f"{ALICE}#3", f"{ALICE}#5"],
        },
    )
    assert list(dids.keys(document, "authentication")) == [f"{ALICE}#1", f"{ALICE}#4", f"{ALICE}#3"]
    assert dids.keys(document, "keyAgreement") == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"controller": "did:example:mallory"},
        {"id": "did:example:mallory#1"},
        {"publicKeyMultibase": "zzz"},
        {"publicKeyJwk": {"kty": "OKP", "crv": "Ed25519", "x": "CV-aGlld3nVdgnhoZK0D36Wk-9aIMlZjZOK2XhPMnkQ"}},
        {"type": "Ed25519VerificationKey2020", "publicKeyMultibase": 7},
    ],
)
def test_a_method_that_is_not_plainly_the_subjects_gives_no_key(changes: dict[str, object]) -> None:
    document = DidDocument(ALICE, {"id": ALICE, "authentication": [method("1", **changes)]})
    assert dids.keys(document, "authentication") == {}


def test_a_key_of_2018_is_read_without_prefix() -> None:
    old = {
        "id": f"{ALICE}#1",
        "type": "Ed25519VerificationKey2018",
        "controller": ALICE,
        "publicKeyBase58": base58.b58encode(base58.b58decode(ED25519[1:])[2:]).decode(),
    }
    assert dids.public_jwk(old) == multikey.decode(ED25519)


@pytest.mark.parametrize("octets", [b"\x01" + bytes(31), b"\xec" + b"\xff" * 30 + b"\x7f", b"\x02" + bytes(31)])
def test_an_ed25519_key_that_is_no_useful_point_is_refused(octets: bytes) -> None:
    with pytest.raises(Malformed):
        multikey.decode("z" + base58.b58encode(b"\xed\x01" + octets).decode())


def test_a_document_is_read_with_pydid() -> None:
    body = render_json({"@context": ["https://www.w3.org/ns/did/v1"], "id": ALICE, "authentication": [method("1")]})
    assert f"{ALICE}#1" in dids.keys(parse_document(body, ALICE), "authentication")


def test_a_document_of_another_did_is_not_found() -> None:
    with pytest.raises(dids.DidNotFound):
        parse_document(render_json({"id": "did:example:bob"}), ALICE)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"id":"did:example:alice","id":"did:example:alice"}',
        render_json({"id": ALICE, "authentication": "x"}),
        render_json({"id": ALICE, "verificationMethod": [{"id": "nonsense"}]}),
        render_json({"id": ALICE, "verificationMethod": [7]}),
        render_json({"id": ALICE, "controller": "nobody"}),
        render_json({"id": ALICE, "authentication": [method("1")] * 101}),
        render_json({"id": ALICE, "service": [{"id": "#s", "type": "x"}]}),
        render_json({"id": ALICE, "pad": "x" * 100_000}),
    ],
)
def test_a_document_of_another_form_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidDidDocument):
        parse_document(body, ALICE)
