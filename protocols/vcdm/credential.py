"""Credentials (VCDM 2.0, 4 and 5; VCDM 1.1, 4 and 5)."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from protocols.vcdm.form import (
    InvalidCredential,
    is_url,
    listed,
    objects_of,
    require,
    require_id,
    require_text,
    require_types,
    time_of,
)

V2 = "https://www.w3.org/ns/credentials/v2"
V1 = "https://www.w3.org/2018/credentials/v1"
Credential = Mapping[str, Any]

# What each of these objects must have beside its form (2.0, 4.10, 4.11, 5.4, 5.5, 5.6): an id, or not.
_TYPED = {
    "credentialStatus": False,
    "credentialSchema": True,
    "refreshService": False,
    "termsOfUse": False,
    "evidence": False,
}
_SRI = re.compile(r"sha(256|384|512)-[A-Za-z0-9+/]{43,88}={0,2}")


def version_of(document: Mapping[str, Any]) -> str:
    """V2 or V1 by the first context (2.0, 4.3; 1.1, 4.1). Raises InvalidCredential."""
    contexts = listed(document.get("@context"))
    require(contexts and contexts[0] in (V1, V2), "@context")
    require(all(is_url(one) or isinstance(one, dict) for one in contexts), "@context")
    return str(contexts[0])


def require_credential(document: Any) -> None:
    """The structure of a credential, secured or not. Raises InvalidCredential naming the member."""
    if not isinstance(document, dict):
        raise InvalidCredential("not an object")
    version = version_of(document)
    require_id(document, "credential")
    require_types(document, "VerifiableCredential", "credential")
    issuer = document.get("issuer")
    require(is_url(issuer.get("id") if isinstance(issuer, dict) else issuer), "issuer")
    for named, what in ((document, "credential"), (issuer if isinstance(issuer, dict) else {}, "issuer")):
        require_text(named, "name", f"{what} name")
        require_text(named, "description", f"{what} description")
    _require_subjects(document)
    for name, with_id in _TYPED.items():
        for one in objects_of(document, name):
            require_types(one, None, name)
            require_id(one, name, needed=with_id or (version == V1 and name in ("credentialStatus", "refreshService")))
    for one in objects_of(document, "proof"):
        require_types(one, None, "proof")
    _require_related(document)
    _require_times(document, version)


def _require_subjects(document: Credential) -> None:
    """At least one claim of each subject (2.0, 4.8)."""
    subjects = objects_of(document, "credentialSubject")
    require(subjects, "credentialSubject")
    for subject in subjects:
        require(subject, "credentialSubject without a claim")
        require_id(subject, "credentialSubject")


def _require_related(document: Credential) -> None:
    """relatedResource: ids that differ, each with a digest (2.0, 5.3)."""
    seen = set()
    for one in objects_of(document, "relatedResource"):
        require_id(one, "relatedResource", needed=True)
        require(one["id"] not in seen, "relatedResource id twice")
        seen.add(one["id"])
        digests = [one[name] for name in ("digestSRI", "digestMultibase") if name in one]
        require(digests and all(isinstance(text, str) and text for text in digests), "relatedResource digest")
        if "digestSRI" in one:
            require(all(_SRI.fullmatch(text) for text in one["digestSRI"].split()), "relatedResource digestSRI")


def _require_times(document: Credential, version: str) -> None:
    if version == V1:
        require("issuanceDate" in document, "issuanceDate")
    begins, ends = valid_from(document), valid_until(document)
    require(begins is None or ends is None or begins <= ends, "the end of validity is before its beginning")


def valid_from(document: Credential) -> datetime | None:
    """validFrom, or 1.1's issuanceDate. Raises InvalidCredential."""
    if version_of(document) == V1:
        return time_of(document, "issuanceDate", zoned=False)
    return time_of(document, "validFrom")


def valid_until(document: Credential) -> datetime | None:
    """validUntil, or 1.1's expirationDate. Raises InvalidCredential."""
    if version_of(document) == V1:
        return time_of(document, "expirationDate", zoned=False)
    return time_of(document, "validUntil")


def require_validity(document: Credential, now: datetime, skew: int) -> None:
    """Now lies within the validity period, give or take `skew` seconds (2.0, 4.9). Raises InvalidCredential."""
    begins, ends, margin = valid_from(document), valid_until(document), timedelta(seconds=skew)
    require(begins is None or begins <= now + margin, "not valid yet")
    require(ends is None or ends > now - margin, "expired")


def identifier_of(value: Any) -> str | None:
    """The id of something written as a URL or as an object with one."""
    found = value.get("id") if isinstance(value, dict) else value
    return found if isinstance(found, str) else None


def issuer_of(document: Credential) -> str:
    """The issuer's identifier. Raises InvalidCredential."""
    found = identifier_of(document.get("issuer"))
    if found is None:
        raise InvalidCredential("issuer")
    return found


def holder_of(document: Mapping[str, Any]) -> str | None:
    """The holder's identifier, of a presentation that names one."""
    return identifier_of(document.get("holder"))


def types_of(document: Mapping[str, Any]) -> Sequence[str]:
    """The document's types, as written."""
    return [one for one in listed(document.get("type")) if isinstance(one, str)]


def subjects_of(document: Credential) -> Sequence[str | None]:
    """The subjects' ids, None for one without."""
    return [identifier_of(one) if isinstance(one, dict) else None for one in listed(document.get("credentialSubject"))]


def statuses_of(document: Credential) -> Sequence[Mapping[str, Any]]:
    """The entries of credentialStatus."""
    return objects_of(document, "credentialStatus")
