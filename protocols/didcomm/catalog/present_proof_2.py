"""Present Proof 2.0 (RFC 0454), for DIDComm version 1."""

from typing import ClassVar

from protocols.didcomm.presenting import PresentProof


class PresentProof2(PresentProof):
    """Attachments beside a list of their formats; problems are reported within the thread."""

    identifier: ClassVar[str] = "https://didcomm.org/present-proof/2.0"
    version: ClassVar[int] = 1
    versions: ClassVar[frozenset[int]] = frozenset({1})
