"""Issue Credential 3.0 (WACI), for DIDComm version 2."""

from typing import ClassVar

from protocols.didcomm.issuing import IssueCredential


class IssueCredential3(IssueCredential):
    """Attachments that name their format; problems are reported as everywhere in version 2."""

    identifier: ClassVar[str] = "https://didcomm.org/issue-credential/3.0"
    version: ClassVar[int] = 2
    versions: ClassVar[frozenset[int]] = frozenset({2})
