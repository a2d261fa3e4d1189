"""Token Status List as a JWT (draft-ietf-oauth-status-list)."""

import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from protocols.encoding import b64url, parse_b64url
from protocols.errors import Malformed, ProtocolError
from protocols.jose import jws, jwt
from protocols.ports import KeyReference, PluginTools, StatusList, StatusReference, ToBeSigned
from protocols.ports.status import OpenedStatusList
from protocols.status_list import InvalidStatusList, inflate, read_low_first, write_low_first
from protocols.x509 import parse_chain, render_chain

TYPE = "statuslist+jwt"
_MAX_INDEX = 2**31


class TokenStatusList:
    """`ports.StatusMechanism`."""

    name: ClassVar[str] = "token_status_list"
    member: ClassVar[str] = "status_list"
    media_type: ClassVar[str] = "application/statuslist+jwt"

    def __init__(self, _tools: PluginTools) -> None:
        pass

    def reference(self, claim: Mapping[str, Any]) -> StatusReference:
        """`status.status_list` with idx and uri (section 6.2). Raises Malformed."""
        entry = claim.get(self.member)
        index, uri = (entry.get("idx"), entry.get("uri")) if isinstance(entry, dict) else (None, None)
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < _MAX_INDEX:
            raise Malformed("status idx")
        if not isinstance(uri, str) or not 1 <= len(uri) <= 2048:
            raise Malformed("status uri")
        return StatusReference(self.name, uri, index)

    def claim(self, reference: StatusReference) -> Mapping[str, Any]:
        """The member of a credential."""
        return {self.member: {"idx": reference.index, "uri": reference.uri}}

    def prepare(self, status: StatusList, algorithm: str, x5c: tuple[bytes, ...], kid: str | None) -> ToBeSigned:
        """The list token's signing input (section 5.1)."""
        payload: dict[str, Any] = {
            "sub": status.uri,
            "iat": int(status.issued_at.timestamp()),
            "status_list": {"bits": status.bits, "lst": b64url(zlib.compress(status.packed, 9))},
        }
        if status.aggregation_uri:
            payload["status_list"]["aggregation_uri"] = status.aggregation_uri
        if status.expires_at:
            payload["exp"] = int(status.expires_at.timestamp())
        if status.ttl:
            payload["ttl"] = status.ttl
        header: dict[str, Any] = {"alg": algorithm, "typ": TYPE}
        if x5c:
            header["x5c"] = render_chain(x5c)
        if kid:
            header["kid"] = kid
        return ToBeSigned(jwt.render(header, payload), algorithm, None)

    def seal(self, prepared: ToBeSigned, signature: bytes) -> bytes:
        """The compact token."""
        return jws.seal(prepared.payload, signature).encode()

    def open(self, token: bytes, uri: str, now: datetime) -> OpenedStatusList:
        """Type, subject, times, then bounded inflation (section 8.3). Raises InvalidStatusList."""
        try:
            return self._open(token.decode("ascii").strip(), uri, now)
        except InvalidStatusList:
            raise
        except (ProtocolError, UnicodeDecodeError) as error:
            raise InvalidStatusList(getattr(error, "detail", "") or type(error).__name__) from None

    def _open(self, token: str, uri: str, now: datetime) -> OpenedStatusList:
        opened = jwt.open_jwt(token, TYPE)
        claims, header = opened.claims, opened.header
        if claims.get("sub") != uri:
            raise InvalidStatusList("sub")
        jwt.require_times(claims, now, required=("iat",))
        ttl = claims.get("ttl")
        if ttl is not None and (isinstance(ttl, bool) or not isinstance(ttl, int) or ttl <= 0):
            raise InvalidStatusList("ttl")
        bits, packed = _content(claims.get("status_list"))
        issued = jwt.time_of(claims, "iat")
        if issued is None:
            raise InvalidStatusList("iat")
        content = StatusList(uri, bits, packed, issued, jwt.time_of(claims, "exp"), ttl)
        parts = opened.jws
        return OpenedStatusList(_signer(header, uri), header["alg"], parts.signing_input, parts.signature, content)

    def read(self, status: StatusList, index: int) -> int:
        """The value at the index, least significant bits first (section 4.1). Raises InvalidStatusList."""
        return read_low_first(status.packed, status.bits, index)

    def write(self, packed: bytearray, bits: int, index: int, value: int) -> None:
        """Set one place. Raises ValueError for a value, InvalidStatusList for a place that does not fit."""
        write_low_first(packed, bits, index, value)


def _content(member: Any) -> tuple[int, bytes]:
    bits, lst = (member.get("bits"), member.get("lst")) if isinstance(member, dict) else (None, None)
    if isinstance(bits, bool) or not isinstance(bits, int) or bits not in (1, 2, 4, 8) or not isinstance(lst, str):
        raise InvalidStatusList("bits and lst")
    return bits, inflate(parse_b64url(lst))


def _signer(header: Mapping[str, Any], uri: str) -> KeyReference:
    if "x5c" in header:
        return KeyReference("x5c", parse_chain(header["x5c"]))
    kid = header.get("kid")
    if isinstance(kid, str) and kid.startswith("did:"):
        return KeyReference("did_url", kid)
    return KeyReference("jwt_vc_issuer", kid, uri)
