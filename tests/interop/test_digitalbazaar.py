"""A second opinion: Digital Bazaar's packages verify what we sign, and we verify what they sign."""

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from protocols import bbs, data_integrity, json_ld
from protocols.data_integrity import bbs_sd
from protocols.did import multikey
from protocols.errors import ProtocolError
from protocols.json_ld import contexts
from protocols.ports import Securing
from tests.integrity import SigningKey, finish, suites
from tests.interop.digitalbazaar.install import CannotInstall, install

V2 = "https://www.w3.org/ns/credentials/v2"
PLAIN, SELECTIVE = ("eddsa-rdfc-2022", "ecdsa-rdfc-2019"), ("ecdsa-sd-2023", "bbs-2023")
OWN_CONTEXT = {"courses": {"@id": "https://example.org/courses"}, "grade": {"@id": "https://example.org/grade"}}
DOCUMENT: dict[str, Any] = {
    "@context": [V2, OWN_CONTEXT],
    "type": ["VerifiableCredential"],
    "validFrom": "2025-01-01T00:00:00Z",
    "credentialSubject": {
        "name": "Erika",
        "description": 'says "hello"\n',
        "courses": [{"name": "Algebra", "grade": 1}, {"name": "Botany", "grade": 2.5}, {"name": "Chemistry"}],
    },
}
MANDATORY = ["/issuer", "/validFrom"]
POINTERS = ["/credentialSubject/name", "/credentialSubject/courses/1/grade"]


class Peer:
    """The process, one command at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def __call__(self, op: str, **arguments: Any) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"op": op, **arguments}).encode() + b"\n")
        await self._process.stdin.drain()
        return await self.answer()

    async def answer(self) -> Any:
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), 60)
        found = json.loads(line)
        assert found["ok"], found
        return found["result"]


@pytest.fixture(scope="module")
def script() -> tuple[Path, Any]:
    try:
        return install()
    except CannotInstall as refusal:
        if os.environ.get("CI") == "true":
            pytest.fail(str(refusal))
        pytest.skip(str(refusal))


@pytest_asyncio.fixture
async def peer(script: tuple[Path, Any]) -> AsyncIterator[Peer]:
    path, node = script
    process = await asyncio.create_subprocess_exec(
        node.node,
        str(path),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=10**7,
    )
    made = Peer(process)
    try:
        assert await made.answer() == {"ready": True}
        await made("contexts", contexts={url: contexts.load(url) for url in json_ld.bundled()})
        yield made
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await asyncio.wait_for(process.wait(), 20)


class Ours:
    """A signer of ours for a suite: its DID, its key, and how it signs what was prepared."""

    def __init__(self, name: str) -> None:
        self.suite = suites({})[name]
        if name == "bbs-2023":
            self.secret = bbs.key_gen(secrets.token_bytes(48))
            self.jwk: Any = bbs_sd.jwk_of(bbs.public_key(self.secret))
            encoded, self.algorithm = bbs_sd.encode(bbs.public_key(self.secret)), bbs_sd.ALGORITHM
        else:
            self.key = SigningKey(self.suite.algorithms[0])
            self.jwk, encoded, self.algorithm = self.key.jwk, self.key.multikey, self.key.algorithm
        self.did, self.method = f"did:key:{encoded}", f"did:key:{encoded}#{encoded}"

    def secure(self, document: dict[str, Any]) -> dict[str, Any]:
        document = document | {"issuer": self.did}
        proof = data_integrity.new_proof(self.suite.name, self.method, "assertionMethod", datetime.now(UTC))
        securing = Securing(document, proof, self.algorithm, self.jwk, secrets.token_bytes, MANDATORY)
        prepared = finish(self.suite.prepare(securing))
        if self.suite.name == "bbs-2023":
            signature = finish(self.suite.sign(prepared, self.secret))
        else:
            signature = self.key.sign(prepared.payload)
        return {**document, "proof": self.suite.seal(prepared, signature)}

    def derive(self, base: dict[str, Any], jwk: Any) -> dict[str, Any]:
        document = data_integrity.unsecured(base)
        return finish(self.suite.derive(document, base["proof"], POINTERS, jwk, secrets.token_bytes))

    def verify(self, secured: dict[str, Any], jwk: Any) -> None:
        finish(self.suite.verify(data_integrity.unsecured(secured), secured["proof"], jwk))


def key_of(secured: dict[str, Any]) -> Any:
    encoded = secured["proof"]["verificationMethod"].partition("#")[2]
    return bbs_sd.decode(encoded) if bbs_sd.is_multikey(encoded) else multikey.decode(encoded)


def altered(secured: dict[str, Any]) -> dict[str, Any]:
    return secured | {"credentialSubject": secured["credentialSubject"] | {"name": "Max"}}


async def theirs(peer: Peer, suite: str) -> dict[str, Any]:
    made = await peer("key", suite=suite)
    document = DOCUMENT | {"issuer": f"did:key:{made['publicKeyMultibase']}"}
    return await peer("sign", suite=suite, document=document, key=made["publicKeyMultibase"], mandatory=MANDATORY)


@pytest.mark.parametrize("name", PLAIN)
async def test_each_verifies_what_the_other_signs(peer: Peer, name: str) -> None:
    ours = Ours(name)
    secured = ours.secure(DOCUMENT)
    assert await peer("verify", suite=name, document=secured) == {"verified": True, "reason": None}
    assert not (await peer("verify", suite=name, document=altered(secured)))["verified"]
    foreign = await theirs(peer, name)
    ours.verify(foreign, key_of(foreign))
    with pytest.raises(ProtocolError):
        ours.verify(altered(foreign), key_of(foreign))


@pytest.mark.parametrize("name", SELECTIVE)
async def test_each_derives_from_and_verifies_what_the_other_signs(peer: Peer, name: str) -> None:
    ours = Ours(name)
    for base in (ours.secure(DOCUMENT), await theirs(peer, name)):
        jwk = key_of(base)
        by_us = ours.derive(base, jwk)
        by_them = await peer("derive", suite=name, document=base, pointers=POINTERS)
        assert data_integrity.unsecured(by_us) == data_integrity.unsecured(by_them)
        for shown in (by_us, by_them):
            assert set(shown["credentialSubject"]) == {"name", "courses"}
            assert await peer("verify", suite=name, document=shown) == {"verified": True, "reason": None}
            assert not (await peer("verify", suite=name, document=altered(shown)))["verified"]
            ours.verify(shown, jwk)
            with pytest.raises(ProtocolError):
                ours.verify(altered(shown), jwk)
