"""Verifiable Credentials Data Model 2.0 and 1.1: what a credential and a presentation must look like.

Structure and times alone: whichever format secures the document (Data Integrity, JOSE, COSE) has it judged here.
"""

from protocols.vcdm.credential import (
    V1,
    V2,
    holder_of,
    identifier_of,
    issuer_of,
    require_credential,
    require_validity,
    statuses_of,
    subjects_of,
    types_of,
    valid_from,
    valid_until,
    version_of,
)
from protocols.vcdm.form import InvalidCredential
from protocols.vcdm.presentation import InvalidPresentation, credentials_of, require_presentation

__all__ = [
    "V1",
    "V2",
    "InvalidCredential",
    "InvalidPresentation",
    "credentials_of",
    "holder_of",
    "identifier_of",
    "issuer_of",
    "require_credential",
    "require_presentation",
    "require_validity",
    "statuses_of",
    "subjects_of",
    "types_of",
    "valid_from",
    "valid_until",
    "version_of",
]
