"""Credential formats: issue, hold and verify, never waiting."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol

from protocols.checks import Checks
from protocols.claims_path import ClaimsPath
from protocols.ports.keys import Jwk
from protocols.ports.status import StatusReference
from protocols.ports.trust import KeyReference


@dataclass(frozen=True, slots=True)
class ToBeSigned:
    """The bytes a key store signs, and what `seal` needs to finish. `context` is the format's own affair."""

    payload: bytes
    algorithm: str
    context: Any


@dataclass(frozen=True, slots=True)
class CredentialDraft:
    """A credential about to be issued; every random value and every time comes in here.

    `type` is the vct, doctype or type; `issuer` the identifier written as `iss` or None when the certificate says it;
    `x5c` the issuer's chain (DER, leaf first, root left out); `kid` the issuer key's DID URL or key id; `holder` the
    holder's public JWK or None; `holder_kid` the DID URL when the holder named its key so; `disclosable` the claim
    paths to be selectively disclosable (None: every top-level claim); `type_digest` the SHA-256 of the document that is
    hosted at the type's address, if any; `entropy(n)` fresh random bytes; `schema` the type's JSON Schema, for a format
    whose values have more types than JSON's. `seconds` values are whole and already rounded by the caller.
    """

    type: str
    claims: Mapping[str, Any]
    algorithm: str
    entropy: Any
    issued_at: datetime
    expires_at: datetime | None = None
    not_before: datetime | None = None
    issuer: str | None = None
    x5c: tuple[bytes, ...] = ()
    kid: str | None = None
    holder: Jwk | None = None
    holder_kid: str | None = None
    status: StatusReference | None = None
    disclosable: frozenset[ClaimsPath] | None = None
    decoys: int = 0
    schema: Mapping[str, Any] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    type_digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class Binding:
    """What a presentation must be bound to: audience (the full client identifier), nonce, and for mdoc the rest of
    the session. `transaction_data` are the base64url strings as sent. `max_age` and `skew` are seconds."""

    audience: str
    nonce: str
    response_uri: str | None = None
    origin: str | None = None
    encryption_key_thumbprint: bytes | None = None
    transaction_data: tuple[str, ...] = ()
    max_age: int = 300
    skew: int = 60


@dataclass(frozen=True, slots=True)
class OpenedPresentation:
    """A presentation taken apart, nothing of it believed. `bound`: it carries a proof of the holder.

    `checks` is where the format says what it checks, line by line, in `verify` and `verify_binding`."""

    issuer: KeyReference
    type: str
    content: Any
    status: StatusReference | None = None
    bound: bool = False
    checks: Checks = field(default_factory=Checks, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class VerifiedCredential:
    """A credential whose signature, digests and times hold.

    `claims` is what was both signed and disclosed, `holder` how the credential names its holder's key, `types` every
    type of a format whose credentials have several."""

    format: str
    type: str
    claims: Mapping[str, Any]
    issuer: str | None
    issued_at: datetime | None
    expires_at: datetime | None
    holder: KeyReference | None
    status: StatusReference | None
    checks: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


class IssuesCredentials(Protocol):
    """Makes credentials of one format.

    A format that is not signed with the tenant's "issuer" key names another purpose in `signing_purpose`; one whose
    issuer is a DID of the tenant says so by `signs_by_did = True`; one that does not name algorithms as JWS does maps
    those names in `signing_alg_values`; one whose credentials can be shown before they are signed makes them by
    `unsigned(draft)`. A step with work that an attacker can make slow answers Sandboxed; so may those
    of the other two ports.
    """

    identifier: ClassVar[str]

    def metadata(self, type_name: str) -> Mapping[str, Any]:
        """How a credential configuration's metadata names the type (OpenID4VCI 1.0, appendix A)."""

    def prepare(self, draft: CredentialDraft) -> ToBeSigned: ...

    def seal(self, prepared: ToBeSigned, signature: bytes) -> Any:
        """The credential as it stands in a credential response."""


class VerifiesPresentations(Protocol):
    """Reads presentations of one format; `supported` is its entry of vp_formats_supported (OpenID4VP 1.0, B).

    A format whose holder signs transaction data (8.4) says so by a class attribute `transaction_data = True`; one that
    names the lines it writes into `opened.checks` by `checks` and `binding_checks` has those that were not reached told
    as such.
    """

    identifier: ClassVar[str]
    supported: ClassVar[Mapping[str, Any]]

    def open(self, presentation: Any) -> OpenedPresentation:
        """Take apart; believes nothing. Raises InvalidPresentation."""

    def verify(
        self, opened: OpenedPresentation, issuer_key: Jwk, algorithm: str | None, now: datetime, skew: int
    ) -> VerifiedCredential:
        """Believe the credential, in the order the standard gives; `skew` in seconds.

        Raises a ProtocolError named for the check that failed.
        """

    def verify_binding(self, opened: OpenedPresentation, holder: Jwk, binding: Binding, now: datetime) -> None:
        """Believe that the holder presents it, here and now. Raises a ProtocolError named for what failed."""


class HoldsCredentials(Protocol):
    """Presents credentials of one format."""

    identifier: ClassVar[str]

    def disclose(
        self, credential: Any, paths: frozenset[ClaimsPath], binding: Binding, algorithm: str, now: datetime
    ) -> ToBeSigned: ...

    def bind(self, prepared: ToBeSigned, signature: bytes) -> Any:
        """The presentation: what `disclose` prepared, with the holder's signature."""
