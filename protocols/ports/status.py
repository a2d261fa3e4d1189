"""Status mechanisms: lists that say whether a credential still holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

from protocols.ports.trust import KeyReference


@dataclass(frozen=True, slots=True)
class StatusReference:
    """Where a credential's status stands: mechanism ("token_status_list"), list URI, index.

    `purpose` is what the list says something about; `bits` a place, where the credential says so itself, and
    `messages` what its values mean, from 0; `others` are the further places of a credential that has several, all of
    which must be good.
    """

    mechanism: str
    uri: str
    index: int
    purpose: str = "revocation"
    bits: int | None = None
    others: tuple["StatusReference", ...] = ()
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StatusList:
    """A status list that was opened or is about to be signed. `bits` a place, packed as the mechanism packs.

    `aggregation_uri` leads to the addresses of all lists of the issuer; `purposes` are what the list says something
    about, none where its mechanism knows no purposes.
    """

    uri: str
    bits: int
    packed: bytes
    issued_at: datetime
    expires_at: datetime | None = None
    ttl: int | None = None
    aggregation_uri: str | None = None
    purposes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenedStatusList:
    """A list token taken apart: whose key must have signed what, over which content. Nothing of it believed.

    `document` is a list credential whole, secured by its one Data Integrity proof: `algorithm` is then the name of the
    cryptosuite that verifies it, and there is nothing else that was signed.
    """

    signer: KeyReference
    algorithm: str
    signing_input: bytes
    signature: bytes
    content: StatusList
    document: Mapping[str, Any] | None = None


class StatusMechanism(Protocol):
    """One kind of status list. Never waits.

    What some have beside: `signs_by_did = True`, a list is signed by a DID of the tenant; `read_only = True`, it is
    read and never published, without `prepare` and `seal`; `reads`, media types that it reads beside its own;
    `purposes`, it has lists for others than revocation; `proof_media_type` and `credential(status, issuer)`, a list can
    be a credential with a Data Integrity proof.
    """

    name: ClassVar[str]
    member: ClassVar[str]
    media_type: ClassVar[str]

    def reference(self, claim: Mapping[str, Any]) -> StatusReference:
        """Read the credential's status member. Raises Malformed."""

    def claim(self, reference: StatusReference) -> Mapping[str, Any]:
        """The status member for a credential."""

    def prepare(self, status: StatusList, algorithm: str, x5c: tuple[bytes, ...], kid: str | None) -> Any:
        """ToBeSigned for a list token."""

    def seal(self, prepared: Any, signature: bytes) -> bytes:
        """The list token as served under `media_type`."""

    def open(self, token: bytes, uri: str, now: datetime) -> OpenedStatusList:
        """Take a fetched token apart: type, subject, times, bounds of inflation. Raises a ProtocolError."""

    def read(self, status: StatusList, index: int) -> int:
        """The value at the index; out of range raises."""

    def write(self, packed: bytearray, bits: int, index: int, value: int) -> None:
        """Set one place of a packed list, or of a part of one."""
