"""SD-JWT (RFC 9901): conceal claims, take a presentation apart, restore what was disclosed, bind it to the holder.

The text that was received is what is hashed, never a re-encoding of it.
"""

import hashlib
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from protocols.claims_path import ClaimsPath
from protocols.encoding import b64url, parse_b64url, parse_json, parse_json_object, render_json
from protocols.errors import ProtocolError
from protocols.jose import jws, jwt
from protocols.jose.jwk import Jwk
from protocols.jose.jws import CompactJws
from protocols.jose.jwt import OpenedJwt

KB_TYPE = "kb+jwt"
MAX_BYTES = 512_000
MAX_DISCLOSURES = 1000
MAX_DEPTH = 32
SALT_BYTES = 16
_HASHES: Mapping[str, Callable[[bytes], Any]] = {
    "sha-256": hashlib.sha256,
    "sha-384": hashlib.sha384,
    "sha-512": hashlib.sha512,
}
_RESERVED = frozenset({"_sd", "..."})


class InvalidSdJwt(ProtocolError):
    """The SD-JWT is not well-formed, or its disclosures do not fit it."""

    code = "invalid_presentation"


class InvalidKeyBinding(ProtocolError):
    """The presentation is not bound to this request by the holder's key."""

    code = "invalid_key_binding"


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One disclosure as received: its text is what is hashed. `name` is None for an array element."""

    text: str
    name: str | None
    value: Any


@dataclass(frozen=True, slots=True)
class SdJwt:
    """An SD-JWT taken apart, nothing of it believed. `presented` is its text up to the last tilde, with it."""

    jws: CompactJws
    payload: Mapping[str, Any]
    disclosures: tuple[Disclosure, ...]
    key_binding: str | None
    presented: str

    @property
    def header(self) -> Mapping[str, Any]:
        """The issuer's JOSE header."""
        return self.jws.header


# ------------------------------------------------------------------------------------------------------------ issue
def conceal(
    claims: Mapping[str, Any], disclosable: Iterable[ClaimsPath], entropy: Callable[[int], bytes], decoys: int = 0
) -> tuple[dict[str, Any], list[str]]:
    """(payload, disclosures) with the named claims selectively disclosable (4.2); None in a path is every element.

    `entropy(n)` gives n fresh bytes. Raises InvalidSdJwt for claims that use reserved names.
    """
    disclosures: list[str] = []
    payload: dict[str, Any] = _conceal(dict(claims), frozenset(disclosable), entropy, disclosures)
    digests = [*payload.get("_sd", ()), *(_digest("sha-256", b64url(entropy(32))) for _ in range(decoys))]
    if digests:
        payload["_sd"] = sorted(digests)
    if disclosures or decoys:
        payload["_sd_alg"] = "sha-256"
    return payload, disclosures


def _conceal(value: Any, paths: frozenset[ClaimsPath], entropy: Callable[[int], bytes], made: list[str]) -> Any:
    if isinstance(value, Mapping):
        if not _RESERVED.isdisjoint(value):
            raise InvalidSdJwt("reserved name")
        if not paths and not any(isinstance(inner, Mapping | list) for inner in value.values()):
            return dict(value)
        return _conceal_object(value, paths, entropy, made)
    if isinstance(value, list):
        return [_conceal_element(index, inner, paths, entropy, made) for index, inner in enumerate(value)]
    return value


def _conceal_object(
    value: Mapping[str, Any], paths: frozenset[ClaimsPath], entropy: Callable[[int], bytes], made: list[str]
) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    digests = []
    for name, inner in value.items():
        deeper = frozenset(path[1:] for path in paths if path and path[0] == name)
        content = _conceal(inner, deeper - {()}, entropy, made)
        if () in deeper:
            digests.append(_disclose([b64url(entropy(SALT_BYTES)), name, content], made))
        else:
            shown[name] = content
    return {**shown, "_sd": sorted(digests)} if digests else shown


def _conceal_element(
    index: int, inner: Any, paths: frozenset[ClaimsPath], entropy: Callable[[int], bytes], made: list[str]
) -> Any:
    deeper = frozenset(path[1:] for path in paths if path and not isinstance(path[0], str) and path[0] in (None, index))
    content = _conceal(inner, deeper - {()}, entropy, made)
    return {"...": _disclose([b64url(entropy(SALT_BYTES)), content], made)} if () in deeper else content


def _disclose(parts: list[Any], made: list[str]) -> str:
    text = b64url(render_json(parts))
    made.append(text)
    return _digest("sha-256", text)


def _digest(algorithm: str, text: str) -> str:
    return b64url(_HASHES[algorithm](text.encode("ascii")).digest())


def assemble(issuer_jwt: str, disclosures: Iterable[str], key_binding: str = "") -> str:
    """The compact form (4)."""
    return "~".join([issuer_jwt, *disclosures, key_binding])


