"""Parameters of DID URLs (DID Resolution, DID Parameters)."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from protocols.did import Version
from protocols.errors import ProtocolError

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", re.ASCII)
_NUMBER = re.compile(r"[1-9]\d{0,8}", re.ASCII)


class InvalidDidUrl(ProtocolError):
    """The DID URL, or one of its parameters, is not of the form that it has to have."""

    code = "invalidDidUrl"


class InvalidOptions(ProtocolError):
    """An option of the resolution is not of the form that it has to have."""

    code = "invalidOptions"


def parameters(query: str) -> dict[str, str]:
    """The parameters of a query, with or without its question mark, each at most once. Raises InvalidDidUrl."""
    try:
        pairs = parse_qsl(query.removeprefix("?"), keep_blank_values=True, max_num_fields=20, errors="strict")
    except ValueError:
        raise InvalidDidUrl("parameters cannot be read") from None
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidDidUrl("repeated parameter")
    return found


def version_of(query: str) -> Version:
    """The version that a query pins. Raises InvalidDidUrl."""
    return version(parameters(query))


def version(found: Mapping[str, str]) -> Version:
    """The version among parameters. Raises InvalidDidUrl."""
    time, number = found.get("versionTime"), found.get("versionNumber")
    if (time is not None and not _TIME.fullmatch(time)) or (number is not None and not _NUMBER.fullmatch(number)):
        raise InvalidDidUrl("versionTime or versionNumber")
    return Version(found.get("versionId"), time, number)
