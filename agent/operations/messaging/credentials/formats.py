"""The attachment formats that we know, the preferred first."""

from collections.abc import Mapping
from typing import Any

from agent.operations.messaging.credentials.anoncreds import AnonCredsCredential, AnonCredsProof
from agent.operations.messaging.credentials.attaching import CredentialAttachments, OfferTerms
from agent.operations.messaging.credentials.dif_presentation_exchange import DifPresentationExchange
from agent.operations.messaging.credentials.ld_proof_vc import LdProofVc
from agent.operations.messaging.credentials.proving import ProofAttachments, ProofTerms

FORMATS: tuple[CredentialAttachments, ...] = (LdProofVc(), AnonCredsCredential())
"""Of Issue Credential; each of them both issues and holds."""
PROOFS: tuple[ProofAttachments, ...] = (DifPresentationExchange(), AnonCredsProof())
"""Of Present Proof; each of them both asks and shows."""


def format_for(terms: OfferTerms) -> CredentialAttachments:
    """The format in which this is offered."""
    return FORMATS[0] if terms.definition is None else FORMATS[1]


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
