"""Presentation Submissions in the presentation itself (Presentation Exchange 2.1, 6; RFC 0510)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from protocols.errors import ProtocolError

CONTEXT = "https://identity.foundation/presentation-exchange/submission/v1"
TYPE = "PresentationSubmission"
_CREDENTIAL = re.compile(r"\$\.verifiableCredential\.?\[(\d{1,2})\]")


class InvalidSubmission(ProtocolError):
    """The presentation does not say which credential answers what was asked."""

    code = "invalid_presentation_submission"


def render_submission(name: str, definition: str, descriptors: Sequence[str]) -> dict[str, Any]:
    """A submission whose credentials stand in the order of these descriptors."""
    mapped = [
        {"id": one, "format": "ldp_vc", "path": f"$.verifiableCredential[{number}]"}
        for number, one in enumerate(descriptors)
    ]
    return {"id": name, "definition_id": definition, "descriptor_map": mapped}


def require_submission(presentation: Mapping[str, Any], definition: str, descriptor: str) -> None:
    """The presentation's one credential answers the one descriptor. Raises InvalidSubmission."""
    submission = presentation.get("presentation_submission")
    mapped = submission.get("descriptor_map") if isinstance(submission, dict) else None
    if not isinstance(submission, dict) or submission.get("definition_id") != definition:
        raise InvalidSubmission("of another definition")
    if not isinstance(mapped, list) or len(mapped) != 1 or not isinstance(mapped[0], dict):
        raise InvalidSubmission("descriptor_map")
    found = _CREDENTIAL.fullmatch(str(mapped[0].get("path")))
    if mapped[0].get("id") != descriptor or found is None or int(found[1]):
        raise InvalidSubmission("of another descriptor, or of no credential in it")
