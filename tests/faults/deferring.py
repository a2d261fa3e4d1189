"""A bug for each check of deferred issuance."""

from collections.abc import Mapping
from typing import Any

from tests.faults.front import (
    Answered,
    Asked,
    Bug,
    Forward,
    accepts,
    header,
    issued,
    member,
    refuses,
    same,
    status,
)
from tests.faults.issuer import CREDENTIALS

_GIVES = ("deferred", accepts(CREDENTIALS))


def waiting(bug: Bug) -> Bug:
    """The bug only where the real server asks for patience."""

    async def found(asked: Asked, forward: Forward, memory: dict[str, Any]) -> Answered:
        answer = await forward(asked)

        async def given(_: Asked) -> Answered:
            return answer

        return await bug(asked, given, memory) if answer.status == 202 else answer

    return found


DEFERRING: Mapping[str, tuple[str, Bug]] = {
    "deferred-announced": ("issuer-metadata", member("deferred_credential_endpoint", "http://issuer.example/later")),
    "deferred-answer": ("credential", waiting(member("interval", "soon"))),
    "deferred-answer-members": ("credential", waiting(member("c_nonce", "leftover"))),
    "deferred-transaction-entropy": ("credential", waiting(same("transaction_id"))),
    "deferred-pending": ("deferred", waiting(status(200))),
    "deferred-issued": ("deferred", member("credentials", [])),
    "deferred-bound": ("deferred", issued(lambda _, claims: claims["cnf"]["jwk"].update(x="A" * 43))),
    "deferred-single-retrieval": _GIVES,
    "deferred-unknown-member": (
        "deferred",
        refuses("invalid_credential_request", lambda asked: "undefined_member" in asked.json),
    ),
    "deferred-no-token": ("deferred", header("WWW-Authenticate", None)),
    "deferred-token-unknown": ("deferred", status(400)),
    "deferred-encrypted": ("deferred", header("Content-Type", "application/json")),
    **{
        f"deferred-{name}": _GIVES
        for name in (
            *("transaction-unknown", "transaction-of-another", "transaction-missing", "transaction-number"),
            *("not-json", "dpop-missing", "encrypted-key-in-clear"),
        )
    },
}
