"""The parameters of a log (did:webvh 1.0, did:webvh DID Method Parameters)."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from protocols.did.webvh import InvalidLog
from protocols.did.webvh.proof import key_of

VERSION = "did:webvh:1.0"
TTL = 3600
_MAX_ENTRIES = 50
_MAX_TTL = 2**31
_KNOWN = frozenset(
    ["method", "scid", "updateKeys", "nextKeyHashes", "witness", "watchers", "portable", "deactivated", "ttl"]
)
# Deprecated, and to be read as the parameter's default.
_DEFAULTS: Mapping[str, Any] = {
    "updateKeys": [],
    "nextKeyHashes": [],
    "witness": {},
    "watchers": [],
    "portable": False,
    "deactivated": False,
    "ttl": TTL,
}


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Who approves new versions: did:key DIDs, and how many of them it takes; nobody when `threshold` is zero."""

    threshold: int = 0
    ids: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.threshold > 0

    def render(self) -> dict[str, Any]:
        """As the parameter writes it."""
        if not self:
            return {}
        return {"threshold": self.threshold, "witnesses": [{"id": one} for one in self.ids]}


@dataclass(frozen=True, slots=True)
class Parameters:
    """What is in force after an entry."""

    scid: str
    update_keys: tuple[str, ...]
    next_key_hashes: tuple[str, ...] = ()
    witness: Witnesses = Witnesses()
    watchers: tuple[str, ...] = ()
    portable: bool = False
    deactivated: bool = False
    ttl: int = TTL

    def render(self) -> dict[str, Any]:
        """As an entry would state them."""
        return {
            "scid": self.scid,
            "updateKeys": list(self.update_keys),
            "nextKeyHashes": list(self.next_key_hashes),
            "witness": self.witness.render(),
            "watchers": list(self.watchers),
            "portable": self.portable,
            "deactivated": self.deactivated,
            "ttl": self.ttl,
        }


def advance(stated: Any, before: Parameters | None) -> Parameters:
    """The parameters in force once an entry states some. Raises InvalidLog for what the entry must not state.

    Whether its keys were committed to is for the log to see.
    """
    if not isinstance(stated, dict) or not stated.keys() <= _KNOWN:
        raise InvalidLog("parameters are no object, or one is unknown")
    said = {name: _DEFAULTS.get(name) if value is None else value for name, value in stated.items()}
    if "method" in said or before is None:
        _require(said.get("method") == VERSION, "another method or version")
    if before is None:
        _require(isinstance(said.get("scid"), str) and "updateKeys" in said, "first entry lacks scid or updateKeys")
    else:
        _require("scid" not in said, "scid in a later entry")
        _require(not said.get("portable"), "portable in a later entry")
    was = before or Parameters(str(said["scid"]), ())
    return Parameters(
        scid=was.scid,
        update_keys=_keys(said["updateKeys"]) if "updateKeys" in said else was.update_keys,
        next_key_hashes=_texts(said["nextKeyHashes"]) if "nextKeyHashes" in said else was.next_key_hashes,
        witness=witnesses(said["witness"]) if "witness" in said else was.witness,
        watchers=_texts(said["watchers"]) if "watchers" in said else was.watchers,
        portable=_flag(said.get("portable", was.portable)),
        deactivated=_flag(said.get("deactivated", was.deactivated)),
        ttl=_seconds(said.get("ttl", was.ttl)),
    )


def witnesses(stated: Any) -> Witnesses:
    """The witness parameter (The `witness` Parameter). Raises InvalidLog; never less than what was meant."""
    if stated == {}:
        return Witnesses()
    _require(isinstance(stated, dict) and isinstance(stated.get("witnesses"), list), "witness of another form")
    listed, threshold = stated["witnesses"], stated.get("threshold")
    _require(0 < len(listed) <= _MAX_ENTRIES and all(isinstance(one, dict) for one in listed), "witnesses")
    ids = _texts([one.get("id") for one in listed])
    distinct = {unicodedata.normalize("NFC", one) for one in ids}
    _require(len(distinct) == len(ids), "a witness twice")
    _require(type(threshold) is int and 1 <= threshold <= len(ids), "threshold")
    for one in ids:
        _require(one.startswith("did:key:"), "witness is no did:key")
        key_of(one.removeprefix("did:key:"))
    return Witnesses(int(threshold), ids)


def _keys(stated: Any) -> tuple[str, ...]:
    keys = _texts(stated)
    for key in keys:
        key_of(key)
    return keys


def _texts(stated: Any) -> tuple[str, ...]:
    fits = isinstance(stated, list) and len(stated) <= _MAX_ENTRIES and all(isinstance(one, str) for one in stated)
    _require(fits, "a parameter is no list of texts")
    return tuple(stated)


def _flag(stated: Any) -> bool:
    _require(isinstance(stated, bool), "a parameter is no boolean")
    return bool(stated)


def _seconds(stated: Any) -> int:
    _require(type(stated) is int and 0 <= stated <= _MAX_TTL, "ttl")
    return int(stated)


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise InvalidLog(otherwise)
