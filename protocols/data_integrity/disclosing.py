"""What the two suites of selective disclosure share: values in CBOR, hashes, labels, places."""

import io
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import cbor2

from protocols import json_ld
from protocols.data_integrity.errors import ProofGenerationError, ProofVerificationError
from protocols.data_integrity.hashing import decode_u
from protocols.encoding import b64url
from protocols.json_ld import Contexts

MAX_VALUE = 300_000


def require(condition: object) -> None:
    """Raises ProofVerificationError."""
    if not condition:
        raise ProofVerificationError("proofValue is not of its suite's form")


def render(header: bytes, components: Sequence[Any]) -> str:
    """A proofValue: multibase base64url of the header and CBOR."""
    return "u" + b64url(header + cbor2.dumps(list(components)))


def parse(value: str, header: bytes, count: int) -> list[Any]:
    """The components of a proofValue, and not a byte more. Raises ProofVerificationError."""
    require(len(value) <= MAX_VALUE)
    octets = decode_u(value)
    require(octets[: len(header)] == header)
    source = io.BytesIO(octets[len(header) :])
    try:
        found = cbor2.load(source)
    except (cbor2.CBORError, ValueError, TypeError, RecursionError, OverflowError):
        raise ProofVerificationError("proofValue is no CBOR") from None
    require(not source.read(1) and isinstance(found, list) and len(found) == count)
    return list(found)


def require_indexes(found: Any) -> None:
    """Places: whole numbers that rise. Raises ProofVerificationError."""
    require(isinstance(found, list) and len(found) <= json_ld.MAX_QUADS)
    require(all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in found))
    require(found == sorted(set(found)))


def proof_hash(document: Mapping[str, Any], proof: Mapping[str, Any], added: Contexts) -> bytes:
    """SHA-256 of the canonical proof configuration."""
    bare = {name: value for name, value in proof.items() if name != "proofValue"}
    configuration = {**bare, "@context": document["@context"]}
    return sha256(json_ld.canonicalize(configuration, "sha256", added).encode()).digest()


def mandatory_hash(matching: Mapping[int, str]) -> bytes:
    """SHA-256 of the statements that are always shown, in their order."""
    return sha256("".join(quad for _, quad in sorted(matching.items())).encode()).digest()


def labels_of_reader(quads: Sequence[str], labels: Mapping[str, str]) -> dict[int, str]:
    """By the number of the label that a reader's canonicalization gives each node: the label it has here."""
    canonical = json_ld.canonical_labels("".join(quads))
    return {int(label[4:]): labels[old] for old, label in sorted(canonical.items(), key=lambda pair: int(pair[1][4:]))}


def shown(revealed: dict[str, Any] | None) -> dict[str, Any]:
    """What is shown. Raises ProofGenerationError when that is nothing."""
    if revealed is None:
        raise ProofGenerationError("nothing to show")
    return revealed


def lines(quads: str) -> list[str]:
    """N-Quads, a statement each."""
    return [f"{line}\n" for line in quads.split("\n") if line]


def split(quads: Sequence[str], mandatory: Sequence[int]) -> tuple[list[str], list[str]]:
    """The statements that are always shown, and the others. Raises ProofVerificationError for a place too far."""
    require(not mandatory or mandatory[-1] < len(quads))
    wanted = set(mandatory)
    return (
        [quad for place, quad in enumerate(quads) if place in wanted],
        [quad for place, quad in enumerate(quads) if place not in wanted],
    )
