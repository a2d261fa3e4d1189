"""DCQL queries (OpenID4VP 1.0, 6): read whole and strictly before one is ever sent."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from protocols.claims_path import ClaimsPath
from protocols.encoding import parse_b64url, parse_json, render_json
from protocols.errors import Malformed, ProtocolError

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CREDENTIAL = {
    "id",
    "format",
    "multiple",
    "meta",
    "trusted_authorities",
    "require_cryptographic_holder_binding",
    "claims",
    "claim_sets",
}
_META = {"dc+sd-jwt": {"vct_values"}, "mso_mdoc": {"doctype_value"}}
_OTHER_META = {"type_values"}
_MOST = 50


class InvalidQuery(ProtocolError):
    """The DCQL query is not valid."""

    code = "invalid_dcql_query"
    status = 422


@dataclass(frozen=True, slots=True)
class ClaimsQuery:
    """One claim: where it is, and the values it may have (None: any)."""

    path: ClaimsPath
    id: str | None = None
    values: tuple[Any, ...] | None = None


@dataclass(frozen=True, slots=True)
class CredentialQuery:
    """One credential; without claim_sets every claim is wanted. `authorities` are authority key identifiers, raw."""

    id: str
    format: str
    meta: Mapping[str, Any]
    claims: tuple[ClaimsQuery, ...] = ()
    claim_sets: tuple[tuple[str, ...], ...] = ()
    multiple: bool = False
    holder_binding: bool = True
    authorities: frozenset[bytes] | None = None


@dataclass(frozen=True, slots=True)
class CredentialSetQuery:
    """Alternatives: any option's credentials together will do."""

    options: tuple[tuple[str, ...], ...]
    required: bool = True


@dataclass(frozen=True, slots=True)
class DcqlQuery:
    """A whole query, and its JSON as it is sent."""

    credentials: tuple[CredentialQuery, ...]
    credential_sets: tuple[CredentialSetQuery, ...]
    sent: Mapping[str, Any]

    def credential(self, query_id: str) -> CredentialQuery | None:
        """The Credential Query of that id."""
        return next((one for one in self.credentials if one.id == query_id), None)


def parse(query: Any) -> DcqlQuery:
    """The query. Raises InvalidQuery, naming for our log where; an unknown member is refused, as it would be lost."""
    _members(query, {"credentials", "credential_sets"}, {"credentials"}, "dcql_query")
    credentials = tuple(_credential(one) for one in _list(query["credentials"], "credentials"))
    ids = [one.id for one in credentials]
    if len(set(ids)) != len(ids):
        raise InvalidQuery("credentials: an id twice")
    sets: tuple[CredentialSetQuery, ...] = ()
    if "credential_sets" in query:
        sets = tuple(_set(one, set(ids)) for one in _list(query["credential_sets"], "credential_sets"))
    return DcqlQuery(credentials, sets, query)


def read_back(query: Mapping[str, Any]) -> DcqlQuery:
    """`parse` for a query that is asked again and again, which is read once. Raises InvalidQuery."""
    return _read_back(render_json(query))


@lru_cache(maxsize=512)
def _read_back(text: bytes) -> DcqlQuery:
    return parse(parse_json(text))


def _members(value: Any, known: set[str], required: set[str], where: str) -> None:
    if not isinstance(value, dict):
        raise InvalidQuery(f"{where}: not an object")
    if not required <= value.keys():
        raise InvalidQuery(f"{where}: lacks a member")
    if value.keys() - known:
        raise InvalidQuery(f"{where}: has a member that is not supported")


def _list(value: Any, where: str) -> Sequence[Any]:
    if not isinstance(value, list) or not 1 <= len(value) <= _MOST:
        raise InvalidQuery(f"{where}: not a non-empty array")
    return value


def _texts(value: Any, where: str) -> Sequence[str]:
    found = _list(value, where)
    if not all(isinstance(one, str) and one for one in found):
        raise InvalidQuery(f"{where}: not strings")
    return found


def _id(value: Any, where: str) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise InvalidQuery(f"{where}: id")
    return value


