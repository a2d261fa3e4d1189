"""The attachment formats that we know for Issue Credential, the preferred first."""

from collections.abc import Mapping
from typing import Any

from agent.operations.messaging.credentials.attaching import CredentialAttachments
from agent.operations.messaging.credentials.ld_proof_vc import LdProofVc

FORMATS: tuple[CredentialAttachments, ...] = (LdProofVc(),)
"""Each of them both issues and holds."""


def offered_in(attached: list[Mapping[str, Any]]) -> tuple[CredentialAttachments, Mapping[str, Any]] | None:
    """The first of our formats among the attachments of an offer, as a thread remembers them, and what it holds."""
    for one in FORMATS:
        for each in attached:
            if each["format"] == one.offers:
                return one, each["content"]
    return None


def remembered(known: Mapping[str, Any]) -> CredentialAttachments | None:
    """The format that a thread goes on in."""
    return next((one for one in FORMATS if one.offers == known.get("attachment_format")), None)
