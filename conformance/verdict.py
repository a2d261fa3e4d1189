"""How a check speaks: it expects, it skips, or something before it did not work."""

from collections.abc import Iterable
from typing import NoReturn

from conformance.http import Answer


class Failed(Exception):
    """The target does not do what the requirement says."""

    def __init__(self, expected: str, seen: object) -> None:
        super().__init__(f"expected {expected}; saw {seen}")
        self.expected, self.seen = expected, str(seen)


class Skipped(Exception):
    """The check does not apply to this target, or the target file gives no means for it; the message says why."""


class Blocked(Exception):
    """A step that this check only stands on did not work: nothing can be said about its own requirement."""


def expect(holds: object, expected: str, seen: object) -> None:
    if not holds:
        raise Failed(expected, seen)


def skip(reason: str) -> NoReturn:
    raise Skipped(reason)


def expect_json(answer: Answer, status: int = 200) -> None:
    expect(answer.status == status, f"HTTP {status}", answer)
    expect(answer.media_type == "application/json", "Content-Type application/json", answer)
    answer.json()


def expect_members(answer: Answer, known: Iterable[str]) -> None:
    """Only the members that the specification names; anything else is noise a strict wallet may stumble over."""
    names = frozenset(known)
    unknown = sorted(answer.json().keys() - names)
    expect(not unknown, f"no members but {', '.join(sorted(names))}", f"also {', '.join(unknown)}")


def expect_no_store(answer: Answer) -> None:
    directives = {part.strip().lower() for part in answer.headers.get("Cache-Control", "").split(",")}
    expect("no-store" in directives, "Cache-Control: no-store", answer.headers.get("Cache-Control", "no Cache-Control"))


def expect_error(answer: Answer, *codes: str) -> None:
    """An error of OAuth's shape (RFC 6749, section 5.2) with one of these codes and HTTP 400."""
    wanted = " or ".join(codes)
    expect(answer.status == 400, f"HTTP 400 {wanted}", answer)
    expect(answer.media_type == "application/json", f"a JSON error, {wanted}", answer)
    expect(answer.member("error") in codes, f"error {wanted}", answer)


def expect_unauthorized(answer: Answer) -> None:
    """RFC 6750, section 3: 401 with a challenge."""
    expect(answer.status == 401, "HTTP 401", answer)
    expect(answer.headers.get("WWW-Authenticate"), "a WWW-Authenticate header", "none")


def expect_client_error(answer: Answer, *codes: str) -> None:
    """An error of a request that did not authenticate its client: 400 or 401, JSON, one of these codes."""
    wanted = " or ".join(codes)
    expect(answer.status in {400, 401}, f"HTTP 400 or 401 {wanted}", answer)
    expect(answer.media_type == "application/json", f"a JSON error, {wanted}", answer)
    expect(answer.member("error") in codes, f"error {wanted}", answer)
