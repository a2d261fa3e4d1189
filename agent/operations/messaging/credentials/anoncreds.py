"""AnonCreds over DIDComm (RFC 0771): the exchanges of the admin API, settled with the thread."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from agent.operations.holding.anoncreds import (
    PresentAnonCreds,
    ReceiveAnonCreds,
    list_anoncreds,
    prepare_receipt,
    prepare_request,
    present_anoncreds,
)
from agent.operations.issuing.anoncreds.issue import (
    IssueAnonCreds,
    OfferAnonCreds,
    prepare_credential,
    prepare_offer,
)
from agent.operations.messaging.credentials.attaching import Answer, Asked, NotOverDidcomm, Offer, OfferTerms
from agent.operations.messaging.credentials.proving import NothingFits, ProofRequest, ProofTerms, Shown, Verdict
from agent.operations.verifying.anoncreds import VerifyAnonCreds, prepare_presentation_request, prepare_verdict
from agent.scope import Scope
from protocols import anoncreds
from protocols.didcomm.attached import Attached, Said
from protocols.didcomm.exchanging import Declined
from protocols.didcomm.issuing import Issued, Kept
from protocols.didcomm.presenting import Verified
from protocols.errors import ProtocolError

OFFER = "anoncreds/credential-offer@v1.0"
REQUEST = "anoncreds/credential-request@v1.0"
CREDENTIAL = "anoncreds/credential@v1.0"
PROOF_REQUEST = "anoncreds/proof-request@v1.0"
PROOF = "anoncreds/proof@v1.0"
_LIFETIME = timedelta(minutes=10)
_KNOWN = {"cred_def_id": "cred_def_id", "schema_id": "schema_id"}
"""What a restriction may name, and where a held credential has it."""


class AnonCredsCredential:
    """A credential of a definition of ours, or one that is bound to our link secret."""

    offers = OFFER
    requests = REQUEST
    credentials = CREDENTIAL

    async def offer(self, scope: Scope, terms: OfferTerms) -> Offer:
        """Raises NoSuchObject, InvalidAnonCreds, NotOverDidcomm."""
        if terms.definition is None or not all(isinstance(one, str) for one in terms.claims.values()):
            raise NotOverDidcomm("a definition, and texts for its attributes")
        values = {name: str(value) for name, value in terms.claims.items()}
        offered, begin = await prepare_offer(scope, OfferAnonCreds(terms.definition, values))
        ends = int((scope.now() + (terms.lifetime or _LIFETIME)).timestamp())
        known = {"exchange": str(offered.id), "expires_time": ends}
        return Offer(Attached(OFFER, offered.offer), known, (begin,), ends, preview=values)

    async def issue(self, scope: Scope, known: Mapping[str, Any], said: Said) -> Answer:
        """Once, for a request that was made for the offer."""
        attached = said.of(REQUEST)
        if attached is None:
            return Declined("no attachment in the format of the offer"), ()
        if known["expires_time"] <= scope.now().timestamp():
            return Declined("the offer has ended"), ()
        exchange = UUID(known["exchange"])
        wanted = IssueAnonCreds(exchange, attached.content, known["thread"])
        try:
            credential, settle = await prepare_credential(scope, wanted)
        except ProtocolError as error:
            return Declined(error.description), ()
        return Issued(Attached(CREDENTIAL, credential), {"exchange": str(exchange)}), (settle,)

    async def request(self, scope: Scope, offered: Mapping[str, Any]) -> Asked:
        """Raises InvalidAnonCreds, RegistryUnavailable, InvalidRegistryObject."""
        asked, begin = await prepare_request(scope, offered)
        return Asked(Attached(REQUEST, asked.request), {"exchange": str(asked.id)}, (begin,))

    async def receive(self, scope: Scope, known: Mapping[str, Any], said: Said) -> Answer:
        """Checked against the request, and kept."""
        attached = said.of(CREDENTIAL)
        if attached is None:
            return Declined("no attachment in the format of the request"), ()
        try:
            held, keep = await prepare_receipt(scope, ReceiveAnonCreds(UUID(known["exchange"]), attached.content))
        except ProtocolError as error:
            return Declined(error.description), ()
        return Kept(str(held)), (keep,)


class AnonCredsProof:
    """A presentation request of AnonCreds, and its presentation."""

    requests = PROOF_REQUEST
    presentations = PROOF

    async def ask(self, scope: Scope, terms: ProofTerms) -> ProofRequest:
        """Raises InvalidAnonCreds."""
        wanted = terms.anoncreds
        if wanted is None:
            raise NotOverDidcomm("what AnonCreds shall show")
        asked, begin = await prepare_presentation_request(scope, wanted)
        ends = int((scope.now() + terms.lifetime).timestamp())
        known = {"exchange": str(asked.id), "expires_time": ends}
        return ProofRequest(Attached(PROOF_REQUEST, asked.request), known, (begin,), ends)

    async def verify(self, scope: Scope, known: Mapping[str, Any], said: Said) -> Verdict:
        """The one answer that a request has."""
        if known["expires_time"] <= scope.now().timestamp():
            return Declined("the request has ended"), ()
        attached = said.of(PROOF)
        presentation = attached.content if attached else {}
        try:
            found, settle = await prepare_verdict(scope, VerifyAnonCreds(UUID(known["exchange"]), presentation))
        except ProtocolError as error:
            return Declined(error.description), ()
        if not found.verified:
            return Declined("not accepted"), (settle,)
        return Verified({"shown": dict(found.shown)}), (settle,)

    async def present(self, scope: Scope, content: Mapping[str, Any], credentials: Sequence[UUID]) -> Shown:
        """Of the credentials that are named, or of all, the first that has what a referent asks for.

        Raises InvalidAnonCreds, NothingFits, NotProved for one that was revoked or lacks what a predicate asks.
        """
        wanted = anoncreds.parse_presentation_request(dict(content))
        parts = {**wanted.get("requested_attributes", {}), **wanted.get("requested_predicates", {})}
        held = [one for one in await list_anoncreds(scope, None) if not credentials or one.id in credentials]
        chosen: dict[str, UUID] = {}
        for referent, part in parts.items():
            found = next((one.id for one in held if _fits(part, one)), None)
            if found is None:
                raise NothingFits(referent[:50])
            chosen[referent] = found
        shown = await present_anoncreds(scope, PresentAnonCreds(wanted, chosen))
        return Attached(PROOF, shown), sorted(set(chosen.values()))


def _fits(part: Mapping[str, Any], held: Any) -> bool:
    """The attributes are there, and one of the restrictions holds; one that says more than we know of does not."""
    names = part.get("names", [part.get("name")])
    if not isinstance(names, list) or not {str(one) for one in names} <= held.values.keys():
        return False
    restrictions = part.get("restrictions") or [{}]
    return isinstance(restrictions, list) and any(
        isinstance(one, dict) and all(key in _KNOWN and getattr(held, _KNOWN[key]) == one[key] for key in one)
        for one in restrictions
    )
