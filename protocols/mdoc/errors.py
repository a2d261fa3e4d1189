"""What is said of a mobile document that is refused."""

from typing import ClassVar

from protocols.errors import ProtocolError


class InvalidMdoc(ProtocolError):
    """The mobile document is not valid."""

    code: ClassVar[str] = "invalid_mdoc"