# -------------------------------------------------------------------------------------------------------- take apart
def parse(text: Any) -> SdJwt:
    """A compact SD-JWT or SD-JWT+KB (4). Raises InvalidSdJwt, Malformed, AlgorithmNotAllowed."""
    if not isinstance(text, str) or len(text) > MAX_BYTES or not text.isascii():
        raise InvalidSdJwt("not a string of ASCII of acceptable length")
    issuer_jwt, *rest = text.split("~")
    if not rest:
        raise InvalidSdJwt("no tilde")
    if len(rest) > MAX_DISCLOSURES:
        raise InvalidSdJwt("too many disclosures")
    opened = jws.parse(issuer_jwt)
    return SdJwt(
        jws=opened,
        payload=parse_json_object(opened.payload),
        disclosures=tuple(_read_disclosure(one) for one in rest[:-1]),
        key_binding=rest[-1] or None,
        presented=text[: len(text) - len(rest[-1])],
    )


def parse_json_form(value: Mapping[str, Any]) -> SdJwt:
    """The flattened or general JWS JSON serialization (8.1), by way of the compact form; of several
    signatures the first, which carries the disclosures, counts. Raises InvalidSdJwt.
    """
    signatures = value.get("signatures", [value])
    if not isinstance(signatures, list) or not signatures or not isinstance(signatures[0], Mapping):
        raise InvalidSdJwt("no signature")
    one, header = signatures[0], signatures[0].get("header", {})
    parts: list[Any] = [one.get("protected"), value.get("payload"), one.get("signature")]
    disclosures = header.get("disclosures", []) if isinstance(header, Mapping) else None
    if not isinstance(disclosures, list) or not all(isinstance(part, str) for part in [*parts, *disclosures]):
        raise InvalidSdJwt("not as section 8.1 says")
    key_binding = header.get("kb_jwt", "")
    if not isinstance(key_binding, str) or any("~" in part for part in [*parts, *disclosures, key_binding]):
        raise InvalidSdJwt("not as section 8.1 says")
    return parse(assemble(".".join(parts), disclosures, key_binding))


def _read_disclosure(text: str) -> Disclosure:
    parts = parse_json(parse_b64url(text))
    if not isinstance(parts, list) or len(parts) not in (2, 3) or not isinstance(parts[0], str):
        raise InvalidSdJwt("a disclosure is an array of two or three with a salt")
    if len(parts) == 2:
        return Disclosure(text, None, parts[1])
    if not isinstance(parts[1], str) or parts[1] in _RESERVED:
        raise InvalidSdJwt("name of a disclosure")
    return Disclosure(text, parts[1], parts[2])


def restore(sd_jwt: SdJwt) -> dict[str, Any]:
    """The processed payload (7.1): every disclosure is referenced exactly once, or all of it is refused."""
    walk = _Walk(sd_jwt)
    claims: dict[str, Any] = walk.restore(dict(sd_jwt.payload), 0, True)
    if len(walk.used) != len(sd_jwt.disclosures):
        raise InvalidSdJwt("a disclosure that nothing refers to")
    return claims


class _Walk:
    """One pass over a payload: digests seen, disclosures used."""

    def __init__(self, sd_jwt: SdJwt) -> None:
        algorithm = sd_jwt.payload.get("_sd_alg", "sha-256")
        if not isinstance(algorithm, str) or algorithm not in _HASHES:
            raise InvalidSdJwt("_sd_alg")
        self.known = {_digest(algorithm, one.text): one for one in sd_jwt.disclosures}
        if len(self.known) != len(sd_jwt.disclosures):
            raise InvalidSdJwt("a disclosure twice")
        self.used: set[str] = set()
        self._seen: set[str] = set()

    def restore(self, value: Any, depth: int, top: bool = False) -> Any:
        if depth > MAX_DEPTH:
            raise InvalidSdJwt("too deep")
        if isinstance(value, dict):
            return self._object(value, depth, top)
        if isinstance(value, list):
            return self._array(value, depth)
        return value

    def find(self, digest: Any) -> Disclosure | None:
        """The disclosure of a digest, None for a decoy or what was not disclosed."""
        if not isinstance(digest, str) or digest in self._seen:
            raise InvalidSdJwt("a digest twice, or none")
        self._seen.add(digest)
        found = self.known.get(digest)
        if found is not None:
            self.used.add(digest)
        return found

    def _object(self, value: dict[str, Any], depth: int, top: bool) -> dict[str, Any]:
        if "..." in value:
            raise InvalidSdJwt("three dots outside of an array")
        own = {"_sd", "_sd_alg"} if top else {"_sd"}
        shown = {name: self.restore(inner, depth + 1) for name, inner in value.items() if name not in own}
        digests = value.get("_sd", [])
        if not isinstance(digests, list):
            raise InvalidSdJwt("_sd is no array")
        for digest in digests:
            found = self.find(digest)
            if found is None:
                continue
            if found.name is None or found.name in shown or found.name in value:
                raise InvalidSdJwt("a disclosure of the wrong kind, or a name twice")
            shown[found.name] = self.restore(found.value, depth + 1)
        return shown

    def _array(self, value: list[Any], depth: int) -> list[Any]:
        shown = []
        for inner in value:
            if not isinstance(inner, dict) or "..." not in inner:
                shown.append(self.restore(inner, depth + 1))
                continue
            if len(inner) != 1:
                raise InvalidSdJwt("three dots and more")
            found = self.find(inner["..."])
            if found is None:
                continue
            if found.name is not None:
                raise InvalidSdJwt("a disclosure of the wrong kind")
            shown.append(self.restore(found.value, depth + 1))
        return shown