def _credential(value: Any) -> CredentialQuery:
    _members(value, _CREDENTIAL, {"id", "format", "meta"}, "credential")
    name = _id(value["id"], "credential")
    if not isinstance(value["format"], str):
        raise InvalidQuery("credential: format")
    _require_meta(value["format"], value["meta"])
    flags = [value.get("multiple", False), value.get("require_cryptographic_holder_binding", True)]
    if not all(isinstance(flag, bool) for flag in flags):
        raise InvalidQuery("credential: not a boolean")
    claims = tuple(_claim(one) for one in _list(value["claims"], "claims")) if "claims" in value else ()
    if value["format"] == "mso_mdoc" and any(_not_of_mdoc(one.path) for one in claims):
        raise InvalidQuery("path: a namespace and a data element")
    ids = [one.id for one in claims if one.id]
    if len(set(ids)) != len(ids):
        raise InvalidQuery("claims: an id twice")
    return CredentialQuery(
        name,
        value["format"],
        value["meta"],
        claims,
        _claim_sets(value, claims, set(ids)),
        flags[0],
        flags[1],
        _authorities(value["trusted_authorities"]) if "trusted_authorities" in value else None,
    )


def _require_meta(format_: str, meta: Any) -> None:
    """What a format may say of types (appendix B): a member that nobody reads would ask for nothing."""
    _members(meta, _META.get(format_, _OTHER_META), set(), "meta")
    if "vct_values" in meta:
        _texts(meta["vct_values"], "vct_values")
    if not isinstance(meta.get("doctype_value", ""), str):
        raise InvalidQuery("doctype_value")
    if "type_values" in meta:
        for option in _list(meta["type_values"], "type_values"):
            _texts(option, "type_values")


def _authorities(value: Any) -> frozenset[bytes]:
    """Key identifiers of authorities (6.1.1.1); lists and federations are not read here, so they are not asked for."""
    found = set()
    for one in _list(value, "trusted_authorities"):
        _members(one, {"type", "values"}, {"type", "values"}, "trusted_authorities")
        if one["type"] != "aki":
            raise InvalidQuery("trusted_authorities: a type that is not supported")
        try:
            found |= {parse_b64url(text) for text in _texts(one["values"], "trusted_authorities")}
        except Malformed:
            raise InvalidQuery("trusted_authorities: not base64url") from None
    return frozenset(found)


def _not_of_mdoc(path: ClaimsPath) -> bool:
    """Appendix B.2.4: exactly two strings."""
    return len(path) != 2 or not all(isinstance(part, str) for part in path)


def _claim_sets(value: Mapping[str, Any], claims: Sequence[ClaimsQuery], ids: set[str]) -> tuple[tuple[str, ...], ...]:
    if "claim_sets" not in value:
        return ()
    if not claims or any(one.id is None for one in claims):
        raise InvalidQuery("claim_sets: every claim needs an id")
    sets = tuple(tuple(_texts(one, "claim_sets")) for one in _list(value["claim_sets"], "claim_sets"))
    if any(name not in ids for one in sets for name in one):
        raise InvalidQuery("claim_sets: unknown id")
    return sets


def _claim(value: Any) -> ClaimsQuery:
    _members(value, {"id", "path", "values", "intent_to_retain"}, {"path"}, "claim")
    path = tuple(_list(value["path"], "path"))
    for part in path:
        if part is not None and (isinstance(part, bool) or not isinstance(part, str | int)):
            raise InvalidQuery("path: string, non-negative integer or null")
        if isinstance(part, int) and part < 0:
            raise InvalidQuery("path: negative index")
    values = None
    if "values" in value:
        values = tuple(_list(value["values"], "values"))
        if any(not isinstance(one, str | int | bool) for one in values):
            raise InvalidQuery("values: string, integer or boolean")
    return ClaimsQuery(path, _id(value["id"], "claim") if "id" in value else None, values)


def _set(value: Any, ids: set[str]) -> CredentialSetQuery:
    _members(value, {"options", "required", "purpose"}, {"options"}, "credential_set")
    options = tuple(tuple(_texts(one, "options")) for one in _list(value["options"], "options"))
    if any(name not in ids for one in options for name in one):
        raise InvalidQuery("options: unknown id")
    required = value.get("required", True)
    if not isinstance(required, bool):
        raise InvalidQuery("required: not a boolean")
    return CredentialSetQuery(options, required)
