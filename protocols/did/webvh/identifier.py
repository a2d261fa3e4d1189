"""did:webvh identifiers (did:webvh 1.0, Method-Specific Identifier; The DID to HTTPS Transformation)."""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from protocols.did import InvalidDid, parse_did

METHOD = "webvh"
PLACEHOLDER = "{SCID}"
_SCID = re.compile(r"[1-9A-HJ-NP-Za-km-z]{46}", re.ASCII)
_DOMAIN = re.compile(r"((?:[A-Za-z0-9.-]|%[0-9A-Fa-f]{2})+?)(?:%3[Aa]([0-9]{1,5}))?", re.ASCII)
_SEGMENT = re.compile(r"(?:[A-Za-z0-9._-]|%[0-9A-Fa-f]{2})+", re.ASCII)
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# The last label is no number, so no IPv4 address in any spelling that a URL parser knows is a name.
_NAME = re.compile(rf"(?:{_LABEL}\.)*(?![0-9]+$|0x[0-9a-f]*$){_LABEL}", re.ASCII)
_FORBIDDEN = frozenset("/\\\0")


@dataclass(frozen=True, slots=True)
class WebvhDid:
    """A did:webvh taken apart: host is a name in lower case, path the segments as a URL writes them."""

    did: str
    scid: str
    host: str
    port: int | None
    path: tuple[str, ...]

    @property
    def qualified(self) -> bool:
        """Whether the host has the two labels that the method demands; a single one serves a demo on one machine."""
        return "." in self.host

    @property
    def authority(self) -> str:
        """host or host:port."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    def url(self, name: str) -> str:
        """Where a file of the DID is: did.jsonl, did-witness.json, did.json."""
        return f"https://{self.authority}/" + "/".join([*(self.path or (".well-known",)), name])

    @property
    def folder(self) -> str:
        """What paths of DID URLs are appended to: as for files, without .well-known (DID URL Path Resolution)."""
        return f"https://{self.authority}/" + "".join(f"{segment}/" for segment in self.path)


def parse(did: str) -> WebvhDid:
    """Take a did:webvh apart. Raises InvalidDid."""
    method, name = parse_did(did)
    scid, *rest = name.split(":")
    if method != METHOD or not _SCID.fullmatch(scid) or not rest:
        raise InvalidDid("not a did:webvh")
    host, port = _domain(rest[0])
    return WebvhDid(did, scid, host, port, tuple(_segment(one) for one in rest[1:]))


def _domain(text: str) -> tuple[str, int | None]:
    found = _DOMAIN.fullmatch(text)
    if found is None or "%3a" in found[1].lower():
        raise InvalidDid("did:webvh of no domain")
    name = _decoded(found[1]).lower()
    # Names in other scripts come as A-labels: what is compared is then one spelling.
    if len(name) > 253 or not _NAME.fullmatch(name):
        raise InvalidDid("did:webvh of no domain name")
    port = int(found[2]) if found[2] else None
    if port is not None and not 1 <= port <= 65535:
        raise InvalidDid("did:webvh with an impossible port")
    return name, port


def _segment(text: str) -> str:
    if not _SEGMENT.fullmatch(text):
        raise InvalidDid("did:webvh with an unusable path")
    plain = _decoded(text)
    if plain in (".", "..") or plain != plain.strip() or not _FORBIDDEN.isdisjoint(plain):
        raise InvalidDid("did:webvh with an unusable path")
    return quote(plain, safe="")


def _decoded(text: str) -> str:
    """Percent-decoded exactly once."""
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidDid("percent-encoding of no text") from None


def template(authority: str, segments: tuple[str, ...]) -> str:
    """The DID of a location before its SCID is known. Raises InvalidDid for what cannot be located."""
    did = ":".join(["did", METHOD, PLACEHOLDER, authority.lower().replace(":", "%3A"), *segments])
    parse(did.replace(PLACEHOLDER, "1" * 46))
    return did
