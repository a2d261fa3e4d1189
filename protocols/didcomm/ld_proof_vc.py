"""JSON-LD credentials as attachments (RFC 0593): what is offered and asked for, and whether one is the other.

The credential of a detail has neither proof nor status; what the proof shall be is in `options`.
"""

from collections.abc import Mapping
from typing import Any

from protocols import data_integrity, vcdm
from protocols.errors import Malformed, ProtocolError

DETAIL = "aries/ld-proof-vc-detail@v1.0"
CREDENTIAL = "aries/ld-proof-vc@v1.0"
_BY_HOLDER = ("challenge", "domain")
_MAX_TEXT = 256


class NotAsOffered(ProtocolError):
    """What is asked for or issued is not what was offered."""

    code = "issuance-abandoned"


def detail(credential: Mapping[str, Any], cryptosuite: str, legacy: bool, status: str | None) -> dict[str, Any]:
    """A detail of a credential that would be issued. `status` is the type of its status entry.

    A suite of Data Integrity is named beside the proof type, as in a proof.
    """
    named = {"proofType": cryptosuite} if legacy else {"proofType": data_integrity.proofs.DATA_INTEGRITY}
    named |= {} if legacy else {"cryptosuite": cryptosuite}
    options: dict[str, Any] = {**named, "proofPurpose": "assertionMethod"}
    if status:
        options["credentialStatus"] = {"type": status}
    shown = {name: value for name, value in credential.items() if name not in ("proof", "credentialStatus")}
    return {"credential": shown, "options": options}


def parse(content: Mapping[str, Any]) -> dict[str, Any]:
    """A detail of the form that it has to have. Raises Malformed, InvalidCredential."""
    credential, options = content.get("credential"), content.get("options")
    if not isinstance(credential, dict) or not isinstance(options, dict):
        raise Malformed("credential and options")
    if not isinstance(options.get("proofType"), str):
        raise Malformed("proofType")
    if options.get("proofPurpose", "assertionMethod") != "assertionMethod":
        raise Malformed("proofPurpose")
    if {"proof", "credentialStatus"} & credential.keys():
        raise Malformed("a detail has neither proof nor status")
    vcdm.require_credential(credential)
    return {"credential": credential, "options": options}


def subject_of(credential: Mapping[str, Any]) -> str | None:
    """Whom a credential is about. Raises Malformed when that is not one."""
    subjects = vcdm.subjects_of(credential)
    if len(subjects) != 1:
        raise Malformed("one subject")
    return subjects[0]


def with_subject(content: Mapping[str, Any], did: str) -> dict[str, Any]:
    """The detail with the DID of whom the credential shall be about."""
    credential = dict(content["credential"])
    credential["credentialSubject"] = {"id": did, **credential["credentialSubject"]}
    return {**content, "credential": credential}


def require_as_offered(offered: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, str]:
    """What the holder may add to the proof: challenge and domain. Raises NotAsOffered.

    The subject's id may be added where the offer left it open, and nothing else.
    """
    subject = subject_of(asked["credential"])
    wanted = offered
    if subject_of(offered["credential"]) is None and subject is not None:
        wanted = with_subject(offered, subject)
    if wanted["credential"] != asked["credential"]:
        raise NotAsOffered("another credential than was offered")
    added = {name: value for name, value in asked["options"].items() if name in _BY_HOLDER}
    rest = {name: value for name, value in asked["options"].items() if name not in _BY_HOLDER}
    if {"proofPurpose": "assertionMethod", **rest} != offered["options"]:
        raise NotAsOffered("another proof than was offered")
    if not all(isinstance(value, str) and 0 < len(value) <= _MAX_TEXT for value in added.values()):
        raise NotAsOffered("challenge or domain")
    return added


def require_as_asked(asked: Mapping[str, Any], credential: Mapping[str, Any]) -> None:
    """The credential is the one that was asked for, by the proof that was asked for. Raises NotAsOffered."""
    options, status = asked["options"], credential.get("credentialStatus")
    bare = {name: value for name, value in credential.items() if name not in ("proof", "credentialStatus")}
    if bare != asked["credential"]:
        raise NotAsOffered("another credential than was asked for")
    promised = options.get("credentialStatus")
    if status is not None and (not isinstance(promised, dict) or _types(status) != {promised.get("type")}):
        raise NotAsOffered("a status that was not asked for")
    if promised is not None and status is None:
        raise NotAsOffered("no status")
    proofs = data_integrity.proofs_of(credential)
    if len(proofs) != 1 or proofs[0].get("type") != options["proofType"]:
        raise NotAsOffered("another proof than was asked for")
    for name in ("cryptosuite", *_BY_HOLDER):
        if proofs[0].get(name) != options.get(name):
            raise NotAsOffered(name)


def _types(status: Any) -> set[Any]:
    entries = status if isinstance(status, list) else [status]
    return {one.get("type") if isinstance(one, dict) else None for one in entries}
