"""Documents with proofs, for tests: published vectors, contexts for tests alone, and steps done without a sandbox."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import base58
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from agent import discovery
from protocols import json_ld
from protocols.did import multikey
from protocols.jose.jwk import from_public_key
from protocols.ports import PluginTools, Sandboxed

ADDED = {
    "https://w3id.org/citizenship/v4rc1": "w3id.org_citizenship_v4rc1.jsonld",
    "https://www.w3.org/ns/credentials/examples/v2": "examples_v2.jsonld",
    "https://www.w3.org/2018/credentials/examples/v1": "www.w3.org_2018_credentials_examples_v1.jsonld",
}


def contexts(folder: Path) -> dict[str, Any]:
    """Contexts that an operator would have added; `folder` holds the published vectors."""
    index = json.loads((folder / "contexts" / "index.json").read_text())
    pins = {entry["file"]: entry["sha256_file"] for entry in index}
    return {url: json_ld.pinned((folder / "contexts" / file).read_bytes(), pins[file]) for url, file in ADDED.items()}


def finish(answer: Any) -> Any:
    """A step, its heavy part done here and now."""
    while isinstance(answer, Sandboxed):
        answer = answer.then(answer.function(*answer.arguments))
    return answer


def suites(added: Mapping[str, Any]) -> dict[str, Any]:
    """Every installed cryptosuite."""
    tools = PluginTools({}, None, None, contexts=added)  # type: ignore[arg-type]  # suites neither fetch nor wait
    return {name: point.load()(tools) for name, point in discovery.installed()["cryptosuites"].items()}


class SigningKey:
    """A key outside of any store, with its did:key."""

    def __init__(self, algorithm: str) -> None:
        curves = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1()}
        self.algorithm = algorithm
        self.private: Any = (
            ed25519.Ed25519PrivateKey.generate() if algorithm == "EdDSA" else ec.generate_private_key(curves[algorithm])
        )
        self.jwk = from_public_key(self.private.public_key())
        self.multikey = multikey.encode(self.jwk)
        self.did = f"did:key:{self.multikey}"
        self.method = f"{self.did}#{self.multikey}"

    def sign(self, payload: bytes) -> bytes:
        if self.algorithm == "EdDSA":
            return self.private.sign(payload)
        digest, size = (hashes.SHA256(), 32) if self.algorithm == "ES256" else (hashes.SHA384(), 48)
        r, s = decode_dss_signature(self.private.sign(payload, ec.ECDSA(digest)))
        return r.to_bytes(size) + s.to_bytes(size)

    @property
    def secret_multikey(self) -> str:
        """As @digitalbazaar's packages read it."""
        if self.algorithm == "EdDSA":
            return "z" + base58.b58encode(b"\x80\x26" + self.private.private_bytes_raw()).decode()
        value = self.private.private_numbers().private_value
        prefix, size = (b"\x86\x26", 32) if self.algorithm == "ES256" else (b"\x87\x26", 48)
        return "z" + base58.b58encode(prefix + value.to_bytes(size)).decode()
