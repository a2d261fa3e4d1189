"""W3C credentials with Data Integrity proofs, format `ldp_vc` (OpenID4VCI 1.0, A.1.2; OpenID4VP 1.0, B.1.3.2).

The holder proves control in a presentation whose challenge is the nonce and whose domain is the client identifier.
One proof on each: who it is by is a question with one answer here. Contexts of the document's own are refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from protocols import data_integrity, json_ld, vcdm
from protocols.claims_path import ClaimsPath
from protocols.data_integrity import Expectations, ProofVerificationError, UnknownCryptosuite
from protocols.data_integrity.proofs import time_of
from protocols.jose.jwk import Jwk
from protocols.ports import (
    Binding,
    CredentialDraft,
    KeyReference,
    OpenedPresentation,
    PluginTools,
    Sandboxed,
    Securing,
    StatusReference,
    ToBeSigned,
    VerifiedCredential,
)
from protocols.status_list import entries
from protocols.vcdm import V2, InvalidPresentation, making

FORMAT = "ldp_vc"
_PRESENTING = {"EdDSA": "eddsa-rdfc-2022", "ES256": "ecdsa-rdfc-2019", "ES384": "ecdsa-rdfc-2019"}


@dataclass(frozen=True, slots=True)
class Opened:
    """A credential with its proof, and the presentation around it with the holder's, if there is one."""

    credential: Mapping[str, Any]
    proof: Mapping[str, Any]
    presentation: Mapping[str, Any] | None = None
    holder_proof: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """What `seal` needs: the document, the suite and what the suite prepared."""

    document: Mapping[str, Any]
    suite: Any
    prepared: ToBeSigned


