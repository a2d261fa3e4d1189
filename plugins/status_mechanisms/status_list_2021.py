"""StatusList2021 (W3C CCG, Status List 2021): what came before Bitstring Status List, read and never published."""

from typing import Any, ClassVar

from protocols.encoding import parse_b64url
from protocols.ports import PluginTools
from protocols.status_list import InvalidStatusList, inflate
from protocols.status_list.credential import MIN_BYTES, CredentialStatusList


class StatusList2021(CredentialStatusList):
    """`ports.StatusMechanism`, to read with."""

    name: ClassVar[str] = "status_list_2021"
    member: ClassVar[str] = "StatusList2021Entry"
    list_type: ClassVar[str] = "StatusList2021"
    credential_type: ClassVar[str] = "StatusList2021Credential"
    media_type: ClassVar[str] = "application/vc+jwt"
    older: ClassVar[bool] = True
    read_only: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = (*CredentialStatusList.reads, "application/jwt")

    def __init__(self, _tools: PluginTools) -> None:
        pass

    def decode(self, encoded: Any) -> bytes:
        """base64 of GZIP, in either alphabet: the specification says the one and its examples have the other."""
        if not isinstance(encoded, str):
            raise InvalidStatusList("encodedList")
        packed = inflate(parse_b64url(encoded.rstrip("=").replace("+", "-").replace("/", "_")), gzip=True)
        if len(packed) < MIN_BYTES:
            raise InvalidStatusList("shorter than a list may be")
        return packed
