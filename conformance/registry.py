"""Where check functions are kept: one function per requirement id."""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable

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
