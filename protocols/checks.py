"""What was checked, line by line, while it is checked: how a verification says why.

A line is begun before its check is made; the next one, or the end, says that it held; the error that ends it all says
that it did not. So one line too few cannot say "held", and a step that goes through the sandbox needs nothing special.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from types import TracebackType
from typing import Any, Literal

import orjson

from protocols.errors import ProtocolError

Result = Literal["held", "failed", "warned", "not_made"]
MAX_TEXT = 400
MAX_ITEMS = 32
MAX_VALUE = 8_000
_SCALARS, _ARRAYS, _SETS = (bool, int, float), (list, tuple), (set, frozenset)


@dataclass(slots=True)
class Line:
    """One check: what was expected, what was seen, and the error's code and detail where it did not hold."""

    check: str
    expected: Any = None
    seen: Any = None
    result: Result = "held"
    error: str | None = None
    detail: str = ""

    def render(self) -> dict[str, Any]:
        """The line as JSON; what is absent is left out."""
        found: dict[str, Any] = {"check": self.check, "result": self.result}
        if self.expected is not None:
            found["expected"] = _bounded(self.expected)
        if self.seen is not None:
            found["seen"] = _bounded(self.seen)
        if self.error is not None:
            found["error"] = self.error
        if self.detail:
            found["detail"] = self.detail[:MAX_TEXT]
        return found


class Checks:
    """The lines of one verification. `with checks:` ends the open line: held, or failed by what was raised."""

    __slots__ = ("_open", "lines")

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._open: Line | None = None

    def begin(self, check: str, expected: Any = None, seen: Any = None) -> None:
        """A check is about to be made; the one before has held."""
        self._open = Line(check, expected, seen)
        self.lines.append(self._open)

    def begin_unless(self, plugin: Any, names: str, check: str) -> None:
        """One line for all that a plugin checks, where it does not name lines of its own; the one before has held."""
        self.held()
        if not getattr(plugin, names, ()):
            self.begin(check)

    def saw(self, seen: Any) -> None:
        """What the open line's check found."""
        if self._open is not None:
            self._open.seen = seen

    def held(self) -> None:
        """The open line's check held."""
        self._open = None

    def failed(self, error: BaseException) -> None:
        """The open line's check did not hold, or broke; without one the error has a line of its own."""
        self._close("failed", error)

    def warned(self, error: BaseException) -> None:
        """The open line's check did not hold, and need not."""
        self._close("warned", error)

    def not_made(self, checks: Collection[str]) -> None:
        """Of these, those that were not reached."""
        begun = {line.check for line in self.lines}
        self.lines += [Line(name, result="not_made") for name in checks if name not in begun]

    def extend(self, others: "Checks") -> None:
        """The lines of a part that was recorded by itself."""
        self.lines += others.lines

    def render(self) -> list[dict[str, Any]]:
        """The lines as JSON."""
        return [line.render() for line in self.lines]

    def _close(self, result: Result, error: BaseException) -> None:
        line = self._open
        if line is None:
            line = Line("other")
            self.lines.append(line)
        line.result = result
        known = isinstance(error, ProtocolError)
        line.error = error.code if isinstance(error, ProtocolError) else "error"
        line.detail = str(getattr(error, "detail", "")) if known else type(error).__name__
        self._open = None

    def __enter__(self) -> "Checks":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if error is None:
            self.held()
        elif isinstance(error, Exception):
            self.failed(error)


def _bounded(value: Any) -> Any:
    found = plain(value)
    if isinstance(found, dict | list) and len(orjson.dumps(found)) > MAX_VALUE:
        return "(too long)"
    return found


def plain(value: Any, depth: int = 0) -> Any:
    """A value as a line may hold it: JSON, and no longer than a line."""
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else f"{value[:MAX_TEXT]}..."
    if value is None or isinstance(value, _SCALARS):
        return value
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if depth > 3:
        return "..."
    if isinstance(value, _ARRAYS):
        return [plain(one, depth + 1) for one in value[:MAX_ITEMS]]
    if isinstance(value, _SETS):
        return sorted(str(plain(one, depth + 1)) for one in list(value)[:MAX_ITEMS])
    if isinstance(value, dict) or isinstance(value, Mapping):  # noqa: SIM101  # the abstract class is slow to ask
        return {str(name)[:MAX_TEXT]: plain(one, depth + 1) for name, one in islice(value.items(), MAX_ITEMS)}
    return f"({type(value).__name__})"