def undisclosed(payload: Mapping[str, Any], disclosures: Sequence[Disclosure], names: Container[str]) -> None:
    """Refuse top-level claims that were disclosed though they must stand in the payload. Raises InvalidSdJwt."""
    if any(one.name is not None and one.name in names and one.name not in payload for one in disclosures):
        raise InvalidSdJwt("a claim that must not be selectively disclosable")


# ---------------------------------------------------------------------------------------------------------- holding
def choose(sd_jwt: SdJwt, wanted: Iterable[ClaimsPath]) -> tuple[str, ...]:
    """The disclosures that show the wanted claims: their own, their parents' and everything below them."""
    paths, kept = tuple(wanted), set[str]()
    walk = _Walk(sd_jwt)

    def visit(value: Any, path: ClaimsPath, chain: tuple[str, ...]) -> None:
        if chain and any(_meets(path, one) for one in paths):
            kept.update(chain)
        if isinstance(value, dict):
            for name, inner in value.items():
                if name not in ("_sd", "_sd_alg"):
                    visit(inner, (*path, name), chain)
            for digest in value.get("_sd", ()):
                found = walk.find(digest)
                if found is not None:
                    visit(found.value, (*path, found.name), (*chain, found.text))
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                found = walk.find(inner["..."]) if isinstance(inner, dict) and "..." in inner else None
                if found is not None:
                    visit(found.value, (*path, index), (*chain, found.text))
                else:
                    visit(inner, (*path, index), chain)

    visit(dict(sd_jwt.payload), (), ())
    return tuple(one.text for one in sd_jwt.disclosures if one.text in kept)


def _meets(path: ClaimsPath, wanted: ClaimsPath) -> bool:
    """Whether the path is what is wanted, or below it: parents come with their children's chain."""
    if len(path) < len(wanted):
        return False
    return all(
        part == asked or (asked is None and isinstance(part, int)) for part, asked in zip(path, wanted, strict=False)
    )


# ------------------------------------------------------------------------------------------------------ key binding
def prepare_key_binding(presented: str, algorithm: str, audience: str, nonce: str, now: datetime) -> bytes:
    """The signing input of a KB-JWT over an SD-JWT's text up to its last tilde (4.3)."""
    payload = {
        "iat": int(now.timestamp()),
        "aud": audience,
        "nonce": nonce,
        "sd_hash": b64url(hashlib.sha256(presented.encode("ascii")).digest()),
    }
    return jwt.render({"alg": algorithm, "typ": KB_TYPE}, payload)


def verify_key_binding(
    sd_jwt: SdJwt, holder: Jwk, audience: str, nonce: str, now: datetime, max_age: int, skew: int, algorithms: Any
) -> OpenedJwt:
    """The KB-JWT, believed (7.3). Raises InvalidKeyBinding."""
    if sd_jwt.key_binding is None:
        raise InvalidKeyBinding("no KB-JWT")
    try:
        opened = jwt.open_jwt(sd_jwt.key_binding, KB_TYPE)
        jwt.require_times(opened.claims, now, skew=skew, max_age=max_age, required=("iat",))
        _require_session(sd_jwt, opened.claims, audience, nonce)
        jws.verify(opened.jws, holder, algorithms)
    except ProtocolError as error:
        raise InvalidKeyBinding(error.detail or type(error).__name__) from None
    return opened


def _require_session(sd_jwt: SdJwt, claims: Mapping[str, Any], audience: str, nonce: str) -> None:
    algorithm = sd_jwt.payload.get("_sd_alg", "sha-256")
    if claims.get("aud") != audience:
        raise InvalidKeyBinding("aud")
    if claims.get("nonce") != nonce:
        raise InvalidKeyBinding("nonce")
    if algorithm not in _HASHES or claims.get("sd_hash") != _digest(algorithm, sd_jwt.presented):
        raise InvalidKeyBinding("sd_hash")
