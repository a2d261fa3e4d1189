"""Issue Credential 2.0 (RFC 0453), for DIDComm version 1."""

from typing import ClassVar

from protocols.didcomm.issuing import IssueCredential


class IssueCredential2(IssueCredential):
    """Attachments beside a list of their formats; problems are reported within the thread."""

    identifier: ClassVar[str] = "https://didcomm.org/issue-credential/2.0"
    version: ClassVar[int] = 1
    versions: ClassVar[frozenset[int]] = frozenset({1})
