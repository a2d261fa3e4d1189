"""Token Status List as a CWT (draft-ietf-oauth-status-list, 5.2): the same list for who reads CBOR."""

import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from protocols.cose import algorithms, cbor, cwt, sign1
from protocols.errors import Malformed, ProtocolError
from protocols.ports import KeyReference, PluginTools, StatusList, StatusReference, ToBeSigned
from protocols.ports.status import OpenedStatusList
from protocols.status_list import InvalidStatusList, inflate, read_low_first, write_low_first

TYPE = "application/statuslist+cwt"
STATUS_LIST, TTL = 65533, 65534
_MAX_INDEX = 2**31


class TokenStatusListCwt:
    """`ports.StatusMechanism`; a credential's reference is the same as for the JWT."""

    name: ClassVar[str] = "token_status_list_cwt"
    member: ClassVar[str] = "status_list"
    media_type: ClassVar[str] = TYPE

    def __init__(self, _tools: PluginTools) -> None:
        pass

    def reference(self, claim: Mapping[str, Any]) -> StatusReference:
        """`status.status_list` with idx and uri (section 6.3). Raises Malformed."""
        entry = claim.get(self.member)
        index, uri = (entry.get("idx"), entry.get("uri")) if isinstance(entry, Mapping) else (None, None)
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < _MAX_INDEX:
            raise Malformed("status idx")
        if not isinstance(uri, str) or not 1 <= len(uri) <= 2048:
            raise Malformed("status uri")
        return StatusReference(self.name, uri, index)

    def claim(self, reference: StatusReference) -> Mapping[str, Any]:
        """The member of a credential."""
        return {self.member: {"idx": reference.index, "uri": reference.uri}}

    def prepare(self, status: StatusList, algorithm: str, x5c: tuple[bytes, ...], kid: str | None) -> ToBeSigned:
        """The Sig_structure of the token (section 5.2)."""
        listed: dict[str, Any] = {"bits": status.bits, "lst": zlib.compress(status.packed, 9)}
        if status.aggregation_uri:
            listed["aggregation_uri"] = status.aggregation_uri
        claims: dict[int, Any] = {
            cwt.SUB: status.uri,
            cwt.IAT: int(status.issued_at.timestamp()),
            STATUS_LIST: listed,
        }
        if status.expires_at:
            claims[cwt.EXP] = int(status.expires_at.timestamp())
        if status.ttl:
            claims[TTL] = status.ttl
        protected: dict[int, Any] = {sign1.TYP: TYPE}
        if kid:
            protected[sign1.KID] = kid.encode()
        if x5c:  # protected, as in a JWT (RFC 9360, 2)
            protected[sign1.X5CHAIN] = x5c[0] if len(x5c) == 1 else list(x5c)
        prepared = cwt.prepare_cwt(claims, algorithm, protected=protected)
        return ToBeSigned(prepared.payload, algorithm, prepared)

    def seal(self, prepared: ToBeSigned, signature: bytes) -> bytes:
        """The tagged COSE_Sign1."""
        return cbor.encode(cbor.Tag(sign1.TAG, sign1.seal(prepared.context, signature)))

    def open(self, token: bytes, uri: str, now: datetime) -> OpenedStatusList:
        """Type, subject, times, then bounded inflation (section 8.3). Raises InvalidStatusList."""
        try:
            return self._open(token, uri, now)
        except InvalidStatusList:
            raise
        except ProtocolError as error:
            raise InvalidStatusList(error.detail or type(error).__name__) from None

    def _open(self, token: bytes, uri: str, now: datetime) -> OpenedStatusList:
        opened = cwt.open_cwt(token, TYPE)
        claims, signed = opened.claims, opened.sign1
        if claims.get(cwt.SUB) != uri:
            raise InvalidStatusList("sub")
        cwt.require_times(claims, now, required=(cwt.IAT,))
        ttl = claims.get(TTL)
        if ttl is not None and (isinstance(ttl, bool) or not isinstance(ttl, int) or ttl <= 0):
            raise InvalidStatusList("ttl")
        bits, packed = _content(claims.get(STATUS_LIST))
        issued = cwt.time_of(claims, cwt.IAT)
        if issued is None:
            raise InvalidStatusList("iat")
        return OpenedStatusList(
            _signer(signed, uri),
            algorithms.name(signed.header[sign1.ALG]),
            sign1.signed_bytes("Signature1", signed, None),
            signed.signature,
            StatusList(uri, bits, packed, issued, cwt.time_of(claims, cwt.EXP), ttl),
        )

    def read(self, status: StatusList, index: int) -> int:
        """The value at the index, least significant bits first (section 4.1). Raises InvalidStatusList."""
        return read_low_first(status.packed, status.bits, index)

    def write(self, packed: bytearray, bits: int, index: int, value: int) -> None:
        """Set one place. Raises ValueError for a value, InvalidStatusList for a place that does not fit."""
        write_low_first(packed, bits, index, value)


def _content(member: Any) -> tuple[int, bytes]:
    bits, lst = (member.get("bits"), member.get("lst")) if isinstance(member, Mapping) else (None, None)
    if isinstance(bits, bool) or not isinstance(bits, int) or bits not in (1, 2, 4, 8) or not isinstance(lst, bytes):
        raise InvalidStatusList("bits and lst")
    return bits, inflate(lst)


def _signer(signed: sign1.CoseSign1, uri: str) -> KeyReference:
    if sign1.X5CHAIN in signed.header or sign1.X5CHAIN in signed.unprotected:
        return KeyReference("x5c", tuple(sign1.x5chain(signed)))
    kid = signed.header.get(sign1.KID, signed.unprotected.get(sign1.KID))
    try:
        named = kid.decode() if isinstance(kid, bytes) else None
    except UnicodeDecodeError:
        raise InvalidStatusList("kid") from None
    if named is not None and named.startswith("did:"):
        return KeyReference("did_url", named)
    return KeyReference("jwt_vc_issuer", named, uri)
