"""Cryptosuites."""

import json
from typing import Any

from agent.contracts.cryptosuites import CREDENTIAL_V1, Sample
from agent.contracts.keys import Key
from protocols import data_integrity
from protocols.data_integrity import hashing
from protocols.encoding import b64url


def signed_in_2018() -> Sample:
    """Of a suite that is verified only: the proof is made here, as wallets in use make it."""
    key = Key("EdDSA")
    proof = data_integrity.new_proof("Ed25519Signature2018", key.method, "assertionMethod", None, legacy=True)
    protected = b64url(json.dumps({"alg": "EdDSA", "b64": False, "crit": ["b64"]}).encode())
    hashes = hashing.rdfc_hashes(CREDENTIAL_V1, proof, "sha256", {})
    proof = {**proof, "jws": f"{protected}..{b64url(key.sign(protected.encode() + b'.' + hashes))}"}
    return Sample(document=CREDENTIAL_V1, verifies=({**CREDENTIAL_V1, "proof": proof}, key.jwk))


SAMPLES: dict[str, dict[str, Any]] = {
    "cryptosuites": {
        **dict.fromkeys(
            ("bbs-2023", "ecdsa-sd-2023", "ecdsa-jcs-2019", "ecdsa-rdfc-2019", "eddsa-jcs-2022", "eddsa-rdfc-2022"),
            Sample,
        ),
        "Ed25519Signature2018": signed_in_2018,
        "Ed25519Signature2020": lambda: Sample(document=CREDENTIAL_V1),
    }
}
