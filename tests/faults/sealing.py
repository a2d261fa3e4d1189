"""A bug for each check of encryption, of batches, of key attestations and of what a proof says."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from conformance.checks import batch, encryption, proof_header
from tests.faults.front import Answered, Asked, Bug, accepts, always, header, issued, member, refuses, rewritten
from tests.faults.issuer import CREDENTIALS, status_claim

_GIVES = ("credential", accepts(CREDENTIALS))
_INDEXES = count(100)


def sealed(asked: Asked) -> bool:
    return asked.headers.get("Content-Type") == "application/jwt"


def first_differs(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    token, tilde, rest = str(given[0]["credential"]).partition("~")
    changed = rewritten(token, lambda _, claims: claims.update(undefined=1))
    return [{"credential": f"{changed}{tilde}{rest}"}, *given[1:]]


def another_header(answer: Answered) -> Answered:
    """The JWE with a header that says something else."""
    return replace(answer, body=b"e30" + answer.body[answer.body.index(b".") :]) if answer.good else answer


SEALING: Mapping[str, tuple[str, Bug]] = {
    # Encryption
    "encrypted-response": ("credential", header("Content-Type", "application/json")),
    "encrypted-response-header": ("credential", always(another_header)),
    "encrypted-request-plain-response": ("credential", refuses("invalid_encryption_parameters", sealed)),
    "encrypted-request-compressed": ("credential", refuses("invalid_encryption_parameters", sealed)),
    "encrypted-error-plain": ("credential", header("Content-Type", "application/jwt")),
    "encrypted-response-to-plain-request": _GIVES,
    **{f"encrypted-response-{name}": _GIVES for name in (*encryption.ASKED, *encryption.MEMBERS)},
    **{
        f"encrypted-request-{name}": _GIVES
        for name in (*encryption.HEADERS, "tampered", "not-a-jwe", "not-json", "bomb")
    },
    # Batches
    "batch-issued": ("credential", member("credentials", lambda given: given[:-1])),
    "batch-keys": ("credential", member("credentials", lambda given: [given[0]] * len(given))),
    "batch-salts": ("credential", member("credentials", lambda given: [given[0]] * len(given))),
    "batch-claims": ("credential", member("credentials", first_differs)),
    "batch-times": ("credential", issued(lambda _, claims: claims.update(iat=1_700_000_001))),
    "batch-status-unique": ("credential", status_claim("idx", 7)),
    "batch-status-random": (
        "credential",
        issued(lambda _, claims: claims["status"]["status_list"].update(idx=next(_INDEXES))),
    ),
    **{f"batch-{name}": _GIVES for name in ("too-many", "one-key-twice", "one-bad-proof", "nonces")},
    # Key attestations
    "key-attestation-proof": ("credential", member("credentials", lambda given: given[:1])),
    "key-attestation-carried": ("credential", refuses("invalid_proof")),
    **{f"key-attestation-{name}": _GIVES for name in batch.REFUSED},
    **{
        f"key-attestation-{name}": _GIVES
        for name in ("other-key", "carried-untrusted", "signature", "untrusted", "not-a-jwt")
    },
    # What a proof says
    **{f"proof-{name}": _GIVES for name in (*proof_header.REFUSED, *proof_header.ARRAYS)},
}
