"""What is demanded of a payload: that it is a credential or presentation, and that nothing beside it contradicts it."""

from collections.abc import Iterator, Mapping
from typing import Any

from protocols import json_ld, vcdm
from protocols.json_ld import contexts
from protocols.vcdm import V2, InvalidCredential
from protocols.vcdm.form import listed, require

KINDS = ("vc", "vp")
# Names of JWT and SD-JWT that may stand beside a document (VC-JOSE-COSE, 3.1.3), and say nothing of its subject.
BESIDE = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "nonce", "cnf"})


class InvalidEnvelope(InvalidCredential):
    """The document is not secured as its media type says."""


def parted(payload: Mapping[str, Any], kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """(document, what JWT says beside it). Raises InvalidCredential for a contradiction (3.1.3), or another form."""
    if not {"vc", "vp"}.isdisjoint(payload):
        raise InvalidEnvelope("a vc or vp claim: the payload itself is the document")
    document = {name: value for name, value in payload.items() if name not in BESIDE}
    beside = {name: value for name, value in payload.items() if name in BESIDE}
    require_document(document, kind)
    who = vcdm.issuer_of(document) if kind == "vc" else vcdm.holder_of(document)
    require("iss" not in beside or beside["iss"] == who, "iss is another than the document names")
    require("jti" not in beside or beside["jti"] == document.get("id"), "jti is another id than the document's")
    if "sub" in beside and kind == "vc":
        require(list(vcdm.subjects_of(document)) == [beside["sub"]], "sub is not the subject")
    # A time of issue in words is no NumericDate; it says what validFrom says, and is read there.
    if isinstance(beside.get("iat"), str):
        require(beside.pop("iat") == document.get("validFrom"), "iat")
    return document, beside


def require_document(document: Mapping[str, Any], kind: str) -> None:
    """A credential or presentation of VCDM 2.0 without a proof of its own. Raises InvalidCredential."""
    (vcdm.require_credential if kind == "vc" else vcdm.require_presentation)(document)
    require(vcdm.version_of(document) == V2, "a document of version 2.0")
    if "proof" in document:
        raise InvalidEnvelope("a proof within an envelope")


def require_extensions(document: Mapping[str, Any]) -> None:
    """Every member of the document is a term that a context known here names; a catch-all names nothing.

    Raises InvalidEnvelope: what no verifier can give a meaning to is not signed.
    """
    named = set(_terms([contexts.load(V2)]))
    for one in listed(document.get("@context")):
        if isinstance(one, dict):
            named |= set(_terms(one))
        elif one in json_ld.bundled():
            named |= set(_terms(contexts.load(one)))
    if any(name != "@context" and name not in named for name in document):
        raise InvalidEnvelope("a member that no context names")


def _terms(value: Any) -> Iterator[str]:
    """Every term that a context defines, in scoped contexts too."""
    if isinstance(value, list):
        for one in value:
            yield from _terms(one)
    elif isinstance(value, dict):
        for name, member in value.items():
            if not name.startswith("@"):
                yield name
            yield from _terms(member)
