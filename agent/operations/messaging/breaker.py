"""An endpoint that fails again and again is left alone for a while, so that it holds up nobody else's messages."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

_TOLERATED = 3
_LONGEST = 60.0
_MAX = 10_000


class Resting(Exception):
    """Every endpoint is left alone at the moment; `seconds` says for how long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds:.1f}s")
        self.seconds = seconds


@dataclass(slots=True)
class _Failing:
    count: int
    until: datetime


class Breaker:
    """Of one process, by origin; after the third failure in a row an endpoint rests two seconds, then twice as long."""

    def __init__(self) -> None:
        self._failing: OrderedDict[str, _Failing] = OrderedDict()

    def rest(self, uri: str, now: datetime) -> float:
        """For how many seconds the endpoint is still left alone; 0 when it may be tried."""
        found = self._failing.get(_origin(uri))
        return max(0.0, (found.until - now).total_seconds()) if found else 0.0

    def failed(self, uri: str, now: datetime) -> None:
        """It did not answer."""
        origin = _origin(uri)
        found = self._failing.setdefault(origin, _Failing(0, now))
        if found.count >= _TOLERATED and now < found.until:
            # Of many that were under way when it began to rest, each tells the same.
            return
        found.count += 1
        if found.count >= _TOLERATED:
            found.until = now + timedelta(seconds=min(_LONGEST, 2.0 ** (found.count - _TOLERATED + 1)))
        self._failing.move_to_end(origin)
        while len(self._failing) > _MAX:
            self._failing.popitem(last=False)

    def worked(self, uri: str) -> None:
        """It answers again."""
        self._failing.pop(_origin(uri), None)


def _origin(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"
