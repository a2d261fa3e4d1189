"""BBS: every published fixture of both ciphersuites, good and bad."""

import json
from pathlib import Path
from typing import Any

import pytest

from protocols import bbs
from protocols.bbs import InvalidBbs
from protocols.bbs.ciphersuites import Ciphersuite, base_point, generators, message_scalars

SUITES = {"bls12-381-sha-256": bbs.SHA256, "bls12-381-shake-256": bbs.SHAKE256}


class Fixtures:
    """One ciphersuite's."""

    def __init__(self, folder: Path, suite: Ciphersuite) -> None:
        self.folder, self.suite = folder, suite

    def read(self, path: str) -> Any:
        return json.loads((self.folder / path).read_text())

    def each(self, kind: str) -> list[Any]:
        return [json.loads(path.read_text()) for path in sorted((self.folder / kind).glob("*.json"))]


@pytest.fixture(params=list(SUITES))
def fixtures(request: pytest.FixtureRequest, vectors_folder: Path) -> Fixtures:
    return Fixtures(vectors_folder / "bbs-signature" / request.param, SUITES[request.param])


def octets(values: list[str]) -> list[bytes]:
    return [bytes.fromhex(one) for one in values]


def test_generators_keys_scalars_and_messages(fixtures: Fixtures) -> None:
    found, suite = fixtures.read("generators.json"), fixtures.suite
    made = [bytes(one.to_compressed_bytes()).hex() for one in generators(suite, 1 + len(found["MsgGenerators"]))]
    assert made == [found["Q1"], *found["MsgGenerators"]]
    assert bytes(base_point(suite).to_compressed_bytes()).hex() == found["P1"]
    pair = fixtures.read("keypair.json")
    secret = bbs.key_gen(bytes.fromhex(pair["keyMaterial"]), bytes.fromhex(pair["keyInfo"]), suite)
    assert secret.hex() == pair["keyPair"]["secretKey"]
    assert bbs.public_key(secret).hex() == pair["keyPair"]["publicKey"]
    one = fixtures.read("h2s.json")
    hashed = bbs.hash_to_scalar(suite, bytes.fromhex(one["message"]), bytes.fromhex(one["dst"]))
    assert bytes(hashed.to_be_bytes()).hex() == one["scalar"]
    for case in fixtures.read("MapMessageToScalarAsHash.json")["cases"]:
        (mapped,) = message_scalars(suite, [bytes.fromhex(case["message"])])
        assert bytes(mapped.to_be_bytes()).hex() == case["scalar"]


def random_scalars(fixtures: Fixtures, count: int) -> list[int]:
    """As the fixtures mock randomness."""
    mocked = fixtures.read("mockedRng.json")
    text = bbs.expand_message(
        fixtures.suite, bytes.fromhex(mocked["seed"]), bytes.fromhex(mocked["dst"]), 48 * mocked["count"]
    )
    numbers = [int.from_bytes(text[start : start + 48]) % bbs.ORDER for start in range(0, len(text), 48)]
    assert [f"{number:064x}" for number in numbers] == mocked["mockedScalars"]
    text = bbs.expand_message(fixtures.suite, bytes.fromhex(mocked["seed"]), bytes.fromhex(mocked["dst"]), 48 * count)
    return [int.from_bytes(text[start : start + 48]) % bbs.ORDER for start in range(0, len(text), 48)]


def test_every_published_signature(fixtures: Fixtures) -> None:
    cases = fixtures.each("signature")
    for case in cases:
        pair, header, messages = case["signerKeyPair"], bytes.fromhex(case["header"]), octets(case["messages"])
        public, signature = bytes.fromhex(pair["publicKey"]), bytes.fromhex(case["signature"])
        if case["result"]["valid"]:
            bbs.verify(public, signature, header, messages, fixtures.suite)
            made = bbs.sign(bytes.fromhex(pair["secretKey"]), public, header, messages, fixtures.suite)
            assert made == signature
        else:
            with pytest.raises(InvalidBbs):
                bbs.verify(public, signature, header, messages, fixtures.suite)
    assert len(cases) == 10


def test_every_published_proof(fixtures: Fixtures) -> None:
    cases = fixtures.each("proof")
    for case in cases:
        public, proof = bytes.fromhex(case["signerPublicKey"]), bytes.fromhex(case["proof"])
        header, presented = bytes.fromhex(case["header"]), bytes.fromhex(case["presentationHeader"])
        messages, indexes = octets(case["messages"]), case["disclosedIndexes"]
        shown = [messages[place] for place in indexes]
        if not case["result"]["valid"]:
            with pytest.raises(InvalidBbs):
                bbs.proof_verify(public, proof, header, presented, shown, indexes, fixtures.suite)
            continue
        bbs.proof_verify(public, proof, header, presented, shown, indexes, fixtures.suite)
        random = random_scalars(fixtures, bbs.count_of(len(messages), len(indexes)))
        signature = bytes.fromhex(case["signature"])
        made = bbs.proof_gen(public, signature, header, presented, messages, indexes, random, fixtures.suite)
        assert made == proof, case["caseName"]
    assert len(cases) == 15


def test_what_is_spoilt_is_refused() -> None:
    secret = bbs.key_gen(bytes(range(32)))
    public, messages = bbs.public_key(secret), [bytes([number]) for number in range(5)]
    signature = bbs.sign(secret, public, b"header", messages)
    proof = bbs.proof_gen(public, signature, b"header", b"now", messages, [1, 3], list(range(2, 10)))
    bbs.proof_verify(public, proof, b"header", b"now", [messages[1], messages[3]], [1, 3])
    good = (public, proof, b"header", b"now", [messages[1], messages[3]], [1, 3])
    identity = b"\xc0" + bytes(47)
    for place, other in (
        (0, b"\xc0" + bytes(95)),
        (0, public[:-1]),
        (0, bbs.public_key(bbs.key_gen(bytes(32)))),
        (1, proof[:-32]),
        (1, proof[:-1]),
        (1, identity + proof[48:]),
        (1, proof[:96] + identity + proof[144:]),
        (1, proof[:-32] + bytes(32)),
        (1, proof[:144] + b"\xff" * 32 + proof[176:]),
        (2, b"other"),
        (3, b"later"),
        (4, [messages[1], messages[2]]),
        (4, [messages[1]]),
        (5, [3, 1]),
        (5, [1, 1]),
        (5, [1, 4]),
        (5, [1, 99]),
        (5, [-1, 3]),
    ):
        spoilt: list[Any] = list(good)
        spoilt[place] = other
        with pytest.raises(InvalidBbs):
            bbs.proof_verify(*spoilt)
