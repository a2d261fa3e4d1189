"""What a peer is told when something is refused.

One class per wire error, beside the standard that defines it; this module holds only their common shape.  The class
docstring is what the peer reads, `detail` goes to our own log and never holds a claim value, a token or a key.
"""

from typing import ClassVar


class ProtocolError(Exception):
    """The request was refused."""

    code: ClassVar[str] = "invalid_request"
    status: ClassVar[int] = 400
    problem_type: ClassVar[str] = "about:blank"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or self.description)
        self.detail = detail

    @property
    def description(self) -> str:
        """The sentence for the peer: first line of the class docstring, printable ASCII (RFC 6749, 5.2)."""
        return (type(self).__doc__ or "The request was refused.").strip().splitlines()[0]

    def members(self) -> dict[str, str]:
        """What the body says beside the code and the description."""
        return {}

    def headers(self) -> dict[str, str]:
        """Response headers that the standard asks for beside the body."""
        return {}


class Malformed(ProtocolError):
    """The input is not of the form that the standard demands."""
