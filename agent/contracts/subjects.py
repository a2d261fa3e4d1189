"""A plugin under its contract: how it is made, and the examples that its author gives."""

import asyncio
import functools
import inspect
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent import discovery
from protocols.ports import Fetched, PluginTools, Sandboxed
from protocols.ports.tools import FetchFailed


class Web:
    """A network of pages by URL: bytes, a Fetched, or an exception to raise. `asked` and `posted` say what was sent."""

    def __init__(self, pages: Mapping[str, Any] | None = None, otherwise: Any = None) -> None:
        self.pages = dict(pages or {})
        self.otherwise = otherwise
        self.asked: list[str] = []
        self.posted: list[bytes] = []

    async def get(
        self,
        url: str,
        accept: str,
        max_bytes: int = 1_000_000,
        headers: Mapping[str, str] | None = None,
        signed: bool = False,
    ) -> Fetched:
        """The page, or 404."""
        self.asked.append(url)
        page = self.pages.get(url, self.otherwise)
        if isinstance(page, Exception):
            raise page
        if isinstance(page, Fetched):
            return page
        media_type = accept.partition(",")[0].partition(";")[0]
        return Fetched(404, "text/plain", b"") if page is None else Fetched(200, media_type, page)

    async def post(
        self,
        url: str,
        body: bytes,
        content_type: str,
        max_bytes: int = 1_000_000,
        headers: Mapping[str, str] | None = None,
    ) -> Fetched:
        """As `get`, and the body is remembered."""
        self.posted.append(body)
        return await self.get(url, content_type, max_bytes, headers)

    async def socket(self, url: str, max_bytes: int = 1_000_000) -> "Line":
        """A WebSocket on which every frame is remembered and none answered."""
        self.asked.append(url)
        page = self.pages.get(url, self.otherwise)
        if isinstance(page, Exception):
            raise page
        if not isinstance(page, Fetched) or page.status >= 300:
            raise FetchFailed("nobody listens")
        return Line(self.posted)


class Line:
    """One end of a WebSocket."""

    def __init__(self, frames: list[bytes]) -> None:
        self._frames = frames

    async def send(self, message: bytes) -> None:
        """Remembered."""
        self._frames.append(message)

    async def receive(self, seconds: float) -> bytes | None:
        """Nothing comes. Raises TimeoutError."""
        raise TimeoutError

    async def close(self) -> bool:
        """The leave is returned."""
        return True


class HereAndNow:
    """A sandbox without walls: the work is done in this process."""

    async def run(self, function: Callable[..., Any], *arguments: Any, seconds: float = 1.0) -> Any:
        """What the function answers."""
        return function(*arguments)


@dataclass(frozen=True, slots=True)
class Subject:
    """A plugin: its family, its name there, the class that takes PluginTools, and the sample of the family's suite."""

    family: str
    name: str
    factory: Callable[[PluginTools], Any]
    sample: Any

    def built(self, web: Any = None) -> Any:
        """The plugin, made as the agent makes it, with the families before it that this project brings."""
        settings: Mapping[str, str] = getattr(self.sample, "settings", {})
        tools = PluginTools(settings, web or Web(), HereAndNow(), families_before(self.family))
        return self.factory(tools)


@functools.cache
def families_before(family: str) -> Mapping[str, Mapping[str, Any]]:
    """Every plugin of ours in the families that are built before this one; key stores have settings to be given."""
    families: dict[str, Mapping[str, Any]] = {}
    for name, points in discovery.installed().items():
        if name == family:
            break
        if name == "key_stores":
            continue
        tools = PluginTools({}, Web(), HereAndNow(), dict(families))
        families[name] = {one: point.load()(tools) for one, point in points.items() if discovery.ours(point)}
    return families


def pytest_generate_tests(metafunc: Any) -> None:
    """Every test that takes a `subject` is run for each of the module's SUBJECTS."""
    if "subject" in metafunc.fixturenames and hasattr(metafunc.module, "SUBJECTS"):
        subjects = metafunc.module.SUBJECTS
        metafunc.parametrize("subject", subjects, ids=[one.name for one in subjects])


def awaited(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that waits, in a loop of its own: no plugin of pytest is needed."""

    def run(**arguments: Any) -> None:
        asyncio.run(test(**arguments))

    run.__name__, run.__doc__, run.__module__ = test.__name__, test.__doc__, test.__module__
    run.__signature__ = inspect.signature(test)  # type: ignore[attr-defined]  # pytest reads it
    return run


def finished(step: Any) -> Any:
    """What a pure step answers, its heavy part done here and now."""
    while isinstance(step, Sandboxed):
        step = step.then(step.function(*step.arguments))
    return step


@dataclass(frozen=True, slots=True)
class Mutated:
    """A value with one thing changed, and where."""

    where: str
    value: Any


def mutations(value: Any, most: int = 60) -> Iterator[Mutated]:
    """The value with one character, octet or member changed, at places spread over the whole of it."""
    places = list(leaves(value))
    each = max(1, most // max(1, len(places)))
    for path, leaf in places:
        for position, changed in _changed(leaf, each):
            yield Mutated(f"{'/'.join(map(str, path))}@{position}", _replaced(value, path, changed))


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every value that holds no others, with its path."""
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from leaves(member, (*path, name))
    elif isinstance(value, list | tuple):
        for index, member in enumerate(value):
            yield from leaves(member, (*path, index))
    else:
        yield path, value


def _changed(leaf: Any, count: int) -> Iterator[tuple[int, Any]]:
    if isinstance(leaf, str | bytes) and leaf:
        step = max(1, len(leaf) // count)
        for position in range(0, len(leaf), step):
            yield position, _flipped(leaf, position)
    elif isinstance(leaf, bool):
        yield 0, not leaf
    elif isinstance(leaf, int):
        yield 0, leaf + 1


def _flipped(leaf: Any, position: int) -> Any:
    if isinstance(leaf, bytes):
        return leaf[:position] + bytes([leaf[position] ^ 1]) + leaf[position + 1 :]
    return leaf[:position] + ("B" if leaf[position] == "A" else "A") + leaf[position + 1 :]


def _replaced(value: Any, path: tuple[Any, ...], leaf: Any) -> Any:
    if not path:
        return leaf
    if isinstance(value, Mapping):
        return {name: _replaced(one, path[1:], leaf) if name == path[0] else one for name, one in value.items()}
    return [_replaced(one, path[1:], leaf) if index == path[0] else one for index, one in enumerate(value)]


NOISE: tuple[Any, ...] = (
    None,
    True,
    7,
    "",
    "x",
    "é",
    "\x00",
    "~",
    "a.b.c",
    "e30.e30.e30",
    "A" * 10_000,
    b"",
    [],
    {},
    [[]],
    {"a": {"b": None}},
    {"@context": 7, "type": None, "proof": []},
)
"""What nobody means, for whatever takes input from a peer."""
