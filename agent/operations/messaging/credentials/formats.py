"""The attachment formats that we know, the preferred first."""

from collections.abc import Mapping
from typing import Any

from agent.operations.messaging.credentials.anoncreds import AnonCredsCredential, AnonCredsProof
from agent.operations.messaging.credentials.attaching import CredentialAttachments, OfferTerms
from agent.operations.messaging.credentials.dif_presentation_exchange import DifPresentationExchange
from agent.operations.messaging.credentials.ld_proof_vc import LdProofVc
from agent.operations.messaging.credentials.proving import ProofAttachments, ProofTerms
from agent.operations.messaging.credentials.w3c_di_vc import W3cDiVc

FORMATS: tuple[CredentialAttachments, ...] = (LdProofVc(), W3cDiVc(), AnonCredsCredential())
"""Of Issue Credential; each of them both issues and holds."""
OFFERED = tuple(one.offers for one in FORMATS)
"""Their names, in offers."""
PROOFS: tuple[ProofAttachments, ...] = (DifPresentationExchange(), AnonCredsProof())
"""Of Present Proof; each of them both asks and shows."""


def format_for(terms: OfferTerms) -> CredentialAttachments:
    """The format in which this is offered."""
    wanted = terms.format or (LdProofVc.offers if terms.definition is None else AnonCredsCredential.offers)
    return next(one for one in FORMATS if one.offers == wanted)


def proof_for(terms: ProofTerms) -> ProofAttachments:
    """The format in which this is asked for."""
    return PROOFS[0] if terms.anoncreds is None else PROOFS[1]


def offered_in(attached: list[Mapping[str, Any]]) -> tuple[CredentialAttachments, Mapping[str, Any]] | None:
    """The first of our formats among the attachments of an offer, as a thread remembers them, and what it holds."""
    for one in FORMATS:
        for each in attached:
            if each["format"] == one.offers:
                return one, each["content"]
    return None


def asked_in(attached: list[Mapping[str, Any]]) -> tuple[ProofAttachments, Mapping[str, Any]] | None:
    """The first of our formats among the attachments of a proof request, and what it holds."""
    for one in PROOFS:
        for each in attached:
            if each["format"] == one.requests:
                return one, each["content"]
    return None


def asked_by_us(known: Mapping[str, Any]) -> ProofAttachments | None:
    """The format in which we asked."""
    return next((one for one in PROOFS if one.requests == known.get("attachment_format")), None)


def remembered(known: Mapping[str, Any]) -> CredentialAttachments | None:
    """The format that a thread goes on in."""
    return next((one for one in FORMATS if one.offers == known.get("attachment_format")), None)
