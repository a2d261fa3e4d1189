"""Where check functions are kept: one function per requirement id."""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from conformance.session import Session

Check = Callable[[Session], Awaitable[None]]
CHECKS: dict[str, Check] = {}


def check(identifier: str) -> Callable[[Check], Check]:
    """Register a check; it returns when the requirement holds and raises (see `verdict`) when it does not."""

    def register(function: Check) -> Check:
        if identifier in CHECKS:
            raise ValueError(f"two checks are called {identifier}")
        CHECKS[identifier] = function
        return function

    return register


def load_checks() -> None:
    """Import every area under `conformance.checks`, so that each registers its functions."""
    package = importlib.import_module("conformance.checks")
    for module in pkgutil.iter_modules(package.__path__, "conformance.checks."):
        importlib.import_module(module.name)


Row = tuple[Any, ...]


def check_each(prefix: str, rows: Mapping[str, Row]) -> Callable[[Callable[..., Awaitable[None]]], Any]:
    """Register one check for each row of a table: `prefix-name`, its sentence first, the rest given to the probe."""

    def register(probe: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        for name, (sentence, *given) in rows.items():
            check(f"{prefix}-{name}")(_row(probe, sentence, given))
        return probe

    return register


def _row(probe: Callable[..., Awaitable[None]], sentence: str, given: Sequence[Any]) -> Check:
    async def run(session: Session) -> None:
        await probe(session, *given)

    run.__doc__ = sentence
    return run
