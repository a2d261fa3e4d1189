"""Times of the log: UTC in ISO 8601 with an explicit zone (did:webvh 1.0, Read, step 4)."""

import re
from datetime import UTC, datetime
from typing import Any

from protocols.did.webvh import InvalidLog

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|\+00:00)", re.ASCII)


def instant(text: Any) -> datetime:
    """The time. Raises InvalidLog for another zone or none."""
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise InvalidLog("no time in UTC")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise InvalidLog("no such time") from None


def stamp(moment: datetime) -> str:
    """A time as the log writes it, to the second."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
