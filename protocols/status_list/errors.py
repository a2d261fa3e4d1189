"""What is wrong with a status list."""

from protocols.errors import ProtocolError


class InvalidStatusList(ProtocolError):
    """The status list token is not valid."""

    code = "invalid_status_list"