class LdpVc:
    """Issues, holds and verifies; which proofs, is a matter of the cryptosuites that are on.

    A configuration's options: `@context` (its own contexts after the data model's, whose version they begin with) and
    `cryptosuite`. A holder's wishes for the proof, `challenge` and `domain`, stand beside them.
    """

    identifier: ClassVar[str] = FORMAT
    signs_by_did: ClassVar[bool] = True
    checks: ClassVar[tuple[str, ...]] = ("proof", "validity", "signature", "types")
    binding_checks: ClassVar[tuple[str, ...]] = ("holder_proof", "holder_signature")

    def __init__(self, tools: PluginTools) -> None:
        self._suites: Mapping[str, Any] = tools.families.get("cryptosuites", {})
        self._statuses: Mapping[str, Any] = tools.families.get("status_mechanisms", {})
        self._contexts = tools.contexts
        suites = self._suites.values()
        legacy = [one.name for one in suites if one.legacy]
        self.supported: Mapping[str, Any] = {
            "proof_type_values": [data_integrity.proofs.DATA_INTEGRITY, *legacy],
            "cryptosuite_values": [one.name for one in suites if not one.legacy],
        }

    def metadata(self, type_name: str, options: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """The credential_definition of a type (OpenID4VCI 1.0, A.1.2.2)."""
        contexts = (options or {}).get("@context", [V2])
        return {"credential_definition": {"@context": list(contexts), "type": making.types_named(type_name)}}

    # ------------------------------------------------------------------------------------------------------- issuing
    def prepare(self, draft: CredentialDraft) -> Any:
        """The hash that the issuer's key signs. Raises InvalidCredential, InvalidJsonLd, UnknownCryptosuite."""
        suite, credential = self._suite(_suite_of(draft)), self.unsigned(draft)
        bound = {name: draft.extra.get(name) for name in ("challenge", "domain")}
        proof = data_integrity.new_proof(
            suite.name, draft.kid or "", "assertionMethod", draft.issued_at, legacy=suite.legacy, **bound
        )
        securing = Securing(credential, proof, draft.algorithm, {}, draft.entropy)
        return _carrying(credential, suite, suite.prepare(securing))

    def unsigned(self, draft: CredentialDraft) -> Mapping[str, Any]:
        """The credential that `prepare` secures; its id is the first that it takes of the draft's random bytes.

        Raises InvalidCredential, UnknownCryptosuite.
        """
        suite = self._suite(_suite_of(draft))
        credential = data_integrity.with_context(self._credential(draft), suite.name, suite.legacy)
        vcdm.require_credential(credential)
        return credential

    def _credential(self, draft: CredentialDraft) -> dict[str, Any]:
        making.require_plain(draft.claims)
        holder = {"id": making.holder_did(draft.holder, draft.holder_kid)} if draft.holder else {}
        status = entries(draft.status, self._statuses)
        return making.make(
            draft.extra.get("@context", [V2]),
            draft.type,
            draft.issuer,
            {**holder, **draft.claims},
            (draft.not_before or draft.issued_at, draft.expires_at),
            draft.entropy(16),
            status,
        )

    def seal(self, prepared: ToBeSigned, signature: bytes) -> dict[str, Any]:
        """The secured credential, a JSON object."""
        carried: Prepared = prepared.context
        return data_integrity.with_proof(carried.document, carried.suite.seal(carried.prepared, signature))

    # ----------------------------------------------------------------------------------------------------- verifying
    def open(self, presentation: Any) -> OpenedPresentation:
        """A presentation of one credential, or the credential alone; cheap checks only. Raises InvalidPresentation."""
        if not isinstance(presentation, dict):
            raise InvalidPresentation("not an object")
        json_ld.require_pinned(presentation)
        opened = _open(presentation)
        data_integrity.require_form(opened.proof)
        self._suite(data_integrity.cryptosuite_of(opened.proof))
        type_name = making.type_of(opened.credential)
        issuer = vcdm.issuer_of(opened.credential)
        reference = KeyReference("did_url", opened.proof["verificationMethod"], issuer, type_name)
        bound = opened.holder_proof is not None
        return OpenedPresentation(reference, type_name, opened, self._status(opened.credential), bound)

    def verify(
        self, opened: OpenedPresentation, issuer_key: Jwk, algorithm: str | None, now: datetime, skew: int
    ) -> Any:
        """What the proof says of itself, the times, the signature: in this order."""
        content: Opened = opened.content
        checks, suite = opened.checks, data_integrity.cryptosuite_of(content.proof)
        checks.begin("proof", "assertionMethod", content.proof.get("proofPurpose"))
        data_integrity.require(content.proof, Expectations("assertionMethod", now, skew=skew))
        checks.begin("validity", now, _times(content.credential))
        vcdm.require_validity(content.credential, now, skew)
        checks.begin("signature", sorted(self._suites), suite)
        checked = self._verified(content.credential, content.proof, issuer_key)
        return _afterwards(checked, partial(self._typed, opened))

    def _typed(self, opened: OpenedPresentation, _checked: None) -> Sandboxed:
        """The types as IRIs, as queries name them (OpenID4VP 1.0, B.1.1)."""
        opened.checks.begin("types", seen=vcdm.types_of(opened.content.credential))
        credential = opened.content.credential
        added = json_ld.needed(credential, self._contexts)
        return Sandboxed(expanded_types, (credential, added), partial(_believed, opened))

    def verify_binding(self, opened: OpenedPresentation, holder: Jwk, binding: Binding, now: datetime) -> Any:
        """challenge is the nonce, domain the audience (B.1.3.2.2), signed by whom the credential is about."""
        content: Opened = opened.content
        wanted = {"purpose": "authentication", "domain": binding.audience, "challenge": binding.nonce}
        opened.checks.begin("holder_proof", wanted, _said(content.holder_proof))
        if content.presentation is None or content.holder_proof is None:
            raise ProofVerificationError("no proof of the holder")
        if binding.transaction_data:
            raise ProofVerificationError("transaction data cannot be confirmed in this format")
        expected = Expectations("authentication", now, binding.audience, binding.nonce, binding.skew)
        data_integrity.require(content.holder_proof, expected)
        oldest = now - timedelta(seconds=binding.max_age + binding.skew)
        if "created" in content.holder_proof and time_of(content.holder_proof, "created") < oldest:
            raise ProofVerificationError("the presentation is too old")
        opened.checks.begin("holder_signature", sorted(self._suites))
        return self._verified(content.presentation, content.holder_proof, holder)

    def _verified(self, document: Mapping[str, Any], proof: Mapping[str, Any], key: Jwk) -> Any:
        suite = self._suite(data_integrity.cryptosuite_of(proof))
        return suite.verify(data_integrity.secured_by(document, proof), proof, key)

    def _suite(self, name: str) -> Any:
        if name not in self._suites:
            raise UnknownCryptosuite(name[:50])
        return self._suites[name]

    def _status(self, credential: Mapping[str, Any]) -> StatusReference | None:
        """The status references, all of which must be good; a kind that nobody here reads is kept as unreadable, and
        so refused."""
        found = [self._read(entry) for entry in vcdm.statuses_of(credential)]
        return replace(found[0], others=tuple(found[1:])) if found else None

    def _read(self, entry: Mapping[str, Any]) -> StatusReference:
        for mechanism in self._statuses.values():
            if mechanism.member == entry.get("type"):
                reference: StatusReference = mechanism.reference(entry)
                return reference
        return StatusReference("unknown", "", 0)

    # ------------------------------------------------------------------------------------------------------- holding
    def disclose(
        self, credential: Any, paths: frozenset[ClaimsPath], binding: Binding, algorithm: str, now: datetime
    ) -> Any:
        """A presentation of the whole credential, for a holder who is a did:key or a did:jwk."""
        suite = self._suite(_PRESENTING[algorithm])
        holder = vcdm.subjects_of(credential)[0] or ""
        presentation = {
            "@context": [vcdm.version_of(credential)],
            "type": ["VerifiablePresentation"],
            "holder": holder,
            "verifiableCredential": [credential],
        }
        presentation = dict(data_integrity.with_context(presentation, suite.name, suite.legacy))
        proof = data_integrity.new_proof(
            suite.name,
            making.method_of(holder),
            "authentication",
            now,
            challenge=binding.nonce,
            domain=binding.audience,
        )
        securing = Securing(presentation, proof, algorithm, {}, None)
        return _carrying(presentation, suite, suite.prepare(securing))

    def bind(self, prepared: ToBeSigned, signature: bytes) -> dict[str, Any]:
        """The presentation with the holder's proof."""
        return self.seal(prepared, signature)


def _suite_of(draft: CredentialDraft) -> str:
    return str(draft.extra.get("cryptosuite", "eddsa-rdfc-2022"))


def expanded_types(credential: Mapping[str, Any], added: Mapping[str, Any]) -> tuple[str, ...]:
    """The credential's types as IRIs. For the sandbox."""
    (expanded,) = json_ld.expand(credential, added)
    return tuple(expanded.get("@type", ()))


def _carrying(document: Mapping[str, Any], suite: Any, prepared: Any) -> Any:
    """The suite's step, with the document remembered for `seal`."""
    return _afterwards(prepared, lambda done: ToBeSigned(done.payload, done.algorithm, Prepared(document, suite, done)))


def _afterwards(answer: Any, then: Any) -> Any:
    """A step and what follows it, whether or not its heavy part is still to be done."""
    if not isinstance(answer, Sandboxed):
        return then(answer)
    first = answer.then

    def both(done: Any) -> Any:
        return _afterwards(first(done), then)

    return Sandboxed(answer.function, answer.arguments, both)


def _open(presentation: Mapping[str, Any]) -> Opened:
    """Raises InvalidPresentation, InvalidCredential, ProofVerificationError."""
    if making.BASE_TYPE in vcdm.types_of(presentation):
        vcdm.require_credential(presentation)
        return Opened(presentation, _only_proof(presentation))
    vcdm.require_presentation(presentation)
    credentials = vcdm.credentials_of(presentation)
    if len(credentials) != 1:
        raise InvalidPresentation("one credential")
    proof = _only_proof(credentials[0])
    if "proof" not in presentation:
        return Opened(credentials[0], proof)
    return Opened(credentials[0], proof, presentation, _only_proof(presentation))


def _only_proof(document: Mapping[str, Any]) -> Mapping[str, Any]:
    proofs = data_integrity.proofs_of(document)
    if len(proofs) != 1:
        raise ProofVerificationError("more than one proof")
    return proofs[0]


def _holder(content: Opened) -> KeyReference | None:
    """Whose key the presentation must be signed by: of the one whom the credential is about, and who presents."""
    if content.presentation is None or content.holder_proof is None:
        return None
    data_integrity.require_form(content.holder_proof)
    subjects = set(vcdm.subjects_of(content.credential))
    holder = vcdm.holder_of(content.presentation)
    if len(subjects) != 1 or None in subjects or holder not in (None, *subjects):
        raise ProofVerificationError("the holder is not whom the credential is about")
    return KeyReference("did_url", content.holder_proof["verificationMethod"], subjects.pop())


def _times(credential: Mapping[str, Any]) -> dict[str, Any]:
    names = ("validFrom", "validUntil", "issuanceDate", "expirationDate")
    return {name: credential[name] for name in names if name in credential}


def _said(proof: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What the holder's proof says of the session."""
    names = {"proofPurpose": "purpose", "domain": "domain", "challenge": "challenge", "created": "created"}
    return None if proof is None else {told: proof[name] for name, told in names.items() if name in proof}


def _believed(opened: OpenedPresentation, types: tuple[str, ...]) -> VerifiedCredential:
    content: Opened = opened.content
    return VerifiedCredential(
        format=FORMAT,
        type=opened.type,
        claims=data_integrity.unsecured(content.credential),
        issuer=vcdm.issuer_of(content.credential),
        issued_at=vcdm.valid_from(content.credential),
        expires_at=vcdm.valid_until(content.credential),
        holder=_holder(content),
        status=opened.status,
        checks=("signature", "validity"),
        types=types,
    )
