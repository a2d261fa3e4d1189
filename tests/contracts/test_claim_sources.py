"""What every claim source and every payment gate has to do, one suite for all that are installed."""

from datetime import UTC, datetime
from importlib.metadata import entry_points
from typing import Any

import pytest

from protocols.ports import ClaimsFound, ClaimsLater, ClaimsRequest, Due, Fetched, PluginTools
from protocols.ports.sources import InvalidSettings, NoClaims, SourceUnavailable, SourceUntrustworthy
from protocols.ports.tools import FetchFailed

SETTINGS: dict[str, dict[str, Any]] = {
    "given": {},
    "sign_in": {"names": {"given_name": "first"}},
    "table": {"table": "people"},
    "webhook": {"url": "https://example.org/claims"},
}
SOURCES = sorted(entry_points(group="chancery.claim_sources").names)
GATES = sorted(entry_points(group="chancery.payment_gates").names)


class Silent:
    """A network on which nobody answers."""

    async def get(self, *_: Any, **__: Any) -> Fetched:
        raise FetchFailed("silence")

    post = get


def made(group: str, name: str) -> Any:
    (point,) = entry_points(group=f"chancery.{group}", name=name)
    return point.load()(PluginTools({}, Silent(), None))  # type: ignore[arg-type]


def request(**changes: Any) -> ClaimsRequest:
    async def nothing(*_: object) -> None:
        return None

    values: dict[str, Any] = {
        "id": "1",
        "at": datetime(2026, 1, 1, tzinfo=UTC),
        "issuance_id": "2",
        "credential_configuration_id": "pid",
        "type": "urn:eudi:pid:1",
        "subject": None,
        "given": {},
        "secrets": (b"secret",),
        "account": nothing,
        "record": nothing,
    }
    return ClaimsRequest(**(values | changes))


def test_every_source_is_held_to_this() -> None:
    assert set(SOURCES) >= SETTINGS.keys()


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_is_called_as_it_is_installed(name: str) -> None:
    assert made("claim_sources", name).kind == name


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_that_it_works_by_are_taken_and_others_refused(name: str) -> None:
    source = made("claim_sources", name)
    source.require_settings(SETTINGS[name])
    with pytest.raises(InvalidSettings):
        source.require_settings({**SETTINGS[name], "surprise": "king"})


@pytest.mark.parametrize("name", SETTINGS)
async def test_a_source_without_anything_to_say_makes_nothing_up(name: str) -> None:
    try:
        answer = await made("claim_sources", name).claims(SETTINGS[name], request())
    except (NoClaims, SourceUnavailable, SourceUntrustworthy):
        return
    assert isinstance(answer, ClaimsLater)
    assert answer.interval > 0


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("given", {"given": {"given_name": "Erika"}}),
        ("sign_in", {"account": {"first": "Erika", "more": 1}}),
        ("table", {"record": {"given_name": "Erika"}}),
    ],
)
async def test_a_source_says_what_it_knows(name: str, changes: dict[str, Any]) -> None:
    async def told(*_: object) -> Any:
        return next(iter(changes.values()))

    values = {key: value if key == "given" else told for key, value in changes.items()}
    answer = await made("claim_sources", name).claims(SETTINGS[name], request(**values))
    assert answer == ClaimsFound({"given_name": "Erika"})


@pytest.mark.parametrize("name", GATES)
async def test_a_gate_is_shut_until_it_is_paid(name: str) -> None:
    gate = made("payment_gates", name)
    assert gate.kind == name
    gate.require_settings({})
    with pytest.raises(InvalidSettings):
        gate.require_settings({"surprise": "king"})
    assert await gate.paid({}, Due("1", "12.5", "EUR", recorded=False)) is False
    assert await gate.paid({}, Due("1", "12.5", "EUR", recorded=True)) is True
