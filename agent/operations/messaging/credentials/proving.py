"""What an attachment format does for each message of Present Proof; the choreography knows none of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from agent.operations.messaging.questions import Effect
from agent.scope import Scope
from protocols.anoncreds import PresentationTerms
from protocols.didcomm.attached import Attached, Said
from protocols.didcomm.exchanging import Declined
from protocols.didcomm.presenting import Verified
from protocols.errors import ProtocolError


class NothingFits(ProtocolError):
    """No credential that is held answers what is asked for."""

    code = "nothing_fits"
    status = 409


@dataclass(frozen=True, slots=True)
class ProofTerms:
    """What an operator asks for: a DCQL query of one credential of the format `ldp_vc`, or the name of a stored one,
    with the verification policy that decides (None for the default) and the `proof_types` that the presentation may
    have; or what AnonCreds shall show."""

    dcql_query: Mapping[str, Any] = field(default_factory=dict)
    query: str | None = None
    policy: str | None = None
    proof_types: tuple[str, ...] = ()
    anoncreds: PresentationTerms | None = None
    lifetime: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class ProofRequest:
    """A request about to be sent: its attachment, what the thread remembers, what is stored with it."""

    attached: Attached
    known: Mapping[str, Any]
    effects: tuple[Effect, ...]
    expires_time: int


Verdict = tuple[Verified | Declined, tuple[Effect, ...]]
Shown = tuple[Attached, Sequence[UUID]]


class ProofAttachments(Protocol):
    """One format. `requests` and `presentations` are the identifiers of its attachments; `known` is what `ask` had the
    thread remember."""

    requests: str
    presentations: str

    async def ask(self, scope: Scope, terms: ProofTerms) -> ProofRequest:
        """Raises what is wrong with the terms."""

    async def verify(self, scope: Scope, known: Mapping[str, Any], said: Said) -> Verdict:
        """What a presentation for our request comes to; its effects record it, once."""

    async def present(self, scope: Scope, content: Mapping[str, Any], credentials: Sequence[UUID]) -> Shown:
        """What a request asks for, of the credentials that are named or whichever fit; and which they are.

        Raises NothingFits, and what is wrong with the request.
        """
