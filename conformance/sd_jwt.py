"""SD-JWT and SD-JWT+KB (RFC 9901): taken apart, processed strictly, made and bound to a key."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conformance.jose import Jwk, Jws, Key, Unreadable, b64u, compact_json, open_jws, read_json, unb64u

RESERVED = frozenset({"_sd", "..."})
# SD-JWT VC: what a verifier decides by may not be withheld or revealed at will.
NEVER_DISCLOSABLE = frozenset({"iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "status"})
DEEPEST = 64


@dataclass(frozen=True, slots=True)
class Disclosure:
    text: str
    salt: str
    name: str | None
    value: Any

    @property
    def digest(self) -> str:
        return digest(self.text)


@dataclass(frozen=True, slots=True)
class SdJwt:
    """A compact SD-JWT taken apart; nothing in it is believed."""

    issuer_jwt: str
    jws: Jws
    payload: dict[str, Any]
    disclosures: tuple[Disclosure, ...]
    key_binding: str | None

    def without_binding(self, keep: frozenset[str] | None = None) -> str:
        """The SD-JWT without KB-JWT; with `keep`, only the disclosures of these texts."""
        texts = [d.text for d in self.disclosures if keep is None or d.text in keep]
        return "~".join([self.issuer_jwt, *texts, ""])


def digest(text: str) -> str:
    return b64u(hashlib.sha256(text.encode("ascii")).digest())


def parse_disclosure(text: str) -> Disclosure:
    value = read_json(unb64u(text))
    if not isinstance(value, list) or len(value) not in {2, 3} or not isinstance(value[0], str):
        raise Unreadable("a disclosure is not [salt, value] or [salt, name, value]")
    if len(value) == 2:
        return Disclosure(text, value[0], None, value[1])
    if not isinstance(value[1], str) or value[1] in RESERVED:
        raise Unreadable(f"a disclosure names the claim {value[1]!r}")
    return Disclosure(text, value[0], value[1], value[2])


def parse(token: str) -> SdJwt:
    issuer_jwt, tilde, rest = token.partition("~")
    if not tilde:
        raise Unreadable("not an SD-JWT: no tilde")
    *texts, last = rest.split("~")
    jws = open_jws(issuer_jwt)
    return SdJwt(issuer_jwt, jws, jws.claims(), tuple(map(parse_disclosure, texts)), last or None)


def process(sd_jwt: SdJwt) -> dict[str, Any]:
    """The processed payload (RFC 9901, section 7.1, steps 3 to 6)."""
    if sd_jwt.payload.get("_sd_alg", "sha-256") != "sha-256":
        raise Unreadable(f"_sd_alg {sd_jwt.payload['_sd_alg']!r} is not known here")
    known = {d.digest: d for d in sd_jwt.disclosures}
    if len(known) != len(sd_jwt.disclosures):
        raise Unreadable("the same disclosure twice")
    seen: set[str] = set()
    processed = _reveal(sd_jwt.payload, known, seen, 0)
    if known.keys() - seen:
        raise Unreadable("a disclosure that no digest refers to")
    processed.pop("_sd_alg", None)
    assert isinstance(processed, dict)
    return processed


def _reveal(node: Any, known: Mapping[str, Disclosure], seen: set[str], depth: int) -> Any:
    if depth > DEEPEST:
        raise Unreadable("nested too deep")
    if isinstance(node, dict):
        return _reveal_object(node, known, seen, depth)
    if isinstance(node, list):
        return [item for entry in node for item in _reveal_element(entry, known, seen, depth)]
    return node


def _reveal_object(node: dict[str, Any], known: Mapping[str, Disclosure], seen: set[str], depth: int) -> dict[str, Any]:
    if "..." in node:
        raise Unreadable("'...' outside an array or beside other members")
    plain = {name: _reveal(value, known, seen, depth + 1) for name, value in node.items() if name != "_sd"}
    digests = node.get("_sd", [])
    if not isinstance(digests, list):
        raise Unreadable("_sd is not an array")
    for entry in digests:
        disclosure = _claim(entry, known, seen)
        if disclosure is None:
            continue
        if disclosure.name is None or disclosure.name in plain:
            raise Unreadable("a disclosure of the wrong kind, or of a claim that is there already")
        plain[disclosure.name] = _reveal(disclosure.value, known, seen, depth + 1)
    return plain


def _reveal_element(entry: Any, known: Mapping[str, Disclosure], seen: set[str], depth: int) -> list[Any]:
    if not isinstance(entry, dict) or "..." not in entry:
        return [_reveal(entry, known, seen, depth + 1)]
    if len(entry) != 1:
        raise Unreadable("an array placeholder with more than one member")
    disclosure = _claim(entry["..."], known, seen)
    if disclosure is None:
        return []
    if disclosure.name is not None:
        raise Unreadable("the disclosure of a member where an array element stands")
    return [_reveal(disclosure.value, known, seen, depth + 1)]


def _claim(entry: Any, known: Mapping[str, Disclosure], seen: set[str]) -> Disclosure | None:
    if not isinstance(entry, str):
        raise Unreadable("a digest that is not a string")
    if entry in seen:
        raise Unreadable("the same digest twice")
    seen.add(entry)
    return known.get(entry)


def require_binding(sd_jwt: SdJwt, jwk: Jwk | None, audience: str, nonce: str) -> dict[str, Any]:
    """The KB-JWT's claims once they hold (RFC 9901, section 7.3); freshness of `iat` is the caller's."""
    if sd_jwt.key_binding is None:
        raise Unreadable("no KB-JWT")
    if not isinstance(jwk, dict):
        raise Unreadable("no cnf.jwk to bind to")
    jws = open_jws(sd_jwt.key_binding)
    if jws.header.get("typ") != "kb+jwt":
        raise Unreadable(f"KB-JWT with typ {jws.header.get('typ')!r}")
    jws.require_signature(jwk)
    claims = jws.claims()
    if not isinstance(claims.get("iat"), int | float):
        raise Unreadable("KB-JWT without iat")
    wanted = {"aud": audience, "nonce": nonce, "sd_hash": digest(sd_jwt.without_binding())}
    for name, value in wanted.items():
        if claims.get(name) != value:
            raise Unreadable(f"KB-JWT with another {name}")
    return claims


def verify(
    token: str, jwk: Jwk, *, audience: str = "", nonce: str = "", binding_required: bool = False, now: float = 0
) -> dict[str, Any]:
    """The whole of RFC 9901, section 7: the processed payload of an SD-JWT whose issuer key is given."""
    sd_jwt = parse(token)
    sd_jwt.jws.require_signature(jwk)
    processed = process(sd_jwt)
    if now and (processed.get("exp", now + 1) <= now or processed.get("nbf", now) > now):
        raise Unreadable("exp or nbf forbids use now")
    if binding_required or sd_jwt.key_binding is not None:
        confirmation = processed.get("cnf")
        require_binding(sd_jwt, confirmation.get("jwk") if isinstance(confirmation, dict) else None, audience, nonce)
    return processed


def disclosure(name: str, value: Any) -> str:
    """The text that discloses a member, freshly salted."""
    return b64u(compact_json([secrets.token_urlsafe(16), name, value]))


def issue(payload: Mapping[str, Any], disclosed: Mapping[str, Any], key: Key, header: Mapping[str, Any]) -> str:
    """A compact SD-JWT without KB-JWT; `disclosed` holds the top-level claims that are selectively disclosable."""
    texts = [disclosure(name, value) for name, value in disclosed.items()]
    digests = {"_sd": sorted(map(digest, texts)), "_sd_alg": "sha-256"} if texts else {}
    return "~".join([key.jws(header, {**payload, **digests}), *texts, ""])


def bind(sd_jwt: str, key: Key, claims: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> str:
    """SD-JWT+KB: the given SD-JWT with a KB-JWT of these claims; `sd_hash` is filled in unless the claims say it."""
    full = {"sd_hash": digest(sd_jwt), **claims}
    return sd_jwt + key.jws({"typ": "kb+jwt", **(header or {})}, {k: v for k, v in full.items() if v is not None})
