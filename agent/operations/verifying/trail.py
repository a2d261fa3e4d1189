"""What a verification leaves behind: for the answer and for each presentation the lines of its checks, and the facts
that decided. Filled in while it goes on, so that a refusal has its trail too."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any

from agent.gather import StatusSeen
from agent.scope.policies import VerificationPolicy
from protocols.checks import Checks
from protocols.dcql.query import CredentialQuery
from protocols.encoding import b64url, render_stable_json
from protocols.ports import Binding, KeyReference, OpenedPresentation, TrustedKey, VerifiedCredential

BEFORE = ("form", "issuer_key")
HOLDER = ("holder_key",)
AFTER = ("query", "certificates", "status")


@dataclass(slots=True)
class Shown:
    """One presentation on its way through the checks, with what is known of it so far."""

    asked: CredentialQuery
    sent: Any
    checks: Checks = field(default_factory=Checks)
    format: Any = None
    opened: OpenedPresentation | None = None
    issuer: TrustedKey | None = None
    verified: VerifiedCredential | None = None
    holder: TrustedKey | None = None
    binding: Binding | None = None
    status: StatusSeen | None = None

    @property
    def believed(self) -> VerifiedCredential:
        """The credential, once it was verified. Raises LookupError before."""
        if self.verified is None:
            raise LookupError("not verified yet")
        return self.verified

    @property
    def digest(self) -> bytes:
        """SHA-256 of the presentation: of its text, or of its JSON."""
        return digest_of(self.sent)

    def finish(self) -> None:
        """Say of the checks that were not reached that they were not made."""
        bound = self.asked.holder_binding or (self.opened is not None and self.opened.bound)
        binding = (*HOLDER, *getattr(self.format, "binding_checks", ())) if bound else ()
        binding = tuple(name for name in binding if name != "transaction_data")
        self.checks.not_made((*BEFORE, *getattr(self.format, "checks", ()), *binding, *AFTER))


@dataclass(slots=True)
class Trail:
    """The trail of one answer: how it came, then each presentation; and the policy that decides, where there is one."""

    checks: Checks = field(default_factory=Checks)
    shown: list[Shown] = field(default_factory=list)
    policy: VerificationPolicy | None = None


def digest_of(sent: Any) -> bytes:
    """SHA-256 of a presentation as it was sent: of its text, or of its members in the order of their names."""
    return sha256(sent.encode() if isinstance(sent, str) else render_stable_json(sent)).digest()


def told_reference(reference: KeyReference) -> Mapping[str, Any]:
    """How a signed thing named its key, for a line: certificates by their SHA-256."""
    chain = reference.value if isinstance(reference.value, tuple) else getattr(reference.value, "chain", None)
    named: Any = reference.value
    if chain is not None:
        named = [_fingerprint(der) for der in chain]
    found = {"by": reference.kind, "value": named, "issuer": reference.issuer, "type": reference.type}
    return {name: value for name, value in found.items() if value is not None}


def told_key(key: TrustedKey) -> Mapping[str, Any]:
    """Why a key is believed, for a line."""
    anchor = key.anchor
    found = {"anchor": anchor.id if anchor else None, "of": anchor.identifier if anchor else key.identifier}
    return {**found, "chain": [_fingerprint(der) for der in key.chain]}


@lru_cache(maxsize=1024)
def _fingerprint(der: bytes) -> str:
    return b64url(sha256(der).digest())
