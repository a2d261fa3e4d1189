"""The inputs of the W3C's suite for the data model, and what the suite changes in them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from protocols import json_ld, vcdm
from protocols.errors import ProtocolError
from protocols.vcdm import V1, V2, InvalidCredential
from tests.integrity import contexts

ISSUER = "did:example:issuer"
# Accepted or refused by the suite for what is not in the document: a key, a proof, the moment.
ELSEWHERE = {"credential-proof-ok.json"}


def judged(document: dict[str, Any], added: dict[str, Any]) -> None:
    """What an issuer or a verifier does before any proof."""
    if "VerifiablePresentation" in vcdm.types_of(document):
        vcdm.require_presentation(document)
    else:
        vcdm.require_credential(document)
    json_ld.expand(document, added)


def inputs(folder: Path, ending: str) -> list[Path]:
    return sorted(path for path in (folder / "vcdm2").rglob("*.json") if path.stem.endswith(ending))


def completed(path: Path) -> dict[str, Any]:
    """The suite writes the issuer into each credential before it sends it."""
    document = json.loads(path.read_text())
    if path.stem.startswith("presentation"):
        for one in document.get("verifiableCredential", []):
            if isinstance(one, dict) and one.get("type") != "EnvelopedVerifiableCredential":
                one.setdefault("proof", {"type": "DataIntegrityProof"})
    elif "issuer" not in path.stem:
        document["issuer"] = ISSUER
        if "validUntil-validFrom" in path.stem:
            years = ("2024", "2026") if path.stem.endswith("-ok") else ("2026", "2024")
            document |= {
                name: f"{year}-01-01T00:00:00Z" for name, year in zip(("validFrom", "validUntil"), years, strict=True)
            }
    elif isinstance(document.get("issuer"), dict):
        document["issuer"].setdefault("id", ISSUER)
    return document


def test_every_good_input_is_accepted(vectors_folder: Path) -> None:
    added = contexts(vectors_folder)
    found = inputs(vectors_folder, "-ok")
    for path in found:
        try:
            judged(completed(path), added)
        except ProtocolError as error:
            if path.name not in ELSEWHERE:
                raise AssertionError(f"{path.name}: {error.detail}") from error
    assert len(found) > 60


def test_every_bad_input_is_refused(vectors_folder: Path) -> None:
    added = contexts(vectors_folder)
    found = inputs(vectors_folder, "-fail")
    accepted = []
    for path in found:
        document = json.loads(path.read_text()) if "no-issuer" in path.stem else completed(path)
        try:
            judged(document, added)
        except ProtocolError:
            continue
        accepted.append(path.name)
    assert accepted == []
    assert len(found) > 35


@pytest.mark.parametrize("name", ["holder-mismatch", "issuer-mismatch", "no-holder"])
def test_a_credential_without_a_proof_is_nobodys_but_the_holders(vectors_folder: Path, name: str) -> None:
    document = json.loads((vectors_folder / f"vcdm2/presentation-self-asserted-vc-{name}.json").read_text())
    with pytest.raises(InvalidCredential):
        vcdm.require_presentation(document)


def credential(version: str, **more: Any) -> dict[str, Any]:
    dated = {"issuanceDate": "2025-01-01T00:00:00Z"} if version == V1 else {}
    subject = {"id": "did:example:subject"}
    base = {"@context": [version], "type": ["VerifiableCredential"], "issuer": ISSUER, "credentialSubject": subject}
    return {**base, **dated, **more}


@pytest.mark.parametrize(
    ("document", "good"),
    [
        (credential(V1), True),
        (credential(V1, issuanceDate="2025-01-01T00:00:00"), True),
        (credential(V2, validFrom="2025-01-01T00:00:00"), False),
        ({name: value for name, value in credential(V1).items() if name != "issuanceDate"}, False),
        (credential(V1, expirationDate="2024-01-01T00:00:00Z"), False),
        (credential(V1, credentialStatus={"type": "X"}), False),
        (credential(V2, credentialStatus={"type": "X"}), True),
        (credential(V2, credentialSubject="did:example:subject"), False),
        (credential(V2, validFrom="2025-02-30T00:00:00Z"), False),
        (credential(V2, validFrom="2025-02-01T00:00:00.123456789Z"), True),
        (credential(V2, **{"@context": ["https://example.org", V2]}), False),
        ([], False),
    ],
)
def test_both_versions(document: Any, good: bool) -> None:
    if good:
        vcdm.require_credential(document)
    else:
        with pytest.raises(InvalidCredential):
            vcdm.require_credential(document)


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({"validFrom": "2025-06-01T00:00:59Z"}, True),
        ({"validFrom": "2025-06-01T00:02:00Z"}, False),
        ({"validUntil": "2025-05-31T23:59:30Z"}, True),
        ({"validUntil": "2025-05-31T23:58:00Z"}, False),
    ],
)
def test_validity_is_now_within_the_skew(change: dict[str, str], good: bool) -> None:
    ask: Callable[[], None] = lambda: vcdm.require_validity(  # noqa: E731
        credential(V2, **change), datetime(2025, 6, 1, tzinfo=UTC), 60
    )
    if good:
        ask()
    else:
        with pytest.raises(InvalidCredential):
            ask()
