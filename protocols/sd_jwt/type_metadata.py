"""SD-JWT VC Type Metadata (draft-ietf-oauth-sd-jwt-vc, sections "SD-JWT VC Type Metadata" and "Integrity of ...")."""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from protocols.claims_path import ClaimsPath
from protocols.encoding import parse_json_object, render_stable_json
from protocols.errors import Malformed, ProtocolError
from protocols.http import Call, Reply

_SD = ("always", "allowed", "never")
_HASHES = ("sha256", "sha384", "sha512")
_LOOKS = ("background_color", "text_color")
_IMAGES = ("logo", "background_image")


class ContradictsExtendedType(ProtocolError):
    """A claim's sd or mandatory contradicts the type that is extended."""

    code = "invalid_type_metadata"
    status = 422


class InvalidTypeMetadata(ProtocolError):
    """The credential is not as its type's metadata has it, or they are another's."""

    code = "not_by_type"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a type says of a claim: "always" in a disclosure, "never", or "allowed"."""

    sd: str


@dataclass(frozen=True, slots=True)
class TypeMetadata:
    """A document read: what it says of claims by path, and the type that it extends."""

    rules: Mapping[tuple[Any, ...], Rule]
    extends: str | None = None
    extends_integrity: str | None = None


def is_address(vct: str) -> bool:
    """Whether a document can stand at a vct."""
    return vct.startswith(("https://", "http://"))


def read(body: bytes, vct: str, stated: Any = None) -> TypeMetadata:
    """A document as it was served at its vct, with the integrity that was stated of it, if any was.

    Raises InvalidTypeMetadata.
    """
    if stated is not None and not (isinstance(stated, str) and any(_fits(one, body) for one in stated.split())):
        raise InvalidTypeMetadata("integrity")
    try:
        found = parse_json_object(body)
    except Malformed:
        raise InvalidTypeMetadata("not JSON") from None
    claims, extends, integrity = (found.get(name) for name in ("claims", "extends", "extends#integrity"))
    if found.get("vct") != vct or not isinstance(claims, list | None) or not isinstance(extends, str | None):
        raise InvalidTypeMetadata("vct, claims or extends")
    if extends is not None and not is_address(extends):
        raise InvalidTypeMetadata("extends what is no address")
    rules = {}
    for one in claims or ():
        path, sd = (one.get("path"), one.get("sd", "allowed")) if isinstance(one, dict) else (None, None)
        if not isinstance(path, list) or not all(isinstance(name, str | int | None) for name in path) or sd not in _SD:
            raise InvalidTypeMetadata("a claim")
        rules[tuple(path)] = Rule(str(sd))
    return TypeMetadata(rules, extends, integrity)


def _fits(text: str, body: bytes) -> bool:
    """One hash expression (W3C SRI, 3)."""
    name, _, encoded = text.partition("-")
    try:
        return name in _HASHES and base64.b64decode(encoded, validate=True) == hashlib.new(name, body).digest()
    except ValueError:
        return False


def require_rules(rules: Mapping[tuple[Any, ...], Rule], payload: Mapping[str, Any], claims: Mapping[str, Any]) -> None:
    """What is always disclosed stands nowhere in clear, what never is stands there. Raises InvalidTypeMetadata.

    Rules about elements of arrays, whose places move with what is shown, are passed over.
    """
    for path, rule in rules.items():
        if not all(isinstance(name, str) for name in path):
            continue
        clear, there = _has(payload, path), _has(claims, path)
        if (rule.sd == "always" and clear) or (rule.sd == "never" and there and not clear):
            raise InvalidTypeMetadata("sd of a claim")


def _has(value: Any, path: tuple[Any, ...]) -> bool:
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            return False
        value = value[name]
    return True


def document(
    vct: str,
    display: Sequence[Mapping[str, Any]],
    claims: Sequence[Mapping[str, Any]],
    disclosable: frozenset[ClaimsPath] | None,
    mandatory: Iterable[str] = (),
    **rest: str | None,
) -> dict[str, Any]:
    """The document of a type, from the display and claims of OpenID4VCI 1.0, 12.2.4, and what is disclosed how.

    `disclosable` None makes every top-level claim selectively disclosable; `mandatory` are names of top-level claims;
    `rest` holds name, description, extends and extends#integrity as far as there are any.
    """
    return {
        "vct": vct,
        **{name: value for name, value in rest.items() if value is not None},
        "display": [_display(one) for one in display if "locale" in one and "name" in one],
        "claims": [_claim(one, disclosable, frozenset(mandatory)) for one in claims],
    }


def _display(entry: Mapping[str, Any]) -> dict[str, Any]:
    simple = {name: entry[name] for name in _LOOKS if name in entry}
    simple |= {name: _image(entry[name]) for name in _IMAGES if isinstance(entry.get(name), Mapping)}
    shown = {name: entry[name] for name in ("locale", "name", "description") if name in entry}
    return {**shown, "rendering": {"simple": simple}} if simple else shown


def _image(image: Mapping[str, Any]) -> dict[str, Any]:
    return {name: image[name] for name in ("uri", "uri#integrity", "alt_text") if name in image}


def _claim(claim: Mapping[str, Any], disclosable: frozenset[ClaimsPath] | None, mandatory: frozenset[str]) -> Any:
    path = tuple(claim["path"])
    always = len(path) == 1 if disclosable is None else path in disclosable
    labels = [{"locale": one["locale"], "label": one["name"]} for one in claim.get("display", ()) if "locale" in one]
    required = claim.get("mandatory", False) or (len(path) == 1 and path[0] in mandatory)
    return {
        "path": list(path),
        **({"display": labels} if labels else {}),
        **({"mandatory": True} if required else {}),
        "sd": "always" if always else "never",
    }


def require_extends(child: Mapping[str, Any], parent: Mapping[str, Any]) -> None:
    """The limits of "Limitations for sd and mandatory". Raises ContradictsExtendedType."""
    ours = {tuple(one["path"]): one for one in child["claims"]}
    for claim in parent.get("claims", ()):
        own = ours.get(tuple(claim["path"]), claim)
        if claim.get("sd", "allowed") not in ("allowed", own["sd"]):
            raise ContradictsExtendedType("sd")
        if claim.get("mandatory", False) and not own.get("mandatory", False):
            raise ContradictsExtendedType("mandatory")


def octets(found: Mapping[str, Any]) -> bytes:
    """The document as it is served, the same bytes whatever kept it: its integrity is over them."""
    return render_stable_json(found)


def integrity(digest: bytes) -> str:
    """The integrity metadata string of a SHA-256 digest (W3C SRI, 3)."""
    return f"sha256-{base64.b64encode(digest).decode()}"


def digest(data: bytes) -> bytes:
    """What `integrity` writes down."""
    return sha256(data).digest()


def parse(call: Call) -> str:
    """A GET of a vct that is a URL: the URL without query."""
    return call.url


def render(data: bytes) -> Reply:
    """The document, with the headers of "Serving Documents and Rendering Resources"."""
    headers = {
        "Cache-Control": "public, max-age=3600",
        "Content-Security-Policy": "default-src 'none'",
        "Access-Control-Allow-Origin": "*",
    }
    return Reply(200, data, "application/json", headers)
