"""Presentations (VCDM 2.0, 4.13; VCDM 1.1, 4.10)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from protocols.vcdm.credential import V2, holder_of, issuer_of, require_credential, types_of, version_of
from protocols.vcdm.form import InvalidCredential, is_url, listed, require, require_id, require_types

MOST = 16
ENVELOPED = "EnvelopedVerifiableCredential"
# Drafts named other media types: they are read as envelopes too, and opened by nobody here. Base64 may end its line.
_ENVELOPE = re.compile(r"data:application/(vc\+(jwt|sd-jwt|cose)|vc-ld\+(jwt|sd-jwt)|jwt)(;[a-z0-9=-]+)?,\S+\n?")


class InvalidPresentation(InvalidCredential):
    """The document is not a presentation of the data model."""


def require_presentation(document: Any) -> None:
    """The structure of a presentation and of every credential in it. Raises InvalidPresentation, InvalidCredential.

    A credential without a proof is the holder's own word, and only when issuer and holder are one (2.0, 4.13.4).
    """
    if not isinstance(document, dict):
        raise InvalidPresentation("not an object")
    version_of(document)
    require_id(document, "presentation")
    require_types(document, "VerifiablePresentation", "presentation")
    if "holder" in document:
        require(is_url(holder_of(document)), "holder")
    for one in credentials_of(document):
        if ENVELOPED in types_of(one):
            _require_envelope(one)
            continue
        require_credential(one)
        if "proof" not in one and holder_of(document) != issuer_of(one):
            raise InvalidPresentation("a credential without a proof that is not the holder's own")


def credentials_of(document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The credentials of a presentation, as they stand there. Raises InvalidPresentation."""
    if "verifiableCredential" not in document:
        return ()
    found = listed(document["verifiableCredential"])
    if len(found) > MOST or not all(isinstance(one, dict) for one in found):
        raise InvalidPresentation("verifiableCredential")
    return found


def _require_envelope(document: Mapping[str, Any]) -> None:
    """An enveloped credential: a context, its one type, and a data: URL (2.0, 4.13.1)."""
    require(version_of(document) == V2, "@context of an enveloped credential")
    require(list(types_of(document)) == [ENVELOPED], "type of an enveloped credential")
    identifier = document.get("id")
    require(isinstance(identifier, str) and _ENVELOPE.fullmatch(identifier), "data: URL")
