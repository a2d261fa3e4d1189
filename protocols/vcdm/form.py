"""The small forms that the data model is made of: URLs, times, types, names in languages."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from protocols.errors import ProtocolError


class InvalidCredential(ProtocolError):
    """The document is not a credential of the data model."""

    code = "MALFORMED_VALUE_ERROR"
    problem_type = "https://www.w3.org/TR/vc-data-model#MALFORMED_VALUE_ERROR"


_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
# XMLSCHEMA11-2 dateTimeStamp (2.0, 4.9), whose zone is required; 1.1 took dateTime, whose zone is not.
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,12})?([Zz]|[+-]\d\d:\d\d)?")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
MOST = 100


def require(condition: object, what: str) -> None:
    """Raises InvalidCredential naming the member, never its value."""
    if not condition:
        raise InvalidCredential(what)


def is_url(value: Any) -> bool:
    """Whether it is one absolute URL."""
    return isinstance(value, str) and len(value) <= 100_000 and _URL.fullmatch(value) is not None


def listed(value: Any) -> Sequence[Any]:
    """One value or several, as a list."""
    return value if isinstance(value, list) else [value]


def time_of(document: Mapping[str, Any], name: str, zoned: bool = True) -> datetime | None:
    """A time of the document, None when it has none. Raises InvalidCredential."""
    if name not in document:
        return None
    text = document[name]
    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    require(found is not None and (found[2] or not zoned), name)
    try:
        moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", str(text).upper()))
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise InvalidCredential(name) from None


def require_types(document: Mapping[str, Any], wanted: str | None, what: str) -> None:
    """`type` is there, each a non-empty string; one is `wanted` (2.0, 4.5)."""
    types = listed(document.get("type"))
    require(types and len(types) <= MOST and all(isinstance(one, str) and one for one in types), f"{what} type")
    require(wanted is None or wanted in types, f"{what} type")


def require_id(document: Mapping[str, Any], what: str, needed: bool = False) -> None:
    """`id`, when it is there, is one URL (2.0, 4.4)."""
    if needed or "id" in document:
        require(is_url(document.get("id")), f"{what} id")


def objects_of(document: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    """One or more objects of a member; none when it is absent. Raises InvalidCredential."""
    if name not in document:
        return ()
    found = listed(document[name])
    require(found and len(found) <= MOST and all(isinstance(one, dict) for one in found), name)
    return found


def require_text(document: Mapping[str, Any], name: str, what: str) -> None:
    """A string, or values in languages (2.0, 4.6 and 11.1): nothing beside @value, @language and @direction."""
    if name not in document:
        return
    for one in listed(document[name]):
        if isinstance(one, str):
            continue
        require(isinstance(one, dict) and "@value" in one and one.keys() <= {"@value", "@language", "@direction"}, what)
        require(isinstance(one["@value"], str), what)
        language, direction = one.get("@language", "en"), one.get("@direction", "ltr")
        require(isinstance(language, str) and _LANGUAGE.fullmatch(language), what)
        require(direction in ("ltr", "rtl"), what)
